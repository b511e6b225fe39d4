#include "push/webhook_client.hpp"

#include "support/thread_loop.hpp"
#include "support/webhook_receiver.hpp"

#include <gtest/gtest.h>

#include <string>

namespace a2akit::push {
namespace {

using test_support::Received;
using test_support::WebhookReceiver;

class WebhookClientTest : public ::testing::Test {
protected:
    static TargetPolicy policy_of(const std::string& networks) {
        TargetPolicyOptions options;
        options.allow_http = true;
        options.allow_networks = networks;
        return TargetPolicy::make(options).value_or_throw();
    }
    WebhookAnswer post(const std::string& url, WebhookClientOptions options = {}) {
        WebhookClient client(policy, std::move(options));
        return post(client, url);
    }
    WebhookAnswer post(WebhookClient& client, const std::string& url) {
        WebhookAnswer answer;
        loop.start([&] { return note(client, url, answer); }).join();
        return answer;
    }
    static Async<void> note(WebhookClient& client, std::string url, WebhookAnswer& answer) {
        answer = co_await client.post({std::move(url), {{"X-Test", "yes"}}, R"({"n":1})"});
    }

    TargetPolicy policy = policy_of("127.0.0.0/8");
    test_support::ThreadLoop loop;
};

TEST_F(WebhookClientTest, PostsHeadersAndBody) {
    WebhookReceiver hook;
    EXPECT_EQ(post(hook.url("/a?b=c")).status, 200);
    const Received got = hook.received().at(0);
    EXPECT_EQ(got.target, "/a?b=c");
    EXPECT_EQ(got.header("x-test"), "yes");
    EXPECT_EQ(got.body, R"({"n":1})");
}

TEST_F(WebhookClientTest, OneConnectionServesManyPosts) {
    WebhookReceiver hook;
    WebhookClient client(policy, {});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post(client, hook.url()).status, 200);
    EXPECT_EQ(hook.connections(), 1U);
}

TEST_F(WebhookClientTest, ARedirectIsNotFollowed) {
    WebhookReceiver inner;
    WebhookReceiver hook([&](const Received&) {
        return WebhookReceiver::status("302 Found", "Location: " + inner.url() + "\r\n");
    });
    EXPECT_EQ(post(hook.url()).status, 302);
    EXPECT_TRUE(inner.received().empty());
}

TEST_F(WebhookClientTest, AnAddressThatIsNotAllowedIsNeverConnected) {
    WebhookReceiver hook;
    policy = policy_of("");
    const WebhookAnswer answer = post(hook.url());
    EXPECT_EQ(answer.status, 0);
    EXPECT_NE(answer.problem.find("public internet"), std::string::npos) << answer.problem;
    EXPECT_EQ(hook.connections(), 0U);
}

TEST_F(WebhookClientTest, ANameIsJudgedByTheAddressThatItHasNow) {
    WebhookReceiver hook;
    const std::string port = std::to_string(hook.port());
    const std::string url = "http://rebound.example:" + port + "/";
    policy = policy_of("");
    for (const char* address : {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1",
                                "169.254.169.254", "[fe80::1]", "[fd00::1]"}) {
        WebhookClientOptions options;
        options.resolve = {"rebound.example:" + port + ":" + address};
        EXPECT_EQ(post(url, options).status, 0) << address;
    }
    EXPECT_EQ(hook.connections(), 0U);
}

TEST_F(WebhookClientTest, OfMixedAddressesOnlyAllowedOnesAreConnected) {
    WebhookReceiver hook;
    const std::string port = std::to_string(hook.port());
    policy = policy_of("127.0.0.1/32");
    WebhookClientOptions options;
    options.resolve = {"mixed.example:" + port + ":127.0.0.2,127.0.0.1"};
    EXPECT_EQ(post("http://mixed.example:" + port + "/", options).status, 200);
    options.resolve = {"mixed.example:" + port + ":127.0.0.2,127.0.0.3"};
    EXPECT_EQ(post("http://mixed.example:" + port + "/", options).status, 0);
    EXPECT_EQ(hook.connections(), 1U);
}

TEST_F(WebhookClientTest, PlainHttpIsRefusedUnlessItIsAllowed) {
    WebhookReceiver hook;
    TargetPolicyOptions options;
    options.allow_networks = "127.0.0.0/8";
    policy = TargetPolicy::make(options).value_or_throw();
    EXPECT_EQ(post(hook.url()).status, 0);
    EXPECT_EQ(hook.connections(), 0U);
}

TEST_F(WebhookClientTest, AReceiverThatKeepsSilentFailsAtTheTimeout) {
    WebhookReceiver hook([](const Received&) { return std::string(); });
    WebhookClientOptions options;
    options.timeout = Duration(50);
    const WebhookAnswer answer = post(hook.url(), options);
    EXPECT_EQ(answer.status, 0);
    EXPECT_FALSE(answer.problem.empty());
}

TEST_F(WebhookClientTest, AnEndlessBodyIsNotRead) {
    WebhookReceiver hook([](const Received&) {
        return "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + std::string(200'000, 'x');
    });
    EXPECT_EQ(post(hook.url()).status, 200);
}

TEST_F(WebhookClientTest, AnEndlessHeadIsNotRead) {
    WebhookReceiver hook([](const Received&) {
        std::string head = "HTTP/1.1 200 OK\r\n";
        for (int i = 0; i < 5000; ++i) head += "X-Filler: " + std::string(100, 'x') + "\r\n";
        return head;
    });
    const WebhookAnswer answer = post(hook.url());
    EXPECT_EQ(answer.status, 0);
    EXPECT_FALSE(answer.problem.empty());
}

TEST_F(WebhookClientTest, RetryAfterIsReadAsSecondsAndAsADate) {
    std::string value = "120";
    WebhookReceiver hook([&](const Received&) {
        return WebhookReceiver::status("429 Too Many Requests", "retry-after: " + value + "\r\n");
    });
    EXPECT_EQ(post(hook.url()).retry_after, std::chrono::seconds(120));
    value = "99999999999";
    EXPECT_EQ(post(hook.url()).retry_after, std::chrono::hours(24));
    value = "Thu, 01 Jan 1970 00:00:10 GMT";
    EXPECT_EQ(post(hook.url()).retry_after, Duration(0));
    value = "soon";
    EXPECT_FALSE(post(hook.url()).retry_after);
}

TEST_F(WebhookClientTest, TheProxyOfTheEnvironmentIsNotUsed) {
    WebhookReceiver proxy;
    WebhookReceiver hook;
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    EXPECT_EQ(post(hook.url()).status, 200);
    ::unsetenv("http_proxy");
    EXPECT_TRUE(proxy.received().empty());
}

TEST_F(WebhookClientTest, NothingListensIsAProblemWithoutSecrets) {
    std::string url;
    {
        WebhookReceiver gone;
        url = gone.url("/secret-path");
    }
    const WebhookAnswer answer = post(url);
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.problem.find("secret-path"), std::string::npos) << answer.problem;
}

}  // namespace
}  // namespace a2akit::push
