#include "unit/http/served.hpp"

#include <cstdlib>
#include <utility>

namespace a2akit::http {
namespace {

using std::chrono::milliseconds;

// Answers that take longer than the heartbeat, over both bindings.
class HttpSlowTest : public ServedTest, public ::testing::WithParamInterface<bool> {
protected:
    static bool json_rpc() { return GetParam(); }
    static void ask(Client& client, const std::string& text,
                    const std::string& headers = "Content-Type: application/json\r\n") {
        if (json_rpc())
            client.request("POST", "/", rpc("SendMessage", send_body(text), "\"my id\""), headers);
        else
            client.request("POST", "/message:send", send_body(text), headers);
    }
    /// The head of a kept-alive answer, and its first `spaces`.
    static Client::Response begun(Client& client, int spaces = 1) {
        auto head = client.head();
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.header("transfer-encoding"), "chunked");
        EXPECT_EQ(head.header("content-length"), "");
        EXPECT_EQ(head.header("content-type"), "application/json");
        for (int i = 0; i < spaces; ++i) EXPECT_EQ(client.chunk(), " ");
        return head;
    }
    /// What comes behind the spaces: all of the JSON.
    static std::string rest(Client& client) {
        std::string body;
        for (std::string next = client.chunk(); !next.empty(); next = client.chunk()) body += next;
        return body.substr(std::min(body.find_first_not_of(' '), body.size()));
    }
    static void expect_answer(const std::string& body, const std::string& text) {
        EXPECT_TRUE(body.starts_with('{') && body.ends_with('}')) << body;
        EXPECT_NE(body.find(text), std::string::npos) << body;
        EXPECT_EQ(body.find("my id") != std::string::npos, json_rpc()) << body;
    }
};

INSTANTIATE_TEST_SUITE_P(Bindings, HttpSlowTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "JsonRpc" : "HttpJson"; });

TEST_P(HttpSlowTest, WhiteSpaceKeepsTheClientWaitingUntilItsAnswerIsThere) {
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    const std::string headers =
        "Content-Type: application/json\r\nX-Request-Id: r-1\r\nA2A-Extensions: "
        "https://example.com/e\r\n";
    ask(client, "slow", headers);
    const auto head = begun(client, 3);
    EXPECT_EQ(head.header("x-request-id"), "r-1");
    EXPECT_EQ(head.header("x-accel-buffering"), "no");
    EXPECT_EQ(head.header("a2a-extensions"), "https://example.com/e");
    EXPECT_EQ(head.header("connection"), "");
    site.released.set();
    expect_answer(rest(client), "slow from 127.0.0.1");
}

TEST_P(HttpSlowTest, AQuickAnswerHasItsLength) {
    serve();
    Client client(port);
    ask(client, "quick");
    const auto answer = client.response();
    EXPECT_EQ(answer.header("transfer-encoding"), "");
    EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size()));
    expect_answer(answer.body, "quick from");
}

TEST_P(HttpSlowTest, TheNextRequestsOfTheConnectionAreServed) {
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    for (int i = 0; i < 2; ++i) {
        ask(client, "slow");
        begun(client);
        // Both come while the first is waited for; the last is larger than what is read ahead.
        ask(client, "next");
        ask(client, "slow " + std::string(1000, 'y'));
        client.chunk();
        site.released.set();
        expect_answer(rest(client), "slow from");
        const auto next = client.response();
        EXPECT_EQ(next.header("content-length"), std::to_string(next.body.size()));
        expect_answer(next.body, "next from");
        expect_answer(client.response().body, "yyy from");
        site.released.reset();
    }
}

TEST_P(HttpSlowTest, ARequestPipelinedBehindASlowOneIsKeptAliveToo) {
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    ask(client, "slow");
    begun(client);
    ask(client, "slow again");
    ask(client, "quick");
    site.released.set();
    expect_answer(rest(client), "slow from");
    begun(client, 2);
    site.released_again.set();
    expect_answer(rest(client), "slow again from");
    expect_answer(client.response().body, "quick from");
}

TEST_P(HttpSlowTest, ALargeAnswerComesWhole) {
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    ask(client, "slow large");
    begun(client);
    site.released.set();
    const std::string body = rest(client);
    EXPECT_GT(body.size(), 1U << 20U);
    EXPECT_TRUE(body.starts_with('{') && body.ends_with('}'));
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_P(HttpSlowTest, ALateFailureIsAJsonRpcErrorOrACutConnection) {
    serve({.heartbeat = milliseconds(15)});
    for (const std::string text : {"slow fail", "slow throw"}) {
        Client client(port);
        ask(client, text);
        begun(client);
        site.released.set();
        if (json_rpc()) {
            const std::string body = rest(client);
            expect_answer(body, "\"error\"");
            EXPECT_EQ(body.find("secret"), std::string::npos);
            EXPECT_EQ(client.exchange("GET", "/health").status, 200);
        } else {
            EXPECT_THROW(rest(client), std::runtime_error);
            EXPECT_TRUE(client.closed_by_server());
        }
        site.released.reset();
        // Only HTTP+JSON wants a task rather than a reason.
        EXPECT_EQ(site.committed, !json_rpc());
    }
}

TEST_P(HttpSlowTest, AnAnswerBeyondTheBudgetIsALateFailureToo) {
    serve({.limits = {.response_bytes = 500'000}, .heartbeat = milliseconds(15)});
    Client client(port);
    ask(client, "slow large");
    begun(client);
    site.released.set();
    if (json_rpc())
        expect_answer(rest(client), "limit of answers");
    else
        EXPECT_THROW(rest(client), std::runtime_error);
}

TEST_P(HttpSlowTest, WhatIsNotAcceptedYetKeepsItsStatus) {
    serve({.heartbeat = milliseconds(15)});
    Client early(port);
    ask(early, "wait fail");
    until([&] { return site.waiting == 1; });
    // Of the same loop, and later: when this one is kept alive, the other could have been.
    Client later(port);
    ask(later, "slow");
    begun(later, 3);
    site.released.set();
    const auto failed = early.response();
    EXPECT_EQ(failed.status, json_rpc() ? 200 : 404);
    EXPECT_EQ(failed.header("content-length"), std::to_string(failed.body.size()));
    EXPECT_FALSE(site.committed);
    expect_answer(failed.body, "the task is gone");
}

TEST_P(HttpSlowTest, ClientsOfHttp1Point0WaitInSilence) {
    serve({.heartbeat = milliseconds(15)});
    Client old(port);
    const std::string body =
        json_rpc() ? rpc("SendMessage", send_body("slow"), "\"my id\"") : send_body("slow");
    old.send("POST " + std::string(json_rpc() ? "/" : "/message:send") +
             " HTTP/1.0\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
    until([&] { return site.waiting == 1; });
    Client later(port);
    ask(later, "slow");
    begun(later, 3);
    site.released.set();
    const auto answer = old.response();
    EXPECT_EQ(answer.header("transfer-encoding"), "");
    expect_answer(answer.body, "slow from");
}

TEST_P(HttpSlowTest, ADrainLetsTheAnswerComeAndThenCloses) {
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    ask(client, "slow");
    begun(client);
    server->drain();
    EXPECT_EQ(client.chunk(), " ");
    site.released.set();
    expect_answer(rest(client), "slow from");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_P(HttpSlowTest, AClientThatLeavesIsNoticed) {
    serve({.heartbeat = milliseconds(15)});
    for (const bool hard : {false, true}) {
        const int before = site.given_up;
        Client client(port);
        ask(client, "slow");
        begun(client);
        if (hard)
            client.reset();
        else
            client.close();
        until([&] { return site.given_up == before + 1; });
        site.released.reset();
    }
    Client other(port);
    EXPECT_EQ(other.exchange("GET", "/health").status, 200);
}

TEST_P(HttpSlowTest, AClientThatHasSentItsNextRequestAndLeavesIsNoticed) {
    serve({.heartbeat = milliseconds(15)});
    Client client(port);
    ask(client, "slow");
    begun(client);
    ask(client, "next");
    client.chunk();
    client.reset();
    until([&] { return site.given_up == 1; });
}

class HttpSlowBatchTest : public ServedTest {};

TEST_F(HttpSlowBatchTest, BatchesAndNotificationsAreAnsweredInOnePiece) {
    serve({.heartbeat = milliseconds(15)});
    Client batch(port);
    batch.request("POST", "/", "[" + rpc("SendMessage", send_body("slow")) + "]");
    Client notification(port);
    notification.request(
        "POST", "/",
        R"({"jsonrpc":"2.0","method":"SendMessage","params":)" + send_body("slow") + "}");
    until([&] { return site.waiting == 2; });
    Client later(port);
    later.request("POST", "/message:send", send_body("slow"));
    EXPECT_EQ(later.head().status, 200);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(later.chunk(), " ");
    site.released.set();
    const auto answers = batch.response();
    EXPECT_EQ(answers.header("content-length"), std::to_string(answers.body.size()));
    EXPECT_TRUE(answers.body.starts_with("[{")) << answers.body;
    EXPECT_EQ(notification.response().status, 204);
}

}  // namespace
}  // namespace a2akit::http
