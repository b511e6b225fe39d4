#include "unit/http/served.hpp"

#include <sys/socket.h>

namespace a2akit::http {
namespace {

using std::chrono::milliseconds;
using End = EventStream::End;

class HttpStreamTest : public ServedTest {
protected:
    void script(std::vector<EventStream::Batch> batches) {
        site.script.batches = std::move(batches);
    }
    static EventStream::Batch batch(std::vector<StreamItem> items, End end = End::kMore) {
        EventStream::Batch result;
        result.items = std::move(items);
        result.end = end;
        return result;
    }
    void open(Client& client) { client.request("POST", "/message:stream", send_body("go")); }
};

TEST_F(HttpStreamTest, HeadAndFirstBatchComeFirstAndTheConnectionGoesOnAfterTheEnd) {
    script({batch({status_item(1, TaskState::kSubmitted), status_item(2, TaskState::kWorking)}),
            batch({status_item(3, TaskState::kCompleted)}, End::kFinished)});
    serve();
    Client client(port);
    for (int i = 0; i < 3; ++i) {
        open(client);
        const auto head = client.head();
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.header("content-type"), "text/event-stream");
        EXPECT_EQ(head.header("x-accel-buffering"), "no");
        const std::string first = client.chunk();
        EXPECT_NE(first.find("id: 1\n"), std::string::npos) << first;
        EXPECT_NE(first.find("id: 2\n"), std::string::npos);
        EXPECT_NE(client.chunk().find("TASK_STATE_COMPLETED"), std::string::npos);
        EXPECT_EQ(client.chunk(), "");
    }
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_F(HttpStreamTest, JsonRpcStreamsCarryTheRequestsId) {
    script({batch({status_item(1, TaskState::kCompleted)}, End::kFinished)});
    serve();
    Client client(port);
    const auto answer =
        client.exchange("POST", "/", rpc("SendStreamingMessage", send_body("go"), "\"my id\""));
    EXPECT_NE(answer.body.find("my id"), std::string::npos);
    EXPECT_NE(answer.body.find("\"result\""), std::string::npos);
}

TEST_F(HttpStreamTest, AnOldClientsStreamEndsWithTheConnection) {
    script({batch({status_item(1, TaskState::kCompleted)}, End::kFinished)});
    serve();
    Client client(port);
    const std::string body = send_body("go");
    client.send(
        "POST /message:stream HTTP/1.0\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    const auto answer = client.response();
    EXPECT_EQ(answer.header("transfer-encoding"), "");
    EXPECT_NE(answer.body.find("TASK_STATE_COMPLETED"), std::string::npos);
}

TEST_F(HttpStreamTest, AnIdleStreamGetsHeartbeats) {
    script({batch({status_item(1, TaskState::kWorking)})});
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    open(client);
    client.head();
    client.chunk();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.chunk().front(), ':');
    EXPECT_EQ(site.script.pulled, 2) << "a heartbeat resumes nothing";
}

TEST_F(HttpStreamTest, AStreamThatThrowsEndsWithItsConnectionAlone) {
    script({batch({status_item(1, TaskState::kWorking)})});
    site.script.fails = true;
    serve({.heartbeat = milliseconds(1)});
    Client client(port);
    open(client);
    client.head();
    client.chunk();
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(site.script.closed, 1);
    Client other(port);
    EXPECT_EQ(other.exchange("GET", "/health").status, 200);
    server->drain();
}

TEST_F(HttpStreamTest, AClientThatLeavesEndsItsStreamAtOnce) {
    script({batch({status_item(1, TaskState::kWorking)})});
    serve();
    for (const bool hard : {false, true}) {
        const int before = site.script.closed;
        Client client(port);
        open(client);
        client.head();
        client.chunk();
        if (hard)
            client.reset();
        else
            client.close();
        until([&] { return site.script.closed == before + 1; });
    }
    Client other(port);
    EXPECT_EQ(other.exchange("GET", "/health").status, 200);
}

TEST_F(HttpStreamTest, ARequestSentDuringAStreamDoesNotEndIt) {
    script({batch({status_item(1, TaskState::kWorking)})});
    serve({.heartbeat = milliseconds(10)});
    Client client(port);
    open(client);
    client.head();
    client.chunk();
    client.request("GET", "/health");
    client.chunk();
    client.chunk();
    server->drain();
    while (!client.chunk().empty()) {
    }
}

TEST_F(HttpStreamTest, DrainTellsTheClientToComeBack) {
    script({batch({status_item(1, TaskState::kWorking)})});
    serve();
    Client client(port);
    open(client);
    client.head();
    client.chunk();
    server->drain();
    const std::string last = client.chunk();
    EXPECT_NE(last.find("the server is stopping"), std::string::npos) << last;
    EXPECT_EQ(client.chunk(), "");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(site.script.closed, 1);
}

TEST_F(HttpStreamTest, AFailedStreamEndsWithAnErrorEvent) {
    auto failed = batch({}, End::kFailed);
    failed.error = Error{ErrorCode::kTaskNotFound, "the task is gone", nullptr};
    script({batch({status_item(1, TaskState::kWorking)}), failed});
    serve();
    Client client(port);
    open(client);
    EXPECT_NE(client.response().body.find("the task is gone"), std::string::npos);
}

TEST_F(HttpStreamTest, StreamsHaveALimitOfTheirOwn) {
    script({batch({status_item(1, TaskState::kWorking)})});
    serve({.limits = {.streams = 1}});
    auto first = std::make_unique<Client>(port);
    open(*first);
    first->head();
    first->chunk();
    Client second(port);
    open(second);
    const auto refused = second.response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("retry-after"), "1");
    EXPECT_EQ(second.exchange("GET", "/tasks/1").status, 200);
    first.reset();
    until([&] { return site.script.closed == 1; });
}

TEST_F(HttpStreamTest, NothingIsPulledForAClientThatDoesNotReadAndInTheEndItIsClosed) {
    script({batch({status_item(1, TaskState::kWorking, std::string(200000, 'c'))})});
    site.script.repeat = true;
    serve({.write_timeout = milliseconds(50)});
    Client client(port);
    const int small = 4096;
    setsockopt(client.native(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    open(client);
    until([&] { return site.script.closed == 1; });
    // 200 kB a batch: little waits in the kernel, and nothing here.
    EXPECT_LT(site.script.pulled, 6);
}

TEST_F(HttpStreamTest, ManyStreamsOverFourLoops) {
    script({batch({status_item(1, TaskState::kWorking)}),
            batch({status_item(2, TaskState::kCompleted)}, End::kFinished)});
    serve({}, 4);
    std::vector<std::jthread> threads;
    std::atomic<int> finished{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                Client client(port);
                open(client);
                if (client.response().body.find("TASK_STATE_COMPLETED") != std::string::npos)
                    ++finished;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(finished, 200);
}

}  // namespace
}  // namespace a2akit::http
