#include "client/caller_loop.hpp"
#include "client/resuming_stream.hpp"
#include "fake_agent.hpp"

#include <a2akit/client/client.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace a2akit::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr const char* kTaskEvent =
    R"({"task":{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_SUBMITTED"}}})";
constexpr const char* kChunkEvent =
    R"({"artifactUpdate":{"taskId":"t1","contextId":"c1","artifact":{"artifactId":"a","parts":[{"text":"Hi "}]}}})";
constexpr const char* kDoneEvent =
    R"({"statusUpdate":{"taskId":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}}})";

std::string sse(int id, const std::string& data) {
    return "id: " + std::to_string(id) + "\ndata: " + data + "\n\n";
}

/// Bytes in the pieces that a test chose.
class PieceStream final : public HttpStream {
public:
    explicit PieceStream(std::deque<Result<std::optional<std::string>>> pieces,
                         std::string type = "text/event-stream", int status = 200)
        : pieces_(std::move(pieces)), head_{status, {{"content-type", std::move(type)}}} {}
    Async<HttpResult<HttpHead>> head() override { return HttpResult<HttpHead>(head_); }
    AsyncResult<std::optional<std::string>> read() override {
        if (pieces_.empty()) return Result<std::optional<std::string>>(std::nullopt);
        auto piece = std::move(pieces_.front());
        pieces_.pop_front();
        return piece;
    }

private:
    std::deque<Result<std::optional<std::string>>> pieces_;
    HttpHead head_;
};

/// Answers each request with the next stream, and remembers what it was asked.
class StreamsInTurn final : public HttpClient {
public:
    Async<HttpResult<HttpAnswer>> perform(HttpRequest request) override {
        asked.push_back(std::move(request));
        HttpResult<HttpAnswer> answer(HttpAnswer{{task_status, {}}, task});
        return answer;
    }
    std::unique_ptr<HttpStream> open(HttpRequest request) override {
        asked.push_back(std::move(request));
        auto next = std::move(streams.front());
        streams.pop_front();
        return next;
    }
    std::deque<std::unique_ptr<HttpStream>> streams;
    std::string task;
    int task_status = 200;
    std::vector<HttpRequest> asked;
};

ClientOptions quick() {
    ClientOptions options;
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(1);
    return options;
}

ClientOptions without_resuming() {
    ClientOptions options;
    options.resume_streams = false;
    return options;
}

ClientStream open(const std::shared_ptr<StreamsInTurn>& http, ClientOptions options) {
    AgentCard card;
    card.supported_interfaces = {{"http://agent", "HTTP+JSON", "", "1.0"}};
    AsyncClient client(
        std::make_shared<Session>(std::move(card), std::move(options), http, std::string()));
    return Client(std::move(client)).stream("hi");
}

ClientStream open(std::unique_ptr<HttpStream> stream, ClientOptions options = without_resuming()) {
    auto http = std::make_shared<StreamsInTurn>();
    http->streams.push_back(std::move(stream));
    return open(http, std::move(options));
}

using Pieces = std::deque<Result<std::optional<std::string>>>;

/// These bytes, and then the end of the connection.
std::unique_ptr<HttpStream> stream_of(std::string bytes) {
    return std::make_unique<PieceStream>(Pieces{std::optional(std::move(bytes))});
}

TEST(ClientStreamTest, PutsEventsTogetherFromAnyPieces) {
    const std::string bytes =
        sse(1, kTaskEvent) + ": heartbeat\n\n" + sse(2, kChunkEvent) + sse(3, kDoneEvent);
    Pieces pieces;
    for (const char c : bytes) pieces.emplace_back(std::optional(std::string(1, c)));
    ClientStream stream = open(std::make_unique<PieceStream>(std::move(pieces)));
    std::vector<std::string> ids;
    std::string text;
    bool final = false;
    for (const StreamEvent& event : stream) {
        ids.push_back(event.id);
        text += event.text();
        final = event.is_final();
    }
    EXPECT_THAT(ids, ElementsAre("1", "2", "3"));
    EXPECT_EQ(text, "Hi ");
    EXPECT_TRUE(final);
    EXPECT_EQ(stream.last_event_id(), "3");
}

TEST(ClientStreamTest, BeginsTheAnswerWithWhatTheTaskHadAlready) {
    Pieces pieces;
    pieces.emplace_back(std::optional(
        sse(3, R"({"task":{"id":"t1","status":{"state":"TASK_STATE_WORKING"},)"
               R"("artifacts":[{"artifactId":"a","parts":[{"text":"Oh "},{"text":"so "}]}]}})") +
        sse(4, kChunkEvent) + sse(5, kDoneEvent)));
    ClientStream stream = open(std::make_unique<PieceStream>(std::move(pieces)));
    std::string text;
    for (const StreamEvent& event : stream) text += event.text();
    EXPECT_EQ(text, "Oh so Hi ");
}

TEST(ClientStreamTest, HandsOutWhatArrivedBeforeTheConnectionBroke) {
    Pieces pieces;
    pieces.emplace_back(std::optional(sse(1, kTaskEvent)));
    pieces.emplace_back(Error{ErrorCode::kUnavailable, "reset", nullptr});
    ClientStream stream = open(std::make_unique<PieceStream>(std::move(pieces)));
    EXPECT_EQ(stream.next()->task()->id, "t1");
    EXPECT_THROW((void)stream.next(), Exception);
    EXPECT_EQ(stream.last_event_id(), "1");
}

TEST(ClientStreamTest, ThrowsTheAgentsErrorInAnEvent) {
    Pieces pieces;
    pieces.emplace_back(
        std::optional(sse(1, R"({"error":{"code":404,"message":"erased","details":[)"
                             R"({"reason":"TASK_NOT_FOUND"}]}})")));
    ClientStream stream = open(std::make_unique<PieceStream>(std::move(pieces)));
    try {
        (void)stream.next();
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kTaskNotFound);
    }
}

TEST(ClientStreamTest, ThrowsAnEventThatMeansNothing) {
    Pieces pieces;
    pieces.emplace_back(std::optional(std::string("data: {}\n\n")));
    ClientStream stream = open(std::make_unique<PieceStream>(std::move(pieces)));
    EXPECT_THROW((void)stream.next(), Exception);
}

TEST(ClientStreamTest, ThrowsTheErrorThatCameInsteadOfAStream) {
    Pieces pieces;
    pieces.emplace_back(
        std::optional(std::string(R"({"error":{"code":400,"message":"no stream","details":[)")));
    pieces.emplace_back(std::optional(std::string(R"({"reason":"UNSUPPORTED_OPERATION"}]}})")));
    try {
        (void)open(std::make_unique<PieceStream>(std::move(pieces), "application/json", 400));
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnsupportedOperation);
        EXPECT_STREQ(exception.what(), "no stream");
    }
}

TEST(ClientStreamTest, StreamsOverASocket) {
    FakeAgent agent([&agent](const std::string& request) {
        if (request.starts_with("GET /.well-known/")) {
            return http_answer("200 OK", "application/json", agent.card("HTTP+JSON"));
        }
        return event_stream(sse(1, kTaskEvent) + sse(2, kChunkEvent) + sse(3, kDoneEvent));
    });
    Client client = Client::connect(agent.url());
    std::string text;
    int events = 0;
    client.stream("hi", [&](const StreamEvent& event) {
        ++events;
        text += event.text();
    });
    EXPECT_EQ(events, 3);
    EXPECT_EQ(text, "Hi ");
    EXPECT_THAT(agent.request(1), HasSubstr("POST /message:stream HTTP/1.1\r\n"));
    EXPECT_THAT(agent.request(1), HasSubstr("Accept: text/event-stream\r\n"));
    EXPECT_THAT(agent.request(1), HasSubstr("Idempotency-Key: "));
}

TEST(ClientStreamTest, ResumesASubscriptionAfterAnEvent) {
    FakeAgent agent([&agent](const std::string& request) {
        if (request.starts_with("GET /.well-known/")) {
            return http_answer("200 OK", "application/json", agent.card("JSONRPC"));
        }
        return event_stream("id: 3\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" +
                            std::string(kDoneEvent) + "}\n\n");
    });
    Client client = Client::connect(agent.url());
    ClientStream stream = client.subscribe("t1", "2");
    EXPECT_TRUE(stream.next()->is_final());
    EXPECT_FALSE(stream.next());
    EXPECT_THAT(agent.request(1), HasSubstr("Last-Event-ID: 2\r\n"));
    EXPECT_THAT(agent.request(1), HasSubstr(R"("method":"SubscribeToTask")"));
}

TEST(ClientStreamTest, AConnectionThatBreaksInAChunkIsUnavailable) {
    FakeAgent agent([&agent](const std::string& request) {
        if (request.starts_with("GET /.well-known/")) {
            return http_answer("200 OK", "application/json", agent.card("HTTP+JSON"));
        }
        const std::string event = sse(1, kTaskEvent);
        return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "
               "100000\r\n\r\n" +
               event;
    });
    Client client = Client::connect(agent.url(), without_resuming());
    ClientStream stream = client.stream("hi");
    EXPECT_EQ(stream.next()->task()->id, "t1");
    try {
        (void)stream.next();
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnavailable);
    }
}

TEST(ClientStreamTest, IsResumedAfterTheLastEventAndDeliversEachOnce) {
    auto http = std::make_shared<StreamsInTurn>();
    http->streams.push_back(stream_of(sse(1, kTaskEvent) + sse(2, kChunkEvent) + "id: 3\nda"));
    http->streams.push_back(stream_of(sse(2, kChunkEvent) + sse(3, kChunkEvent)));
    http->streams.push_back(stream_of(sse(4, kDoneEvent)));
    ClientStream stream = open(http, quick());
    std::vector<std::string> ids;
    for (const StreamEvent& event : stream) {
        ids.push_back(event.id);
        EXPECT_FALSE(event.after_gap);
    }
    EXPECT_THAT(ids, ElementsAre("1", "2", "3", "4"));
    EXPECT_EQ(stream.resumptions(), 2);
    ASSERT_EQ(http->asked.size(), 3U);
    EXPECT_EQ(http->asked[1].url, "http://agent/tasks/t1:subscribe");
    EXPECT_THAT(http->asked[1].headers, Contains(Pair("Last-Event-ID", "2")));
    EXPECT_THAT(http->asked[2].headers, Contains(Pair("Last-Event-ID", "3")));
}

TEST(ClientStreamTest, IsResumedFromTheTaskAsItStandsWhenEventsHaveNoIds) {
    auto http = std::make_shared<StreamsInTurn>();
    http->streams.push_back(stream_of("data: " + std::string(kTaskEvent) + "\n\n"));
    http->streams.push_back(stream_of("data: " + std::string(kTaskEvent) +
                                      "\n\ndata: " + std::string(kDoneEvent) + "\n\n"));
    ClientStream stream = open(http, quick());
    EXPECT_FALSE(stream.next()->after_gap);
    EXPECT_TRUE(stream.next()->after_gap);
    EXPECT_FALSE(stream.next()->after_gap);
    EXPECT_FALSE(stream.next());
}

TEST(ClientStreamTest, ReadsTheTaskWhenItEndedWhileTheStreamWasCut) {
    auto http = std::make_shared<StreamsInTurn>();
    http->task = R"({"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}})";
    http->streams.push_back(stream_of(sse(1, kTaskEvent)));
    http->streams.push_back(std::make_unique<PieceStream>(
        Pieces{std::optional<std::string>(R"({"error":{"code":400,"message":"ended","details":[)"
                                          R"({"reason":"UNSUPPORTED_OPERATION"}]}})")},
        "application/json", 400));
    ClientStream stream = open(http, quick());
    (void)stream.next();
    const auto last = stream.next();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->state(), TaskState::kCompleted);
    EXPECT_TRUE(last->after_gap);
    EXPECT_FALSE(stream.next());
    EXPECT_EQ(http->asked.back().url, "http://agent/tasks/t1");
}

TEST(ClientStreamTest, ReadsTheTaskWhenTheRefusalIsTheFirstEvent) {
    auto http = std::make_shared<StreamsInTurn>();
    http->task = R"({"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_FAILED"}})";
    http->streams.push_back(stream_of(sse(1, kTaskEvent)));
    http->streams.push_back(stream_of(R"(data: {"error":{"code":400,"message":"ended","details":[)"
                                      R"({"reason":"UNSUPPORTED_OPERATION"}]}})"
                                      "\n\n"));
    ClientStream stream = open(http, quick());
    (void)stream.next();
    const auto last = stream.next();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->state(), TaskState::kFailed);
    EXPECT_FALSE(stream.next());
}

TEST(ClientStreamTest, ReadsTheTaskWhenTheSubscriptionBreaksWithoutAnEvent) {
    auto http = std::make_shared<StreamsInTurn>();
    http->task = R"({"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}})";
    http->streams.push_back(stream_of(sse(1, kTaskEvent)));
    http->streams.push_back(stream_of(""));
    ClientStream stream = open(http, quick());
    (void)stream.next();
    const auto last = stream.next();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->state(), TaskState::kCompleted);
    EXPECT_TRUE(last->after_gap);
    EXPECT_FALSE(stream.next());
}

TEST(ClientStreamTest, SaysThatATaskIsGoneWhenItsSubscriptionBreaksWithoutAnEvent) {
    auto http = std::make_shared<StreamsInTurn>();
    http->task = R"({"error":{"code":404,"message":"gone"}})";
    http->task_status = 404;
    http->streams.push_back(stream_of(sse(1, kTaskEvent)));
    http->streams.push_back(stream_of(""));
    ClientStream stream = open(http, quick());
    (void)stream.next();
    try {
        (void)stream.next();
        FAIL() << "the task is gone";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kTaskNotFound);
    }
}

TEST(ClientStreamTest, IsCutForGoodWhenItCanNotBeResumed) {
    auto http = std::make_shared<StreamsInTurn>();
    http->streams.push_back(stream_of(sse(1, kTaskEvent)));
    for (int i = 0; i < 3; ++i) http->streams.push_back(stream_of(""));
    ClientStream stream = open(http, quick());
    (void)stream.next();
    for (int i = 0; i < 2; ++i) {
        try {
            (void)stream.next();
            FAIL() << "a cut is not an end";
        } catch (const Exception& exception) {
            EXPECT_EQ(exception.code(), ErrorCode::kUnavailable);
            EXPECT_THAT(exception.what(), HasSubstr("in task t1 after event 1"));
        }
    }
    EXPECT_TRUE(http->streams.empty());
}

TEST(ClientStreamTest, SendsNothingTwiceWhenItIsCutBeforeItsFirstEvent) {
    auto http = std::make_shared<StreamsInTurn>();
    http->streams.push_back(stream_of(""));
    ClientStream stream = open(http, quick());
    EXPECT_THROW((void)stream.next(), Exception);
    EXPECT_EQ(http->asked.size(), 1U);
}

TEST(ClientStreamTest, SendsTheSameMessageAgainWhenItMay) {
    auto http = std::make_shared<StreamsInTurn>();
    http->streams.push_back(stream_of(""));
    http->streams.push_back(stream_of(sse(1, kDoneEvent)));
    ClientOptions options = quick();
    options.retry.repeat_lost_sends = true;
    ClientStream stream = open(http, options);
    EXPECT_TRUE(stream.next()->is_final());
    ASSERT_EQ(http->asked.size(), 2U);
    EXPECT_EQ(http->asked[0].body, http->asked[1].body);
    EXPECT_EQ(http->asked[0].headers, http->asked[1].headers);
}

TEST(ClientStreamTest, GivesTheSameEventsWhereverTheBytesAreSplit) {
    const std::string bytes = "\xEF\xBB\xBF: hello\r\n" + sse(1, kTaskEvent) +
                              "event: x\rid: 2\rdata: " + kChunkEvent + "\r\r" +
                              "retry: 5\nid:3\r\ndata:" + kDoneEvent + "\r\n\r\n";
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
        SCOPED_TRACE(at);
        ClientStream stream = open(std::make_unique<PieceStream>(
            Pieces{std::optional(bytes.substr(0, at)), std::optional(bytes.substr(at))}));
        std::vector<std::string> ids;
        for (const StreamEvent& event : stream) ids.push_back(event.id);
        ASSERT_THAT(ids, ElementsAre("1", "2", "3"));
    }
}

}  // namespace
}  // namespace a2akit::client
