#include "unit/http/served.hpp"

#include <chrono>

namespace a2akit::http {
namespace {

using std::chrono::milliseconds;

class HttpGateTest : public ServedTest {
protected:
    void serve_behind(security::Gate gate) {
        serve({.gate = std::make_shared<const security::Gate>(std::move(gate)),
               .header_timeout = milliseconds(10'000)});
    }
    /// The status of a request with these header lines.
    int ask(const std::string& lines, const std::string& target = "/tasks/1") {
        Client client(port);
        client.send("GET " + target + " HTTP/1.1\r\nA2A-Version: 1.0\r\n" + lines + "\r\n");
        return client.response().status;
    }
};

TEST_F(HttpGateTest, AForeignHostIsMisdirected) {
    security::Gate gate;
    gate.hosts = security::AllowedHosts::loopback({});
    serve_behind(std::move(gate));
    EXPECT_EQ(ask("Host: localhost:8000\r\n"), 200);
    EXPECT_EQ(ask("Host: evil.example\r\n"), 421);
    EXPECT_EQ(ask("Host: evil.example\r\n", "/.well-known/agent-card.json"), 421);
    EXPECT_EQ(ask("Host: localhost\r\n", "http://evil.example/tasks/1"), 421);
    EXPECT_EQ(ask("Host: localhost\r\n", "http://localhost@evil.example/tasks/1"), 421);
    EXPECT_EQ(ask("Host: evil.example\r\n", "http://127.0.0.1/tasks/1"), 200);
    EXPECT_EQ(site.handled, 2);
}

TEST_F(HttpGateTest, ABrowserIsToldWhatItMayDoOnErrorsAndStreamsToo) {
    security::Gate gate;
    gate.cors = *security::CorsOrigins::parse("https://app.example");
    serve_behind(std::move(gate));
    site.script.batches = {
        {{status_item(1, TaskState::kCompleted)}, EventStream::End::kFinished, {}}};
    const std::string json = "Content-Type: application/json\r\n";
    for (const auto& [target, body] :
         std::vector<std::pair<std::string, std::string>>{{"/message:send", send_body("hi")},
                                                          {"/message:send", "{"},
                                                          {"/message:stream", send_body("hi")}}) {
        Client client(port);
        const auto own =
            client.exchange("POST", target, body, json + "Origin: https://app.example\r\n");
        EXPECT_EQ(own.header("access-control-allow-origin"), "https://app.example") << target;
        Client other(port);
        const auto foreign =
            other.exchange("POST", target, body, json + "Origin: https://evil.example\r\n");
        EXPECT_EQ(foreign.header("access-control-allow-origin"), "") << target;
    }
    Client client(port);
    const auto asked = client.exchange("OPTIONS", "/message:send", {},
                                       "Origin: https://app.example\r\n"
                                       "Access-Control-Request-Method: POST\r\n"
                                       "Access-Control-Request-Headers: content-type\r\n");
    EXPECT_EQ(asked.status, 204);
    EXPECT_EQ(asked.header("access-control-allow-headers"), "content-type");
    EXPECT_EQ(asked.header("access-control-allow-origin"), "https://app.example");
    // The next request on the same connection is not a browser's.
    EXPECT_EQ(client.exchange("GET", "/health").header("access-control-allow-origin"), "");
}

TEST_F(HttpGateTest, AnAddressThatCallsTooOftenHasToWaitInEveryBinding) {
    security::Gate gate;
    gate.per_address = std::make_shared<security::RateLimiter>(0.001, 2);
    serve_behind(std::move(gate));
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "/tasks/1").status, 200);
    EXPECT_EQ(client.exchange("POST", "/", rpc("GetTask", R"({"id":"1"})")).status, 200);
    const auto rest = client.exchange("GET", "/tasks/1");
    EXPECT_EQ(rest.status, 429);
    EXPECT_GT(std::stoi(rest.header("retry-after")), 900);
    EXPECT_NE(rest.body.find("RESOURCE_EXHAUSTED"), std::string::npos) << rest.body;
    const auto rpc_answer = client.exchange("POST", "/", rpc("GetTask", R"({"id":"1"})"));
    EXPECT_EQ(rpc_answer.status, 429);
    EXPECT_GT(std::stoi(rpc_answer.header("retry-after")), 900);
    EXPECT_NE(rpc_answer.body.find("google.rpc.RetryInfo"), std::string::npos) << rpc_answer.body;
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
    EXPECT_EQ(client.exchange("GET", "/tasks/health").status, 429) << "it is not the health";
    EXPECT_EQ(site.handled, 2);
}

TEST_F(HttpGateTest, AResourceForEveryPageIsForThoseOfAllowedOriginsToo) {
    security::Gate gate;
    gate.cors = *security::CorsOrigins::parse("https://app.example");
    serve_behind(std::move(gate));
    Client client(port);
    const auto answer =
        client.exchange("GET", "/for-every-page", {}, "Origin: https://app.example\r\n");
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
    EXPECT_EQ(answer.header("vary"), "") << "it is the same for every origin";
}

TEST_F(HttpGateTest, TheCallerBehindAProxyIsCountedAndNamed) {
    security::Gate gate;
    gate.proxies = *net::IpNetworks::parse("127.0.0.0/8");
    gate.per_address = std::make_shared<security::RateLimiter>(0.001, 1);
    serve_behind(std::move(gate));
    Client client(port);
    const std::string json = "Content-Type: application/json\r\n";
    const auto one = client.exchange("POST", "/message:send", send_body("hi"),
                                     json + "X-Forwarded-For: 203.0.113.1\r\n");
    EXPECT_NE(one.body.find("from 203.0.113.1"), std::string::npos) << one.body;
    EXPECT_EQ(client.exchange("GET", "/tasks/1", {}, "X-Forwarded-For: 203.0.113.1\r\n").status,
              429);
    EXPECT_EQ(client.exchange("GET", "/tasks/1", {}, "X-Forwarded-For: 203.0.113.2\r\n").status,
              200);
}

TEST_F(HttpGateTest, AnAddressHasSoManyConnectionsAtMost) {
    security::Gate gate;
    gate.connections = std::make_shared<security::AddressSlots>(2);
    serve_behind(std::move(gate));
    auto one = std::make_unique<Client>(port);
    Client two(port);
    EXPECT_EQ(one->exchange("GET", "/health").status, 200);
    EXPECT_EQ(two.exchange("GET", "/health").status, 200);
    Client three(port);
    EXPECT_EQ(three.exchange("GET", "/health").status, 503);
    one.reset();
    until([&] {
        Client next(port);
        return next.exchange("GET", "/health").status == 200;
    });
}

}  // namespace
}  // namespace a2akit::http
