#include "support/test_agent.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::until;

// Every secret of these tests begins like this.
constexpr const char* kSecret = "hush-";

/// Logs, and fails when it is told to.
class TalkativeAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        ctx.logger().info("said\nlevel=error {}", "\"x\"");
        if (ctx.user_text() == "throw")
            throw std::runtime_error("broken\ntime=now level=error forged");
        co_await ctx.complete("done");
    }
};

/// Knows one token, and puts another secret where handlers find it.
class SecretMiddleware final : public Middleware {
public:
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override {
        envelope.context.values["password"] = "hush-value";
        return Result<void>{};
    }
};

Async<std::optional<Principal>> verify(std::string token) {
    if (token != "hush-token") co_return std::nullopt;
    co_return Principal{"ann", {}};
}

/// A whole program's log, at its most talkative.
class LogTest : public ::testing::Test {
protected:
    std::vector<std::string> lines_of(const std::function<void(std::uint16_t)>& talk) {
        std::atomic<std::uint16_t> port{0};
        ServerOptions options = test_options(std::make_shared<TalkativeAgent>());
        options.settings.log_level = "trace";
        if (host_) options.settings.host = host_;
        options.settings.public_url = public_url_;
        options.settings.admin_token = "hush-operator-of-this-agent";
        options.middlewares = {std::make_shared<BearerMiddleware>(verify),
                               std::make_shared<SecretMiddleware>()};
        options.on_listening = [&](const std::string& url) {
            port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
        };
        Server server(std::move(options));
        ::testing::internal::CaptureStderr();
        std::jthread runner([&] { server.run(); });
        until([&] { return port != 0; });
        talk(port);
        server.stop();
        runner.join();
        text_ = ::testing::internal::GetCapturedStderr();
        std::istringstream stream(text_);
        std::vector<std::string> lines;
        for (std::string line; std::getline(stream, line);) lines.push_back(line);
        return lines;
    }
    static std::string headers(const std::string& request_id,
                               const std::string& token = "hush-token") {
        return "Content-Type: application/json\r\nAuthorization: Bearer " + token +
               "\r\nX-Request-Id: " + request_id +
               "\r\nCookie: session=hush-cookie\r\nX-Api-Key: hush-key\r\n";
    }
    [[nodiscard]] bool has(const std::string& part) const {
        return text_.find(part) != std::string::npos;
    }

    std::optional<std::string> host_;
    std::optional<std::string> public_url_;
    std::string text_;
};

TEST_F(LogTest, EveryLineIsWordsAndPairsAndNamesItsRequestAndTask) {
    std::string done;
    std::string failed;
    std::string streamed;
    const auto lines = lines_of([&](std::uint16_t port) {
        HttpClient client(port);
        done = task_id_of(
            client.exchange("POST", "/message:send", send_body("go"), headers("r-1")).body);
        failed = task_id_of(
            client.exchange("POST", "/message:send", send_body("throw"), headers("r-2")).body);
        streamed = task_id_of(
            client.exchange("POST", "/message:stream", send_body("go"), headers("r-3")).body);
    });
    const std::regex form(R"(time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=[a-z]+)"
                          R"(( [^ ="]+(=("([^"\\]|\\.)*"|[^ "]+))?)+)");
    for (const std::string& line : lines) EXPECT_TRUE(std::regex_match(line, form)) << line;

    const std::string of_done = "task=" + done + " turn=1 request_id=r-1";
    const std::string of_failed = "task=" + failed + " turn=1 request_id=r-2";
    EXPECT_TRUE(has("level=debug accepted " + of_done + "\n")) << text_;
    EXPECT_TRUE(has("level=info " + of_done + " msg=\"said\\nlevel=error \\\"x\\\"\"\n")) << text_;
    EXPECT_TRUE(has("level=warning the handler failed " + of_failed +
                    " error=\"broken\\ntime=now level=error forged\"\n"))
        << text_;
    EXPECT_TRUE(has("request method=POST path=\"/message:send\" status=200 request_id=r-1\n"))
        << text_;
    EXPECT_TRUE(has("request method=POST path=\"/message:stream\" status=200 request_id=r-3\n"))
        << text_;
    EXPECT_TRUE(has("accepted task=" + streamed + " turn=1 request_id=r-3\n")) << text_;
}

TEST_F(LogTest, AVariableThatNoSettingHasIsWarnedOfOnceAndItsValueStaysUnsaid) {
    ::setenv("A2AKIT_ADMIN_TOKENS", "hush-token-of-the-admin", 1);
    (void)lines_of([](std::uint16_t) {});
    ::unsetenv("A2AKIT_ADMIN_TOKENS");
    const std::string line =
        "level=warning settings unknown=\"A2AKIT_ADMIN_TOKENS\" nearest=A2AKIT_ADMIN_TOKEN\n";
    const auto at = text_.find(line);
    EXPECT_NE(at, std::string::npos) << text_;
    EXPECT_EQ(text_.find(line, at + 1), std::string::npos);
    EXPECT_FALSE(has("hush"));
}

TEST_F(LogTest, TheFirstLineSaysWhereItListensAndThatMemoryForgets) {
    std::uint16_t port = 0;
    const auto lines = lines_of([&](std::uint16_t at) { port = at; });
    ASSERT_FALSE(lines.empty());
    const std::string url = "listening url=http://127.0.0.1:" + std::to_string(port) + " threads=";
    EXPECT_NE(lines[0].find(url), std::string::npos) << lines[0];
    EXPECT_TRUE(lines[0].ends_with(
        "storage=memory: broker=memory: event_bus=memory: cancel_registry=memory: "
        "note=\"memory forgets every task when the process ends\""))
        << lines[0];
}

TEST_F(LogTest, ACallerWhoIsRefusedIsNotedWithItsAddressAndRequest) {
    lines_of([&](std::uint16_t port) {
        HttpClient client(port);
        EXPECT_EQ(
            client.exchange("POST", "/message:send", send_body("go"), headers("r-1", "hush-wrong"))
                .status,
            401);
        EXPECT_EQ(client.exchange("POST", "/message:send", send_body("go"), headers("r-2")).status,
                  200);
    });
    const std::string noted =
        "level=info a caller was refused reason=UNAUTHENTICATED remote=\"127.0.0.1";
    const auto at = text_.find(noted);
    ASSERT_NE(at, std::string::npos) << text_;
    EXPECT_NE(
        text_.substr(at, text_.find('\n', at) - at).find(" operation=SendMessage request_id=r-1"),
        std::string::npos)
        << text_;
    EXPECT_EQ(text_.find(noted, at + 1), std::string::npos) << text_;
}

TEST_F(LogTest, RequestsForTheOperatorsPathsWithoutTheTokenAreLoggedWithTheirAddress) {
    lines_of([&](std::uint16_t port) {
        HttpClient client(port);
        EXPECT_EQ(
            client
                .exchange("GET", "/admin/dead-letters", {}, "Authorization: Bearer hush-wrong\r\n")
                .status,
            401);
        EXPECT_EQ(client.exchange("POST", "/admin/dead-letters/x:redrive", {}, "").status, 401);
        EXPECT_EQ(client
                      .exchange("GET", "/admin/dead-letters", {},
                                "Authorization: Bearer hush-operator-of-this-agent\r\n")
                      .status,
                  200);
    });
    const std::string refused = "level=info a caller was refused reason=";
    const std::string wrong = refused + "WRONG_OPERATOR_TOKEN remote=\"127.0.0.1";
    const std::string none = refused + "NO_OPERATOR_TOKEN remote=\"127.0.0.1";
    EXPECT_TRUE(has(wrong)) << text_;
    EXPECT_TRUE(has(none)) << text_;
    EXPECT_NE(text_.find("path=/admin/dead-letters\n", text_.find(wrong)), std::string::npos)
        << text_;
    EXPECT_FALSE(has("hush")) << text_;
}

TEST_F(LogTest, ACardThatNamesThisMachineToOthersIsWarnedOf) {
    const std::string warning =
        "level=warning the agent card names an address that only this machine can call";
    (void)lines_of([](std::uint16_t) {});
    EXPECT_FALSE(has(warning)) << text_;
    host_ = "0.0.0.0";
    (void)lines_of([](std::uint16_t) {});
    EXPECT_TRUE(has(warning)) << text_;
    public_url_ = "https://agents.example";
    (void)lines_of([](std::uint16_t) {});
    EXPECT_FALSE(has(warning)) << text_;
}

TEST_F(LogTest, NoSecretIsInTheLog) {
    int asked = 0;
    lines_of([&](std::uint16_t port) {
        HttpClient client(port);
        const auto ask = [&](const char* target, const std::string& body, const std::string& more) {
            ++asked;
            return client.exchange("POST", target, body, more).status;
        };
        const std::string rpc =
            R"({"jsonrpc":"2.0","id":"hush-id","method":"SendMessage","params":)";
        EXPECT_EQ(
            ask("/message:send?access_token=hush-query", send_body("hush-body"), headers("r-1")),
            200);
        EXPECT_EQ(ask("http://ann:hush-userinfo@localhost/message:send", send_body("throw"),
                      headers("r-2")),
                  200);
        EXPECT_EQ(ask("/message:send", send_body("go"), headers("r-3", "hush-wrong")), 401);
        EXPECT_EQ(ask("/message:send", R"({"message":{"messageId":"hush-)", headers("r-4")), 400);
        EXPECT_EQ(ask("/message:send", R"({"message":{"parts":"hush-"}})", headers("r-5")), 400);
        EXPECT_EQ(ask("/", rpc + send_body("hush-body") + "}", headers("r-6")), 200);
        EXPECT_EQ(ask("/", rpc + send_body("hush-body"), headers("r-7")), 200);
        EXPECT_EQ(ask("/message:send", send_body("go"),
                      headers("r-8") + "Idempotency-Key: hush-idempotency\r\n"),
                  200);
        EXPECT_EQ(ask("/message:send", send_body("no"),
                      headers("r-9") + "Idempotency-Key: hush-idempotency\r\n"),
                  400);
    });
    EXPECT_FALSE(has(kSecret)) << text_;
    for (int i = 1; i <= asked; ++i)
        EXPECT_TRUE(has("request_id=r-" + std::to_string(i) + "\n")) << i << text_;
}

}  // namespace
}  // namespace a2akit
