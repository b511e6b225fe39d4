#include "security/introspection.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::security {
namespace {

class IntrospectionTest : public ::testing::Test {
protected:
    void make(TokenRules rules = {}, Duration remembered = std::chrono::seconds(30)) {
        identity = std::make_unique<Introspection>(
            std::move(rules),
            [this](const std::string& token) -> Result<std::string> {
                const std::lock_guard lock(mutex);
                ++asked;
                if (broken) return fail(ErrorCode::kUnavailable, "nobody answers");
                const auto found = answers.find(token);
                return found == answers.end() ? std::string(R"({"active":false})") : found->second;
            },
            remembered, clock);
    }
    Result<Principal> ask(const std::string& token, const std::string& address = "192.0.2.1") {
        RequestContext context;
        context.headers = {{"authorization", "Bearer " + token}};
        context.remote_address = address;
        EXPECT_TRUE(identity->is_present(context));
        std::optional<Result<Principal>> result;
        loop.start([&]() -> Async<void> { result = co_await identity->identify(context, guard); })
            .join();
        return std::move(*result);
    }
    [[nodiscard]] std::string seconds_from_now(int seconds) const {
        const auto time = clock->now() + std::chrono::seconds(seconds);
        return std::to_string(
            std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
    }
    LoginGuard guard;
    test_support::ThreadLoop loop;
    std::shared_ptr<testing::FakeClock> clock = std::make_shared<testing::FakeClock>();
    std::mutex mutex;
    std::map<std::string, std::string> answers;
    int asked = 0;
    bool broken = false;
    std::unique_ptr<Introspection> identity;
};

TEST_F(IntrospectionTest, TheIssuerSaysWhoACallerIs) {
    make();
    answers["a"] = R"({"active":true,"sub":"alice","scope":"read write","client_id":"app"})";
    const auto alice = ask("a");
    ASSERT_TRUE(alice);
    EXPECT_EQ(alice->name, "alice");
    EXPECT_EQ(alice->scopes, (std::vector<std::string>{"read", "write"}));
}

TEST_F(IntrospectionTest, AClientWithoutAUserIsNotTheUserOfThatName) {
    make();
    answers["c"] = R"({"active":true,"client_id":"alice"})";
    const auto client = ask("c");
    ASSERT_TRUE(client);
    EXPECT_EQ(client->name, "client:alice");
}

TEST_F(IntrospectionTest, AnswersAreUsedAgainForAShortTime) {
    make();
    answers["a"] = R"({"active":true,"sub":"alice"})";
    ASSERT_TRUE(ask("a"));
    ASSERT_TRUE(ask("a"));
    EXPECT_FALSE(ask("x"));
    EXPECT_FALSE(ask("x"));
    EXPECT_EQ(asked, 2);
    answers.clear();  // revoked
    clock->advance(std::chrono::seconds(29));
    EXPECT_TRUE(ask("a"));
    clock->advance(std::chrono::seconds(1));
    EXPECT_FALSE(ask("a"));
}

TEST_F(IntrospectionTest, ATokenIsNotRememberedBeyondItsExpiry) {
    make();
    answers["a"] = R"({"active":true,"sub":"alice","exp":)" + seconds_from_now(10) + "}";
    ASSERT_TRUE(ask("a"));
    answers.clear();
    clock->advance(std::chrono::seconds(10));
    EXPECT_FALSE(ask("a"));
}

TEST_F(IntrospectionTest, TheIssuerIsAskedOnceAboutARequestWithALargeBody) {
    make({}, Duration(0));
    answers["a"] = R"({"active":true,"sub":"alice"})";
    Identities identities({std::move(identity)}, std::make_shared<LoginGuard>());
    RequestEnvelope envelope;
    envelope.context.headers = {{"authorization", "Bearer a"}};
    loop.start([&]() -> Async<void> {
            EXPECT_TRUE(co_await identities.before_body(envelope.context));
            EXPECT_TRUE(co_await identities.before_dispatch(envelope));
        })
        .join();
    EXPECT_EQ(envelope.principal.name, "alice");
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(envelope.context.values.empty());
}

TEST_F(IntrospectionTest, NothingIsRememberedWhenTheSettingSaysSo) {
    make({}, Duration(0));
    answers["a"] = R"({"active":true,"sub":"alice"})";
    ASSERT_TRUE(ask("a"));
    ASSERT_TRUE(ask("a"));
    EXPECT_EQ(asked, 2);
}

TEST_F(IntrospectionTest, TokensThatAreNotForThisAgentAreRefused) {
    make({.audience = "a2a"});
    answers["good"] = R"({"active":true,"sub":"alice","aud":["b","a2a"]})";
    answers["inactive"] = R"({"active":false,"sub":"alice","aud":"a2a"})";
    answers["another audience"] = R"({"active":true,"sub":"alice","aud":"b"})";
    answers["no audience"] = R"({"active":true,"sub":"alice"})";
    answers["expired"] =
        R"({"active":true,"sub":"alice","aud":"a2a","exp":)" + seconds_from_now(-100) + "}";
    answers["nobody"] = R"({"active":true,"aud":"a2a"})";
    answers["too long"] =
        R"({"active":true,"aud":"a2a","sub":")" + std::string(kMaxNameBytes + 1, 'a') + "\"}";
    EXPECT_TRUE(ask("good"));
    for (const auto& [token, answer] : answers) {
        if (token == "good") continue;
        const auto refused = ask(token);
        ASSERT_FALSE(refused) << token;
        EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated) << token;
        EXPECT_EQ(refused.error().details->challenge,
                  R"(Bearer realm="a2a", error="invalid_token")");
    }
    EXPECT_EQ(ask(std::string(9000, 'a')).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(IntrospectionTest, AMissingScopeIsNamed) {
    make({.scopes = {"read", "write"}});
    answers["a"] = R"({"active":true,"sub":"alice","scope":"read"})";
    for (int i = 0; i < 2; ++i) {
        const auto refused = ask("a");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
        EXPECT_EQ(refused.error().details->challenge,
                  R"(Bearer realm="a2a", scope="read write", error="insufficient_scope")");
    }
}

TEST_F(IntrospectionTest, WhileTheIssuerCannotBeAskedNobodyIsJudged) {
    make();
    answers["a"] = R"({"active":true,"sub":"alice"})";
    ASSERT_TRUE(ask("a"));
    broken = true;
    EXPECT_TRUE(ask("a"));
    const auto unknown = ask("b");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(unknown.error().details->retry_after);
    broken = false;
    // Neither is an answer that is not one of introspection.
    for (const char* odd : {"<html>", "{}", "[]", R"({"active":"true"})", R"({"active":true)",
                            R"({"active":true,"active":true})", R"({"active":true,"exp":"x"})"}) {
        answers["b"] = odd;
        clock->advance(std::chrono::seconds(1));
        EXPECT_EQ(ask("b").error().code, ErrorCode::kUnavailable) << odd;
    }
    answers["b"] = R"({"active":true,"sub":"bob"})";
    clock->advance(std::chrono::seconds(1));
    EXPECT_TRUE(ask("b"));
}

TEST_F(IntrospectionTest, AnIssuerThatDoesNotAnswerIsLeftAloneForASecond) {
    make();
    broken = true;
    EXPECT_FALSE(ask("a"));
    EXPECT_EQ(ask("b").error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(ask("c").error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(asked, 1);
    clock->advance(std::chrono::seconds(1));
    EXPECT_FALSE(ask("d"));
    EXPECT_EQ(asked, 2);
}

TEST_F(IntrospectionTest, AnAddressThatMakesUpTokensDoesNotKeepTheIssuerBusy) {
    make();
    answers["a"] = R"({"active":true,"sub":"alice"})";
    ASSERT_TRUE(ask("a"));
    int asked_for_made_up = 0;
    while (ask("made-up-" + std::to_string(asked_for_made_up)).error().code ==
           ErrorCode::kUnauthenticated)
        ASSERT_LT(++asked_for_made_up, 1000);
    EXPECT_TRUE(ask("a"));
    answers["b"] = R"({"active":true,"sub":"bob"})";
    EXPECT_TRUE(ask("b", "192.0.2.2"));
}

}  // namespace
}  // namespace a2akit::security
