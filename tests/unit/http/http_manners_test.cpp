#include "unit/http/served.hpp"

namespace a2akit::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What RFC 9110 and 9112 ask of any server.
class HttpMannersTest : public ServedTest {};

TEST_F(HttpMannersTest, OptionsAsksAboutTheWholeServer) {
    for (const std::string base : {"", "/agent"}) {
        serve({.base_path = base});
        Client client(port);
        const auto answer = client.exchange("OPTIONS", "*");
        EXPECT_EQ(answer.status, 204) << base;
        EXPECT_NE(answer.header("allow").find("POST"), std::string::npos);
        EXPECT_EQ(client.exchange("GET", "*").status, 404);
        stop();
    }
}

TEST_F(HttpMannersTest, AClientOf1Point0IsNotToldToContinue) {
    serve();
    Client client(port);
    const std::string body = send_body("old");
    client.send(
        "POST /message:send HTTP/1.0\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n"
        "Expect: 100-continue\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_EQ(client.response().status, 200);
}

TEST_F(HttpMannersTest, ErrorsOfHttpAreJsonRpcWhereJsonRpcIsSpoken) {
    serve({.max_body_bytes = 1000, .body_timeout = milliseconds(30)});
    for (const std::string target : {"/", "/?A2A-Version=1.0"}) {
        Client large(port);
        large.send("POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n");
        EXPECT_NE(large.response().body.find("\"jsonrpc\""), std::string::npos) << target;
        Client half(port);
        half.send("POST " + target +
                  " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                  "Content-Length: 100\r\n\r\n{");
        EXPECT_NE(half.response().body.find("\"jsonrpc\""), std::string::npos) << target;
    }
}

TEST_F(HttpMannersTest, WhatIsRefusedBeforeItIsReadIsAnsweredAsItsHeadAsks) {
    serve({.max_body_bytes = 1000, .body_timeout = milliseconds(30)});
    const std::string chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
    for (const auto& [status, rest] : std::vector<std::pair<int, std::string>>{
             {417, "Host: h\r\nExpect: a miracle\r\n\r\n"},
             {501, "Host: h\r\nTransfer-Encoding: gzip\r\n\r\n"},
             {400, "Host: h\r\nHost: i\r\n\r\n"},
             {413, "Host: h\r\nContent-Length: 5000\r\n\r\n"},
             {413, "Host: h\r\n" + chunked + "\r\n7D0\r\n" + std::string(2000, 'x')},
             {408, "Host: h\r\n" + chunked + "\r\n7"}}) {
        for (const std::string type : {"application/json", "application/a2a+json"}) {
            Client client(port);
            client.send(
                "POST /message:send HTTP/1.1\r\nA2A-Version: 1.0\r\nX-Request-Id: r-7\r\nAccept: " +
                type + "\r\n" + rest);
            const auto answer = client.response();
            EXPECT_EQ(answer.status, status) << answer.body;
            EXPECT_EQ(answer.header("content-type"), type) << status;
            EXPECT_EQ(answer.header("x-request-id"), "r-7") << status;
        }
    }
}

TEST_F(HttpMannersTest, EmptyLinesDoNotKeepAConnection) {
    serve({.idle_timeout = milliseconds(100)});
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
    const auto give_up = std::chrono::steady_clock::now() + seconds(20);
    bool open = true;
    while (open && std::chrono::steady_clock::now() < give_up) open = client.send("\r\n");
    EXPECT_FALSE(open);
}

}  // namespace
}  // namespace a2akit::http
