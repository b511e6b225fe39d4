#include "unit/http/served.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <future>
#include <mutex>
#include <optional>
#include <tuple>

namespace a2akit::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using HttpServerTest = ServedTest;

TEST_F(HttpServerTest, OneConnectionServesManyRequestsOverBothBindings) {
    serve();
    Client client(port);
    const auto first = client.exchange("POST", "/message:send", send_body("hi"));
    EXPECT_EQ(first.status, 200);
    EXPECT_NE(first.body.find("hi from 127.0.0.1"), std::string::npos);
    EXPECT_FALSE(first.header("date").empty());
    EXPECT_TRUE(first.header("connection").empty());
    const auto second = client.exchange("POST", "/", rpc("SendMessage", send_body("rpc")));
    EXPECT_EQ(second.status, 200);
    EXPECT_NE(second.body.find("rpc from"), std::string::npos);
    EXPECT_EQ(client.exchange("GET", "/tasks/abc").status, 200);
}

TEST_F(HttpServerTest, TheRequestIdIsEchoedOrMadeUp) {
    serve();
    Client client(port);
    const auto echoed = client.exchange("GET", "/tasks/abc", {}, "X-Request-Id: my-id\r\n");
    EXPECT_EQ(echoed.header("x-request-id"), "my-id");
    EXPECT_NE(echoed.body.find("my-id"), std::string::npos);
    const std::string made_up = client.exchange("GET", "/tasks/abc").header("x-request-id");
    EXPECT_EQ(made_up.size(), 15U);
    EXPECT_NE(client.exchange("GET", "/tasks/abc").header("x-request-id"), made_up);
}

TEST_F(HttpServerTest, ARequestIdThatIsNoPrintableWordIsReplaced) {
    serve();
    Client client(port);
    for (const std::string& bad :
         {std::string(), std::string("a b"), std::string("7\xff"), std::string(129, 'x')}) {
        const auto answer =
            client.exchange("GET", "/tasks/abc", {}, "X-Request-Id: " + bad + "\r\n");
        EXPECT_EQ(answer.status, 200) << bad;
        EXPECT_EQ(answer.header("x-request-id").size(), 15U) << bad;
        EXPECT_NE(answer.body.find(answer.header("x-request-id")), std::string::npos) << bad;
    }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
    serve();
    Client client(port);
    std::string all;
    for (int i = 0; i < 50; ++i) {
        all +=
            "GET /tasks/t" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nA2A-Version: 1.0\r\n\r\n";
    }
    client.send(all);
    for (int i = 0; i < 50; ++i) {
        EXPECT_NE(client.response().body.find("\"t" + std::to_string(i) + "\""), std::string::npos);
    }
}

TEST_F(HttpServerTest, ARequestInSingleBytesIsARequest) {
    serve();
    Client client(port);
    for (const char c : std::string_view("GET /health HTTP/1.1\r\nHost: h\r\n\r\n"))
        client.send({&c, 1});
    EXPECT_EQ(client.response().body, R"({"status":"ok"})");
}

TEST_F(HttpServerTest, ChunkedBodiesAreRead) {
    serve();
    Client client(port);
    const std::string body = send_body("chunky");
    client.send(
        "POST /message:send HTTP/1.1\r\nHost: h\r\nA2A-Version: 1.0\r\nContent-Type: "
        "application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n");
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size() - 1);
    client.send(size + body.substr(1) + "\r\n0\r\n\r\n");
    EXPECT_NE(client.response().body.find("chunky from"), std::string::npos);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_F(HttpServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
    serve();
    Client client(port);
    const std::string body = send_body("patient");
    client.send(
        "POST /message:send HTTP/1.1\r\nHost: h\r\nA2A-Version: 1.0\r\nContent-Type: "
        "application/json\r\n"
        "Expect: 100-continue\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n");
    EXPECT_EQ(client.response().status, 100);
    client.send(body);
    EXPECT_EQ(client.response().status, 200);
}

TEST_F(HttpServerTest, ExpectContinueIsRefusedWithoutReadingTheBody) {
    serve({.max_body_bytes = 1000});
    Client client(port);
    client.send(
        "POST /message:send HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        "Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
    EXPECT_EQ(client.response().status, 413);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, HeadHasTheLengthButNoBody) {
    serve();
    Client client(port);
    for (const std::string target : {"/.well-known/agent-card.json", "/tasks/abc"}) {
        const std::string id = "X-Request-Id: same\r\n";
        const auto head = client.exchange("HEAD", target, {}, id);
        EXPECT_EQ(head.status, 200);
        const auto get = client.exchange("GET", target, {}, id);
        EXPECT_EQ(head.header("content-length"), std::to_string(get.body.size())) << target;
    }
}

struct Refused {
    const char* name;
    const char* method;
    const char* target;
    const char* headers;
    const char* body;
    int status;
};

class RefusedTest : public HttpServerTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedTest, AndTheConnectionGoesOn) {
    serve();
    Client client(port);
    const Refused& p = GetParam();
    EXPECT_EQ(client.exchange(p.method, p.target, p.body, p.headers).status, p.status);
    EXPECT_EQ(site.handled, 0);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedTest,
    ::testing::Values(Refused{"UnknownPath", "GET", "/nowhere/at/all", "", "", 404},
                      Refused{"UnknownPathWithBody", "POST", "/nowhere/at/all", "", "{}", 404},
                      Refused{"WrongMethod", "DELETE", "/message:send", "", "", 405},
                      Refused{"WrongType", "POST", "/message:send", "Content-Type: text/html\r\n",
                              "{}", 415},
                      Refused{"NotAcceptable", "GET", "/tasks/1", "Accept: text/html\r\n", "", 406},
                      Refused{"BadJson", "POST", "/message:send",
                              "Content-Type: application/json\r\n", "{", 400}),
    [](const auto& info) { return info.param.name; });

TEST_F(HttpServerTest, MalformedHttpIsABadRequest) {
    serve();
    Client client(port);
    client.send("what is this\r\n\r\n");
    const auto answer = client.response();
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, ALargeHeadIsRefusedWith431) {
    serve({.max_header_bytes = 2000});
    Client client(port);
    client.request("GET", "/health", {}, "X: " + std::string(5000, 'x') + "\r\n");
    EXPECT_EQ(client.response().status, 431);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, ABodyThatGrowsTooLargeIsRefusedInTheFormOfItsPathAndVersion) {
    serve({.max_body_bytes = 1000});
    for (const auto& [target, version, begin] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"/v1/message:send", "", R"({"code":-32600,)"},
             {"/v1/message:send", "A2A-Version: 1.0\r\n", R"({"error":{"code":413,)"},
             {"/message:send", "", R"({"error":{"code":413,)"},
             {"/", "", R"({"jsonrpc":"2.0","id":null,"error":)"}}) {
        Client client(port);
        client.send("POST " + target +
                    " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + version +
                    "Transfer-Encoding: chunked\r\n\r\n7D0\r\n" + std::string(2000, ' '));
        const auto answer = client.response();
        EXPECT_EQ(answer.status, 413) << target;
        EXPECT_TRUE(answer.body.starts_with(begin)) << target << version << answer.body;
    }
}

TEST_F(HttpServerTest, ALargeBodyIsRefusedWith413WhileItIsStillBeingSent) {
    serve({.max_body_bytes = 1000});
    Client client(port);
    client.request("POST", "/message:send", std::string(500000, ' '));
    EXPECT_EQ(client.response().status, 413);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, ALargeChunkedBodyIsRefusedWith413) {
    serve({.max_body_bytes = 1000});
    Client client(port);
    client.send(
        "POST /message:send HTTP/1.1\r\nHost: h\r\nA2A-Version: 1.0\r\nContent-Type: "
        "application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n1000\r\n" +
        std::string(4096, ' '));
    EXPECT_EQ(client.response().status, 413);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsAnInternalErrorThatTellsNothing) {
    serve();
    Client client(port);
    const auto answer = client.exchange("POST", "/message:send", send_body("throw"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_F(HttpServerTest, BatchesAreAnsweredInOrderAndNotificationsNotAtAll) {
    serve();
    Client client(port);
    const std::string notification = R"({"jsonrpc":"2.0","method":"GetTask","params":{"id":"n"}})";
    const auto answer = client.exchange(
        "POST", "/",
        "[" + rpc("GetTask", R"({"id":"a"})", "1") + "," + notification + "," +
            rpc("Unknown", "{}", "2") + "," + rpc("GetTask", R"({"id":"b"})", "3") + "]",
        "Content-Type: application/json\r\nA2A-Extensions: urn:x\r\n");
    EXPECT_EQ(answer.status, 200);
    const auto a = answer.body.find("\"id\":\"a\"");
    const auto b = answer.body.find("\"id\":\"b\"");
    EXPECT_LT(a, b);
    EXPECT_NE(b, std::string::npos);
    EXPECT_NE(answer.body.find("-32601"), std::string::npos);
    EXPECT_EQ(answer.body.find("\"id\":\"n\""), std::string::npos);
    EXPECT_EQ(client.exchange("POST", "/", notification).status, 204);
    EXPECT_EQ(client.exchange("POST", "/", "[" + notification + "]").status, 204);
    EXPECT_EQ(answer.header("a2a-extensions"), "urn:x") << "asked for once, said once";
    EXPECT_EQ(site.handled, 5);
}

TEST_F(HttpServerTest, ABatchOrANotificationOfAStrangerIsChallenged) {
    serve();
    Client client(port);
    const std::string refused = rpc("SendMessage", send_body("stranger"));
    const auto batch = client.exchange(
        "POST", "/", "[" + rpc("GetTask", R"({"id":"a"})", "2") + "," + refused + "]");
    EXPECT_EQ(batch.status, 200) << "the other entry is answered";
    EXPECT_EQ(batch.header("www-authenticate"), "Bearer realm=\"a2a\"");
    const std::string notification =
        R"({"jsonrpc":"2.0","method":"SendMessage","params":)" + send_body("stranger") + "}";
    for (const std::string& body : {notification, "[" + notification + "]"}) {
        const auto answer = client.exchange("POST", "/", body);
        EXPECT_EQ(answer.status, 401) << body;
        EXPECT_EQ(answer.header("www-authenticate"), "Bearer realm=\"a2a\"");
        EXPECT_EQ(answer.body, "");
    }
}

TEST_F(HttpServerTest, AnOldClientIsServedAndTheConnectionCloses) {
    serve();
    Client client(port);
    client.send("GET /health HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.response().status, 200);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, ConnectionCloseIsHonoured) {
    serve();
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "/health", {}, "Connection: close\r\n").header("connection"),
              "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, AClientThatHasSaidItsLastIsStillAnswered) {
    serve();
    Client client(port);
    client.request("GET", "/health");
    client.shutdown_send();
    EXPECT_EQ(client.response().status, 200);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, OnlyWhatIsUnderTheBasePathIsServed) {
    serve({.base_path = "/agent"});
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "/agent/health").status, 200);
    EXPECT_EQ(client.exchange("POST", "/agent", rpc("GetTask", R"({"id":"1"})")).status, 200);
    EXPECT_EQ(client.exchange("POST", "/agent/", rpc("GetTask", R"({"id":"1"})")).status, 200);
    EXPECT_EQ(client.exchange("GET", "/agents/health").status, 404);
    EXPECT_EQ(client.exchange("GET", "/health").status, 404);
    EXPECT_EQ(client.exchange("GET", "/.well-known/agent-card.json").status, 200)
        << "its line in the table says that it is at the root too";
}

TEST_F(HttpServerTest, AResourceForOperatorsAnswersThoseThatHaveAccess) {
    serve();
    Client client(port);
    const std::string target = "/admin/dead-letters/7:redrive";
    EXPECT_EQ(client.exchange("POST", target).status, 401);
    const auto answer = client.exchange("POST", target, {}, "Authorization: Bearer x\r\n");
    EXPECT_EQ(answer.body, "7 by Bearer x");
}

TEST_F(HttpServerTest, AWholeUrlAsTargetIsServed) {
    serve();
    Client client(port);
    EXPECT_EQ(client.exchange("GET", "http://test/health").status, 200);
}

TEST_F(HttpServerTest, APortInUseIsNamed) {
    for (const std::size_t threads : {1U, 2U}) {
        serve({}, threads);
        net::LoopGroup other_loops(threads);
        HttpServer other(other_loops, other_loops[0], {}, site);
        const auto refused = other.listen("127.0.0.1", port);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("port " + std::to_string(port) +
                                               ": Address already in use"),
                  std::string::npos)
            << refused.error().message;
        other.stop(seconds(1));
        stop();
    }
}

TEST_F(HttpServerTest, AHostThatIsNoAddressIsNamed) {
    net::LoopGroup some(1);
    HttpServer other(some, some[0], {}, site);
    const auto refused = other.listen("no such host", 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
    EXPECT_NE(refused.error().message.find("no such host"), std::string::npos);
}

TEST_F(HttpServerTest, DrainClosesIdleConnectionsAndFinishesWhatIsUnderWay) {
    serve();
    Client idle(port);
    EXPECT_EQ(idle.exchange("GET", "/health").status, 200);
    Client busy(port);
    busy.request("POST", "/message:send", send_body("wait"));
    until([&] { return site.waiting == 1; });
    server->drain();
    EXPECT_TRUE(idle.closed_by_server());
    EXPECT_THROW(Client late(port), std::runtime_error);
    site.released.set();
    const auto answer = busy.response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(busy.closed_by_server());
}

TEST_F(HttpServerTest, StopEndsHalfRequestsAtItsDeadline) {
    serve();
    Client half(port);
    half.send("GET /health HT");
    Client probe(port);
    EXPECT_EQ(probe.exchange("GET", "/health").status, 200);
    stop(milliseconds(20));
    EXPECT_TRUE(half.closed_by_server());
}

TEST_F(HttpServerTest, FourLoopsServeManyClients) {
    serve({}, 4);
    std::vector<std::jthread> threads;
    std::atomic<int> answered{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int c = 0; c < 10; ++c) {
                Client client(port);
                for (int i = 0; i < 20; ++i) {
                    if (client.exchange("POST", "/message:send", send_body("x")).status == 200)
                        ++answered;
                }
            }
        });
    }
    threads.clear();
    EXPECT_EQ(answered, 4 * 10 * 20);
}

/// Holds a loop's thread, as a handler does that blocks, until it is released.
class Hold : public Work {
public:
    explicit Hold(Loop& loop)
        : Work([](Work& w) noexcept {
              auto& self = static_cast<Hold&>(w);
              self.held_.set_value();
              self.released_.get_future().wait();
              self.over_.set_value();
          }) {
        loop.post(*this);
        held_.get_future().wait();
    }
    ~Hold() {
        released_.set_value();
        over_.get_future().wait();
    }

private:
    std::promise<void> held_, released_, over_;
};

TEST_F(HttpServerTest, ALoopThatIsHeldKeepsNoConnectionFromTheOthers) {
    serve({}, 3);
    const Hold one((*loops)[0]);
    const Hold other((*loops)[2]);
    for (int i = 0; i < 12; ++i) {
        Client client(port);
        EXPECT_EQ(client.exchange("POST", "/message:send", send_body("x")).status, 200);
    }
}

TEST_F(HttpServerTest, ConnectionsWaitForAServerWhoseLoopsAreAllHeld) {
    serve({}, 2);
    std::vector<std::unique_ptr<Client>> clients;
    {
        const Hold one((*loops)[0]);
        const Hold other((*loops)[1]);
        for (int i = 0; i < 6; ++i) {
            clients.push_back(std::make_unique<Client>(port));
            clients.back()->request("POST", "/message:send", send_body("x"));
        }
    }
    for (const auto& client : clients) EXPECT_EQ(client->response().status, 200);
}

/// When each line of the log came.
class LogTimes final : public spdlog::sinks::base_sink<std::mutex> {
public:
    std::vector<SteadyTime> times() {
        const std::lock_guard lock(mutex_);
        return times_;
    }

private:
    void sink_it_(const spdlog::details::log_msg&) override {
        times_.push_back(std::chrono::steady_clock::now());
    }
    void flush_() override {}
    std::vector<SteadyTime> times_;
};

TEST_F(HttpServerTest, AnAcceptThatFailsIsToldAndTriedAgainATenthOfASecondLater) {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
    GTEST_SKIP() << "UBSan looks at objects through a pipe, for which no descriptor is left here";
#endif
#endif
    const auto former = spdlog::default_logger();
    const auto log = std::make_shared<LogTimes>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", log));
    serve();
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit none{0, limit.rlim_max};
    std::optional<Client> client;
    {
        const Hold hold((*accepting)[0]);
        client.emplace(port);
        setrlimit(RLIMIT_NOFILE, &none);
    }
    until([&] { return log->times().size() >= 3; });
    setrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(client->exchange("POST", "/message:send", send_body("x")).status, 200);
    EXPECT_GE(log->times()[2] - log->times()[0], milliseconds(200));
    spdlog::set_default_logger(former);
}

}  // namespace
}  // namespace a2akit::http
