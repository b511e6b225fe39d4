// Servers that no client deserves: each ends in one clear error, never in a hang or a crash.

#include <a2akit/client/client.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>

namespace a2akit::client {
namespace {

using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

constexpr const char* kWorking =
    R"({"task":{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_WORKING"}}})";
constexpr const char* kDone =
    R"({"statusUpdate":{"taskId":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}}})";

Error error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.error();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

/// Small limits of size, and repeats without much of a delay.
ClientOptions strict() {
    ClientOptions options;
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(1);
    options.retry.attempts = 2;
    options.max_card_bytes = 4096;
    options.max_event_bytes = 4096;
    return options;
}

/// For agents that say nothing at all.
ClientOptions impatient() {
    ClientOptions options = strict();
    options.call_timeout = Duration(100);
    options.stream_idle_timeout = Duration(100);
    return options;
}

/// What `connect` says about a card.
Error error_of_card(const std::string& body) {
    ScriptedServer server([&](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.respond("200 OK", "application/json", body);
    });
    return error_of([&] { (void)Client::connect(server.url(), strict()); });
}

/// What a stream says, after it was read to its end.
Error error_of_stream(const ScriptedServer::Script& script,
                      const ClientOptions& options = strict()) {
    ScriptedServer server(script);
    return error_of([&] {
        Client client(parse_card(server.card("HTTP+JSON")), options);
        ClientStream stream = client.stream("hi");
        while (stream.next()) {
        }
    });
}

TEST(HostileCardTest, IsNotJson) {
    const Error error = error_of_card("<html>Welcome</html>");
    EXPECT_EQ(error.code, ErrorCode::kInvalidAgentResponse);
    EXPECT_THAT(error.message, HasSubstr("is not an agent card"));
    EXPECT_EQ(error_of_card("").code, ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(error_of_card("[]").code, ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(error_of_card("{}").code, ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(error_of_card("{\"name\":\"\xFF\"}").code, ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(error_of_card(std::string(4000, '[')).code, ErrorCode::kInvalidAgentResponse);
}

TEST(HostileCardTest, IsLongerThanItMayBe) {
    const Error error = error_of_card(R"({"name":")" + std::string(5000, 'x') + R"("})");
    EXPECT_EQ(error.code, ErrorCode::kInvalidAgentResponse);
    EXPECT_THAT(error.message, HasSubstr("longer than 4096 bytes"));
}

TEST(HostileCardTest, ListsOnlyWhatIsUnknown) {
    const Error error = error_of_card(
        R"({"name":"Odd","supportedInterfaces":[{"url":"x:1","protocolBinding":"SMOKE",)"
        R"("protocolVersion":"7.0"}]})");
    EXPECT_EQ(error.code, ErrorCode::kVersionNotSupported);
    EXPECT_THAT(error.message, HasSubstr("SMOKE 7.0"));
}

TEST(HostileAgentTest, NeverAnswers) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.wait_for_close();
    });
    Client client(parse_card(server.card()), impatient());
    EXPECT_EQ(error_of([&] { (void)client.get_task("t1"); }).code, ErrorCode::kUnavailable);
    EXPECT_EQ(error_of([&] { (void)client.stream("hi"); }).code, ErrorCode::kUnavailable);
}

TEST(HostileAgentTest, DoesNotSpeakHttp) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send("SSH-2.0-OpenSSH_9.2\r\n");
    });
    Client client(parse_card(server.card()), strict());
    EXPECT_EQ(error_of([&] { (void)client.send("hi"); }).code, ErrorCode::kUnavailable);
}

TEST(HostileAgentTest, SendsHeadersWithoutEnd) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\n");
        while (connection.send("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
        }
    });
    Client client(parse_card(server.card()));
    const Error error = error_of([&] { (void)client.get_task("t1"); });
    EXPECT_EQ(error.code, ErrorCode::kInvalidAgentResponse);
    EXPECT_THAT(error.message, HasSubstr("headers are longer than"));
}

TEST(HostileAgentTest, CompressesWithoutBeingAsked) {
    ScriptedServer server([](const ScriptedRequest& request, ScriptedConnection& connection) {
        EXPECT_EQ(request.header("Accept-Encoding"), "");
        connection.send(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\n\x1F\x8B\x08\x04");
    });
    Client client(parse_card(server.card()));
    EXPECT_EQ(error_of([&] { (void)client.get_task("t1"); }).code,
              ErrorCode::kInvalidAgentResponse);
}

TEST(HostileStreamTest, FallsSilent) {
    const Error error = error_of_stream(
        [](const ScriptedRequest& request, ScriptedConnection& connection) {
            if (request.number == 0) {
                connection.begin_stream();
                connection.send_event("1", kWorking);
            }
            connection.wait_for_close();
        },
        impatient());
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr("for 100 ms"));
}

TEST(HostileStreamTest, HeartbeatsAreNotSilence) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        for (int i = 0; i < 100; ++i) connection.send(": heartbeat\n");
        connection.send_event("1", kDone);
    });
    Client client(parse_card(server.card("HTTP+JSON")));
    ClientStream stream = client.stream("hi");
    EXPECT_TRUE(stream.next()->is_final());
    EXPECT_FALSE(stream.next());
}

TEST(HostileStreamTest, ArrivesByteByByte) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        const std::string bytes = "id: 1\r\ndata: " + std::string(kWorking) +
                                  "\r\n\r\nid: 2\r\ndata: " + kDone + "\r\n\r\n";
        for (const char byte : bytes) connection.send({&byte, 1});
    });
    Client client(parse_card(server.card("HTTP+JSON")));
    ClientStream stream = client.stream("hi");
    EXPECT_EQ(stream.next()->id, "1");
    EXPECT_EQ(stream.next()->id, "2");
    EXPECT_FALSE(stream.next());
    EXPECT_EQ(stream.resumptions(), 0);
}

TEST(HostileStreamTest, SendsFasterThanItIsRead) {
    constexpr int kEvents = 4096;
    std::atomic<std::size_t> sent = 0;
    const std::string piece(4096, 'x');
    ScriptedServer server([&](const ScriptedRequest& request, ScriptedConnection& connection) {
        if (request.line().starts_with("GET")) {
            connection.respond("200 OK", "application/json", R"({"id":"t1"})");
            return;
        }
        const std::string event =
            R"({"artifactUpdate":{"taskId":"t1","artifact":{"artifactId":"a","parts":[{"text":")" +
            piece + R"("}]}}})";
        connection.begin_stream();
        for (int i = 1; i < kEvents && connection.send_event(std::to_string(i), event); ++i)
            sent += event.size();
        connection.send_event(std::to_string(kEvents), kDone);
    });
    Client client(parse_card(server.card("HTTP+JSON")));
    ClientStream stream = client.stream("hi");
    ASSERT_TRUE(stream.next());
    for (int i = 0; i < 50; ++i) (void)client.get_task("t1");  // time for the server to go on
    EXPECT_LT(sent, 12U << 20U) << "the client takes no more than it can hold";
    int events = 1;
    while (stream.next()) ++events;
    EXPECT_EQ(events, kEvents);
    EXPECT_EQ(stream.resumptions(), 0);
}

TEST(HostileStreamTest, SendsALineWithoutEnd) {
    const Error error = error_of_stream([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        connection.send("data: ");
        while (connection.send(std::string(1000, 'x'))) {
        }
    });
    EXPECT_EQ(error.code, ErrorCode::kInvalidAgentResponse);
    EXPECT_THAT(error.message, HasSubstr("larger than 4096 bytes"));
}

TEST(HostileStreamTest, SendsWhatIsNotAnEvent) {
    for (const std::string data : {"<html>", "{}", "[1]", "{\"task\":7}", "\"\xC3\x28\"", "nul"}) {
        SCOPED_TRACE(data);
        const Error error =
            error_of_stream([&](const ScriptedRequest&, ScriptedConnection& connection) {
                connection.begin_stream();
                connection.send_event("1", data);
            });
        EXPECT_EQ(error.code, ErrorCode::kInvalidAgentResponse);
    }
}

TEST(HostileStreamTest, AnswersWithAnotherType) {
    const std::string task = kWorking;
    const Error error =
        error_of_stream([&](const ScriptedRequest&, ScriptedConnection& connection) {
            connection.respond("200 OK", "application/json", task);
        });
    EXPECT_EQ(error.code, ErrorCode::kInvalidAgentResponse);
    EXPECT_THAT(error.message, HasSubstr("'application/json' instead of text/event-stream"));
}

TEST(HostileStreamTest, APlainErrorIsAnErrorAndNotAnEmptyStream) {
    const Error error = error_of_stream([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.respond("200 OK", "application/json",
                           R"({"error":{"code":400,"message":"not today","details":[)"
                           R"({"reason":"UNSUPPORTED_OPERATION"}]}})");
    });
    EXPECT_EQ(error.code, ErrorCode::kUnsupportedOperation);
    EXPECT_EQ(error.message, "not today");
}

TEST(HostileStreamTest, KnowsMoreThanTheClient) {
    ScriptedServer server([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        connection.send_event("1", R"({"statusUpdate":{"taskId":"t1","mood":[{"a":1}],"status":{)"
                                   R"("state":"TASK_STATE_PONDERING"}},"extra":null})");
        connection.send_event("2", kDone);
    });
    Client client(parse_card(server.card("HTTP+JSON")));
    ClientStream stream = client.stream("hi");
    EXPECT_EQ(stream.next()->state(), TaskState::kUnspecified);
    EXPECT_TRUE(stream.next()->is_final());
}

TEST(HostileStreamTest, IsResetAndResumed) {
    ScriptedServer server([](const ScriptedRequest& request, ScriptedConnection& connection) {
        connection.begin_stream();
        if (request.number == 0) {
            connection.send_event("1", kWorking);
            return connection.reset();
        }
        connection.send_event("2", kDone);
    });
    ClientOptions options;
    options.retry.first_delay = Duration(1);
    options.retry.repeat_lost_sends = true;  // the reset may overtake the event
    Client client(parse_card(server.card("HTTP+JSON")), options);
    ClientStream stream = client.stream("hi");
    std::optional<StreamEvent> last;
    while (auto event = stream.next()) last = std::move(event);
    EXPECT_EQ(last->id, "2");
}

TEST(HostileStreamTest, AnAgentThatRepeatsItselfForEverIsLeft) {
    const Error error = error_of_stream([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        connection.send_event("1", kWorking);
    });
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace a2akit::client
