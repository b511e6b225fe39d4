#include "unit/http/served.hpp"

#include <tuple>

// Clients that are slow, too many, or gone.

namespace a2akit::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using HttpServerTest = ServedTest;

TEST_F(HttpServerTest, HalfAHeadIsATimeout) {
    serve({.header_timeout = milliseconds(30)});
    Client client(port);
    client.send("GET /health HTTP/1.1\r\nHo");
    EXPECT_EQ(client.response().status, 408);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, HalfABodyIsATimeout) {
    serve({.body_timeout = milliseconds(30)});
    Client client(port);
    client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
        "100\r\n\r\n{");
    EXPECT_EQ(client.response().status, 408);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(site.handled, 0);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
    serve({.idle_timeout = milliseconds(30)});
    Client silent(port);
    EXPECT_TRUE(silent.closed_by_server());
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, TooManyConnectionsAreTurnedAwayUntilOneCloses) {
    serve({.limits = {.connections = 1}});
    auto first = std::make_unique<Client>(port);
    EXPECT_EQ(first->exchange("GET", "/health").status, 200);
    Client second(port);
    const auto refused = second.response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("retry-after"), "1");
    first.reset();
    const auto admitted = [this] {
        Client third(port);
        return third.exchange("GET", "/health").status == 200;
    };
    until(admitted);
}

TEST_F(HttpServerTest, TooManyWaitingSendsGet503WithRetryInfoAndKeepOutNoOtherCall) {
    serve({.limits = {.pending_requests = 1, .waiting_sends = 1}});
    Client waiting(port);
    waiting.request("POST", "/message:send", send_body("wait"));
    until([&] { return site.waiting == 1; });
    Client client(port);
    for (const bool json_rpc : {false, true}) {
        const auto refused = json_rpc
                                 ? client.exchange("POST", "/", rpc("SendMessage", send_body("hi")))
                                 : client.exchange("POST", "/message:send", send_body("hi"));
        EXPECT_EQ(refused.status, 503);
        EXPECT_EQ(refused.header("retry-after"), "1");
        EXPECT_NE(refused.body.find("RetryInfo"), std::string::npos);
        const auto read = json_rpc ? client.exchange("POST", "/", rpc("GetTask", R"({"id":"1"})"))
                                   : client.exchange("GET", "/tasks/1");
        EXPECT_EQ(read.status, 200);
    }
    site.released.set();
    EXPECT_EQ(waiting.response().status, 200);
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
}

TEST_F(HttpServerTest, AResetClientDisturbsNobody) {
    serve();
    {
        Client leaver(port);
        leaver.request("POST", "/message:send", send_body("wait"));
        until([&] { return site.waiting == 1; });
        leaver.reset();
    }
    site.released.set();
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_F(HttpServerTest, AClientThatLeavesALongCallIsWaitedForNoLonger) {
    for (const bool hard : {false, true}) {
        serve({.limits = {.pending_requests = 1}, .watch_client_after = milliseconds(1)});
        Client leaver(port);
        leaver.request("POST", "/message:send", send_body("wait"));
        until([&] { return site.waiting == 1; });
        if (hard)
            leaver.reset();
        else
            leaver.close();
        until([&] { return site.given_up == 1; });
        const auto admitted = [this] {
            Client client(port);
            return client.exchange("GET", "/tasks/1").status == 200;
        };
        until(admitted);
        stop();
        site.waiting = site.given_up = 0;
        site.released.reset();
    }
}

TEST_F(HttpServerTest, BytesOfAWatchedClientAreItsNextRequest) {
    serve({.watch_client_after = milliseconds(0)});
    Client client(port);
    for (int i = 0; i < 3; ++i) {
        site.released.reset();
        site.waiting = 0;
        client.request("POST", "/message:send", send_body("wait"));
        until([&] { return site.waiting == 1; });
        const std::string id(500, 'x');
        client.request("GET", "/tasks/" + id);
        client.request("GET", "/health");
        site.released.set();
        EXPECT_EQ(client.response().status, 200);
        EXPECT_NE(client.response().body.find(id), std::string::npos);
        EXPECT_EQ(client.response().status, 200);
    }
    EXPECT_EQ(site.given_up, 0);
}

TEST_F(HttpServerTest, AWatchedClientThatHasSaidItsLastGetsNoFalseAnswer) {
    serve({.watch_client_after = milliseconds(1)});
    const std::string send = rpc("SendMessage", send_body("wait"));
    int given_up = 0;
    for (const std::string& body : {send, "[" + send + "]"}) {
        Client client(port);
        client.request("POST", "/", body);
        until([&] { return site.waiting == given_up + 1; });
        client.shutdown_send();
        until([&] { return site.given_up == given_up + 1; });
        EXPECT_TRUE(client.closed_by_server()) << "whether it still reads cannot be known";
        site.released.reset();
        ++given_up;
    }
}

}  // namespace
}  // namespace a2akit::http
