#include "client/stream_source.hpp"
#include "fake_agent.hpp"

#include <a2akit/client/client.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace a2akit::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
    PieceStream(std::deque<Result<std::optional<std::string>>> pieces,
                std::string type = "text/event-stream", int status = 200)
        : pieces_(std::move(pieces)), type_(std::move(type)), status_(status) {}
    Result<void> await_head() override { return {}; }
    [[nodiscard]] int status() const override { return status_; }
    [[nodiscard]] std::string content_type() const override { return type_; }
    Result<std::optional<std::string>> read() override {
        if (pieces_.empty()) return std::optional<std::string>();
        auto piece = std::move(pieces_.front());
        pieces_.pop_front();
        return piece;
    }

private:
    std::deque<Result<std::optional<std::string>>> pieces_;
    std::string type_;
    int status_;
};

ClientStream open(std::unique_ptr<HttpStream> http) {
    return ClientStream(std::make_unique<ClientStream::Source>(
        std::move(http), make_binding({"http://agent", "HTTP+JSON", "", "1.0"}), 1 << 20));
}

using Pieces = std::deque<Result<std::optional<std::string>>>;

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
        sse(4, kChunkEvent)));
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
    Client client = Client::connect(agent.url());
    ClientStream stream = client.stream("hi");
    EXPECT_EQ(stream.next()->task()->id, "t1");
    try {
        (void)stream.next();
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnavailable);
    }
}

}  // namespace
}  // namespace a2akit::client
