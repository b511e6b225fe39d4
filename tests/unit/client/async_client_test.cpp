#include "support/temporary_directory.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/core/when.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::client {
namespace {

using test_support::TemporaryDirectory;
using test_support::ThreadLoop;
using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

constexpr const char* kTask =
    R"({"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}})";

template <class T>
Async<void> keep(Async<T> coroutine, std::optional<T>& result) {
    result.emplace(co_await std::move(coroutine));
}

/// Runs the coroutine that `make` returns on the loop, and returns what it returned.
template <class Make>
auto await(ThreadLoop& loop, Make make) {
    using Value = decltype(make().await_resume());
    std::optional<Value> result;
    loop.start([&] { return keep<Value>(make(), result); }).join();
    return std::move(*result);
}

Async<std::vector<std::string>> get_all(AsyncClient client, int calls) {
    std::vector<AsyncResult<Task>> started;
    for (int i = 0; i < calls; ++i) started.push_back(client.get_task(std::to_string(i)));
    std::vector<std::string> ids;
    for (Result<Task>& task : co_await when_all(std::move(started)))
        ids.push_back(std::move(task).value_or_throw().id);
    co_return ids;
}

/// Whether the time was up before the answer was there.
Async<bool> gives_up(AsyncClient client) {
    const auto first = co_await when_any(client.send("hi"), a2akit::sleep(Duration(20)));
    co_return first.index() == 1;
}

std::string id_of(const ScriptedRequest& request) {
    const std::string line = request.line();
    return line.substr(line.rfind('/') + 1);
}

TEST(AsyncClientTest, ManyCallsAreMadeAtATimeOnOneLoop) {
    constexpr int kCalls = 32;
    ScriptedServer server([](const ScriptedRequest& request, ScriptedConnection& connection) {
        connection.respond("200 OK", "application/json", R"({"id":")" + id_of(request) + "\"}");
    });
    ThreadLoop loop;
    AsyncClient client(parse_card(server.card("HTTP+JSON")));
    const auto ids = await(loop, [&] { return get_all(client, kCalls); });
    ASSERT_EQ(ids.size(), static_cast<std::size_t>(kCalls));
    for (int i = 0; i < kCalls; ++i) EXPECT_EQ(ids[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(AsyncClientTest, ACallThatIsNotWantedAnyMoreEnds) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.wait_for_close();
    });
    ThreadLoop loop;
    AsyncClient client(parse_card(server.card("HTTP+JSON")));
    const bool slept = await(loop, [&] { return gives_up(client); });
    EXPECT_TRUE(slept) << "and the send was ended, or when_any would still wait for it";
}

TEST(AsyncClientTest, ReadsAStream) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        for (const char* piece : {"one ", "two"}) {
            connection.send_event("", R"({"artifactUpdate":{"taskId":"t1","artifact":{)"
                                      R"("artifactId":"a","parts":[{"text":")" +
                                          std::string(piece) + R"("}]}}})");
        }
        connection.send_event("", R"({"statusUpdate":{"taskId":"t1","status":{)"
                                  R"("state":"TASK_STATE_COMPLETED"}}})");
    });
    ThreadLoop loop;
    AsyncClient client(parse_card(server.card("HTTP+JSON")));
    auto text = await(loop, [&] { return client.stream_text("hi"); });
    EXPECT_EQ(std::move(text).value_or_throw(), "one two");
    EXPECT_EQ(Client(client).stream_text("hi"), "one two") << "the blocking flavour of the same";
}

/// Serves a card with this Cache-Control and an ETag.
class CachedCardTest : public ::testing::Test {
protected:
    void fetch(const std::shared_ptr<CardCache>& cache, const std::string& token = {}) {
        ClientOptions options;
        options.card_cache = cache;
        options.bearer_token = token;
        EXPECT_EQ(fetch_card(server_.url(), options).card.name, "Scripted");
    }

    std::string control_ = "max-age=3600";
    std::atomic<int> sent_ = 0;
    std::atomic<int> confirmed_ = 0;
    ScriptedServer server_{[this](const ScriptedRequest& request, ScriptedConnection& connection) {
        const bool known = request.header("If-None-Match") == "\"v1\"";
        ++(known ? confirmed_ : sent_);
        const std::string body = known ? "" : server_.card();
        connection.send(std::string("HTTP/1.1 ") + (known ? "304 Not Modified" : "200 OK") +
                        "\r\nETag: \"v1\"\r\nCache-Control: " + control_ +
                        "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body);
    }};
};

TEST_F(CachedCardTest, AFreshCardIsNotFetchedAgain) {
    const auto cache = std::make_shared<CardCache>();
    for (int i = 0; i < 3; ++i) fetch(cache);
    EXPECT_EQ(server_.requests(), 1U);
}

TEST_F(CachedCardTest, AStaleCardIsAskedForByItsETag) {
    control_ = "no-cache";
    const auto cache = std::make_shared<CardCache>();
    for (int i = 0; i < 3; ++i) fetch(cache);
    EXPECT_EQ(sent_, 1);
    EXPECT_EQ(confirmed_, 2);
}

TEST_F(CachedCardTest, CardsForDifferentTokensAreKeptApart) {
    const auto cache = std::make_shared<CardCache>();
    fetch(cache, "alice");
    fetch(cache, "bob");
    fetch(cache, "alice");
    EXPECT_EQ(sent_, 2);
}

TEST_F(CachedCardTest, WithoutACacheTheCardIsFetchedEachTime) {
    fetch(nullptr);
    fetch(nullptr);
    EXPECT_EQ(sent_, 2);
}

TEST(SendPartsTest, FilesAreSentWithNameAndType) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("report.csv");
    std::ofstream(path) << "a,b\n";
    std::string body;
    ScriptedServer server([&](const ScriptedRequest& request, ScriptedConnection& connection) {
        body = request.body;
        connection.respond("200 OK", "application/json", R"({"task":)" + std::string(kTask) + "}");
    });
    Client client(parse_card(server.card("HTTP+JSON")));
    (void)client.send_parts({Part::from_text("Read this"), file_part(path)});
    EXPECT_THAT(body, HasSubstr(R"("raw":"YSxiCg==")"));
    EXPECT_THAT(body, HasSubstr(R"("filename":"report.csv")"));
    EXPECT_THAT(body, HasSubstr(R"("mediaType":"text/csv")"));
}

TEST(SendPartsTest, SaysWhyAFileIsNotSent) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("large.bin");
    std::ofstream(path) << "12345";
    const auto reason = [](const std::string& file, std::size_t max_bytes) {
        try {
            (void)file_part(file, {}, max_bytes);
        } catch (const Exception& exception) {
            return std::string(exception.what());
        }
        return std::string();
    };
    EXPECT_THAT(reason(path, 4), HasSubstr("larger than 4 bytes"));
    EXPECT_EQ(reason(path, 5), "");
    EXPECT_THAT(reason(directory.file("none"), 5), HasSubstr("is not a file that can be read"));
    EXPECT_THAT(reason(directory.path(), 5), HasSubstr("is not a file that can be read"));
}

TEST(PushConfigTest, AreSetReadListedAndDeleted) {
    constexpr const char* kConfig =
        R"({"id":"p1","taskId":"t1","url":"https://hook.example/","token":"x"})";
    std::vector<std::string> lines;
    ScriptedServer server([&](const ScriptedRequest& request, ScriptedConnection& connection) {
        const std::string line = request.line();
        lines.push_back(line);
        if (line.ends_with("/pushNotificationConfigs") && line.starts_with("GET")) {
            connection.respond(
                "200 OK", "application/json",
                R"({"configs":[)" + std::string(kConfig) + R"(],"nextPageToken":"2"})");
        } else if (line.ends_with("?pageToken=2")) {
            connection.respond("200 OK", "application/json",
                               R"({"configs":[)" + std::string(kConfig) + "]}");
        } else {
            connection.respond("200 OK", "application/json",
                               line.starts_with("DELETE") ? "" : kConfig);
        }
    });
    Client client(parse_card(server.card("HTTP+JSON")));
    EXPECT_EQ(client.set_push_config({.task_id = "t1", .url = "https://hook.example/"}).id, "p1");
    EXPECT_EQ(client.get_push_config("t1", "p1").token, "x");
    EXPECT_EQ(client.list_push_configs("t1").size(), 2U);
    client.delete_push_config("t1", "p1");
    EXPECT_THAT(lines, ::testing::ElementsAre("POST /tasks/t1/pushNotificationConfigs",
                                              "GET /tasks/t1/pushNotificationConfigs/p1",
                                              "GET /tasks/t1/pushNotificationConfigs",
                                              "GET /tasks/t1/pushNotificationConfigs?pageToken=2",
                                              "DELETE /tasks/t1/pushNotificationConfigs/p1"));
}

}  // namespace
}  // namespace a2akit::client
