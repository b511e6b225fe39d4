#include "unit/http/served.hpp"

namespace a2akit::http {
namespace {

class HttpBudgetTest : public ServedTest {
protected:
    /// A send whose body has so many bytes; what is too much for its text is white space.
    static std::string body_of(std::size_t bytes, const std::string& text) {
        std::string body = send_body(text);
        if (body.size() < bytes) body.append(bytes - body.size(), ' ');
        return body;
    }
    static int status_of(std::uint16_t port, const std::string& body) {
        Client client(port);
        return client.exchange("POST", "/message:send", body).status;
    }
};

TEST_F(HttpBudgetTest, ABodyBeyondTheBytesUnderWayIsA503AndSmallOnesGoOn) {
    serve({.limits = {.request_bytes = 400'000}});
    Client waiting(port);
    waiting.request("POST", "/message:send", body_of(300'000, "wait"));
    until([&] { return site.waiting == 1; });

    Client refused(port);
    refused.request("POST", "/message:send", body_of(200'000, "hi"));
    const auto answer = refused.response();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "1");
    EXPECT_NE(answer.body.find("request bytes"), std::string::npos) << answer.body;
    EXPECT_TRUE(refused.closed_by_server());
    EXPECT_EQ(status_of(port, body_of(20'000, "hi")), 200);
    EXPECT_EQ(status_of(port, send_body("hi")), 200);

    site.released.set();
    EXPECT_EQ(waiting.response().status, 200);
    EXPECT_EQ(status_of(port, body_of(200'000, "hi")), 200);
}

TEST_F(HttpBudgetTest, LargeBodiesLeaveRoomForSmallOnes) {
    serve({.limits = {.request_bytes = 400'000}});
    EXPECT_EQ(status_of(port, body_of(390'000, "hi")), 503);
    EXPECT_EQ(status_of(port, body_of(340'000, "hi")), 200);
}

TEST_F(HttpBudgetTest, AChunkedBodyCountsToo) {
    serve({.limits = {.request_bytes = 400'000}});
    Client client(port);
    client.send(
        "POST /message:send HTTP/1.1\r\nHost: h\r\nA2A-Version: 1.0\r\nContent-Type: "
        "application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n80000\r\n" +
        std::string(0x7ffff, ' '));
    EXPECT_EQ(client.response().status, 503);
}

TEST_F(HttpBudgetTest, TheShareOfARequestIsGivenBack) {
    serve({.limits = {.request_bytes = 400'000}});
    Client client(port);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(client.exchange("POST", "/message:send", body_of(200'000, "hi")).status, 200)
            << i;
    }
    for (int i = 0; i < 5; ++i) {
        Client leaving(port);
        leaving.send(
            "POST /message:send HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            "A2A-Version: 1.0\r\nContent-Length: 300000\r\n\r\n" +
            std::string(250'000, ' '));
        leaving.close();
    }
    const auto others_have_gone = [&] { return status_of(port, body_of(300'000, "hi")) == 200; };
    until(others_have_gone);
}

class SlowBodyTest : public HttpBudgetTest {
protected:
    static constexpr std::size_t kRest = 200;

    /// Sends nearly all of a body of 300 kB, and waits until the server needs no more room for it.
    void send_most(Client& client) {
        client.send(
            "POST /message:send HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            "A2A-Version: 1.0\r\nContent-Length: 300000\r\n\r\n" +
            std::string(300'000 - kRest, ' '));
        until([&] { return server->request_bytes() > 300'000; });
    }
};

TEST_F(SlowBodyTest, ABodyThatBringsNothingGivesWayToOthers) {
    serve({.limits = {.request_bytes = 400'000}, .give_way_after = Duration(0)});
    Client slow(port);
    send_most(slow);
    EXPECT_EQ(status_of(port, body_of(300'000, "hi")), 200);
    const auto answer = slow.response();
    EXPECT_EQ(answer.status, 408);
    EXPECT_NE(answer.body.find("too slowly"), std::string::npos) << answer.body;
    EXPECT_TRUE(slow.closed_by_server());
    until([&] { return server->request_bytes() == 0; });
}

TEST_F(SlowBodyTest, ABodyThatIsNotSlowKeepsItsRoom) {
    serve({.limits = {.request_bytes = 400'000}, .give_way_after = std::chrono::hours(1)});
    Client first(port);
    send_most(first);
    EXPECT_EQ(status_of(port, body_of(300'000, "hi")), 503);
    const std::string rest = body_of(kRest, "hi");
    ASSERT_EQ(rest.size(), kRest);
    first.send(rest);
    EXPECT_EQ(first.response().status, 200);
}

// -- Before the body

TEST_F(HttpBudgetTest, ACallerWithoutPermissionIsRefusedBeforeTheBodyIsRead) {
    serve();
    const auto head = [](const std::string& path, const std::string& length) {
        return "POST " + path +
               " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n"
               "X-Caller: stranger\r\n" +
               length + "\r\n\r\n";
    };
    for (const char* length : {"Content-Length: 9000000", "Transfer-Encoding: chunked",
                               "Content-Length: 20\r\nExpect: 100-continue"}) {
        Client client(port);
        client.send(head("/message:send", length));
        const auto answer = client.response();
        EXPECT_EQ(answer.status, 401) << length;
        EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
        EXPECT_NE(answer.body.find("who are you?"), std::string::npos) << answer.body;
        EXPECT_TRUE(client.closed_by_server());
    }
    Client rpc_client(port);
    rpc_client.send(head("/", "Content-Length: 9000000"));
    const auto answer = rpc_client.response();
    EXPECT_EQ(answer.status, 401);
    EXPECT_NE(answer.body.find(R"("id":null)"), std::string::npos) << answer.body;
    EXPECT_EQ(site.handled, 0);
}

TEST_F(HttpBudgetTest, UnfinishedBodiesOfStrangersHoldNothing) {
    serve();
    std::vector<std::unique_ptr<Client>> strangers;
    for (int i = 0; i < 300; ++i) {
        auto& client = *strangers.emplace_back(std::make_unique<Client>(port));
        client.send(
            "POST /message:send HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            "A2A-Version: 1.0\r\nX-Caller: stranger\r\nContent-Length: 9000000\r\n\r\n" +
            std::string(10'000, ' '));
        ASSERT_EQ(client.response().status, 401) << i;
    }
    EXPECT_EQ(server->request_bytes(), 0U);
}

TEST_F(HttpBudgetTest, OnlyALargeBodyIsAskedAbout) {
    serve({.limits = {.request_bytes = 400'000}});
    Client client(port);
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
    EXPECT_EQ(client.exchange("POST", "/message:send", body_of(10'000, "hi")).status, 200);
    EXPECT_EQ(client.exchange("GET", "/tasks/1").status, 200);
    EXPECT_EQ(site.asked, 0);
    EXPECT_EQ(client.exchange("POST", "/message:send", body_of(200'000, "hi")).status, 200);
    EXPECT_EQ(site.asked, 1);
    EXPECT_EQ(site.handled, 4);
}

TEST_F(HttpBudgetTest, WhatWasFoundOutBeforeTheBodyIsKnownToEachCallOfTheRequestAndToNoOther) {
    serve();
    Client client(port);
    const auto send = [&](const std::string& path, const std::string& body,
                          const std::string& caller) {
        return client
            .exchange("POST", path, body,
                      "Content-Type: application/json\r\nA2A-Version: 1.0\r\nX-Caller: " + caller +
                          "\r\n")
            .body;
    };
    const std::string call =
        R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":)" + send_body("hi") + "}";
    const std::string batch = "[" + call + "," + call + "]" + std::string(200'000, ' ');
    const std::string answers = send("/", batch, "alice");
    const std::size_t first = answers.find("hi from 127.0.0.1 known as alice");
    ASSERT_NE(first, std::string::npos) << answers;
    EXPECT_NE(answers.find("known as alice", first + 40), std::string::npos) << answers;
    EXPECT_EQ(site.asked, 1);
    const std::string next = send("/message:send", send_body("hi"), "bob");
    EXPECT_NE(next.find("hi from 127.0.0.1\""), std::string::npos) << next;
    EXPECT_EQ(site.asked, 1);
}

TEST_F(HttpBudgetTest, AnAnswerBeyondTheUnsentBytesIsA503AndSmallOnesGoOn) {
    constexpr std::size_t kLarge = std::size_t{20} << 20U;  // More than the kernel takes of it.
    serve({.max_body_bytes = 64U << 20U, .limits = {.response_bytes = std::size_t{50} << 20U}});
    Client slow(port);
    slow.request("POST", "/message:send", send_body(std::string(kLarge, 'x')));
    until([&] { return site.handled == 1; });

    const std::string large = send_body(std::string(kLarge * 3 / 2, 'y'));
    Client client(port);
    const auto refused = client.exchange("POST", "/message:send", large);
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.body.find("has been taken"), std::string::npos)
        << refused.body.substr(0, 200);
    const auto rpc_refused = client.exchange("POST", "/", rpc("SendMessage", large));
    EXPECT_EQ(rpc_refused.status, 503);
    EXPECT_NE(rpc_refused.body.find(R"("id":1)"), std::string::npos)
        << rpc_refused.body.substr(0, 200);
    EXPECT_EQ(client.exchange("GET", "/tasks/1").status, 200);

    const auto whole = slow.response();
    EXPECT_EQ(whole.status, 200);
    EXPECT_NE(whole.body.find(std::string(kLarge, 'x')), std::string::npos);
    EXPECT_EQ(client.exchange("POST", "/message:send", large).status, 200);
}

TEST_F(HttpBudgetTest, ABatchBeginsNothingBehindItsBytes) {
    serve({.max_batch_bytes = 150});
    Client client(port);
    const std::string long_id(200, 'a');
    const auto answer =
        client.exchange("POST", "/",
                        "[" + rpc("GetTask", R"({"id":")" + long_id + "\"}", "1") + "," +
                            rpc("GetTask", R"({"id":"b"})", "2") + "," +
                            R"({"jsonrpc":"2.0","method":"GetTask","params":{"id":"n"}})" + "]");
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.body.find(long_id), std::string::npos);
    EXPECT_NE(answer.body.find("not begun"), std::string::npos) << answer.body;
    EXPECT_EQ(site.handled, 2) << "the first one, and the notification, which has no answer";
}

TEST_F(HttpBudgetTest, ALargeBatchOfEventsIsSentInPieces) {
    EventStream::Batch batch;
    for (Sequence i = 1; i <= 10; ++i) {
        batch.items.push_back(
            status_item(i, TaskState::kWorking, std::string(100'000, static_cast<char>('a' + i))));
    }
    batch.end = EventStream::End::kFinished;
    site.script.batches.push_back(batch);
    serve({.limits = {.response_bytes = 400'000}});
    Client client(port);
    client.request("POST", "/message:stream", send_body("hi"));
    EXPECT_EQ(client.head().status, 200);
    for (Sequence i = 1; i <= 10; ++i) {
        EXPECT_NE(client.chunk().find(std::string(100'000, static_cast<char>('a' + i))),
                  std::string::npos)
            << i;
    }
    EXPECT_EQ(client.chunk(), "");
}

TEST_F(HttpBudgetTest, AStreamEndsWhenItsEventFindsNoRoom) {
    EventStream::Batch batch;
    batch.items.push_back(status_item(1, TaskState::kWorking, std::string(500'000, 'x')));
    site.script.batches.push_back(batch);
    serve({.limits = {.response_bytes = 400'000}});
    Client client(port);
    client.request("POST", "/message:stream", send_body("hi"));
    EXPECT_TRUE(client.closed_by_server());
    until([&] { return site.script.closed == 1; });
}

}  // namespace
}  // namespace a2akit::http
