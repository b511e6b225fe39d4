#include "support/temporary_directory.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/request/basic_middleware.hpp>
#include <a2akit/request/jwt_middleware.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>

namespace a2akit {
namespace {

class MiddlewaresTest : public ::testing::Test {
protected:
    Result<void> ask(Middleware& middleware, const std::string& authorization,
                     RequestEnvelope& envelope) {
        envelope.context.headers = {{"authorization", authorization}};
        envelope.context.remote_address = "192.0.2.1";
        std::optional<Result<void>> result;
        loop.start([&]() -> Async<void> {
                result = co_await middleware.before_body(envelope.context);
                if (*result) result = co_await middleware.before_dispatch(envelope);
            })
            .join();
        return std::move(*result);
    }
    Result<void> ask(Middleware& middleware, const std::string& authorization) {
        RequestEnvelope envelope;
        return ask(middleware, authorization, envelope);
    }
    static std::string challenge_of(const Result<void>& result) {
        return result || !result.error().details ? "" : result.error().details->challenge;
    }
    test_support::ThreadLoop loop;
};

class BasicMiddlewareTest : public MiddlewaresTest {
protected:
    static Async<std::optional<Principal>> verify(std::string user, std::string password) {
        if (user == "alice" && password == "a:b") co_return Principal{"alice", {}};
        co_return std::nullopt;
    }
    BasicMiddleware basic{&BasicMiddlewareTest::verify, "home"};
};

TEST_F(BasicMiddlewareTest, AskAboutTheNameAndThePassword) {
    RequestEnvelope envelope;
    ASSERT_TRUE(ask(basic, "basic YWxpY2U6YTpi", envelope));  // alice:a:b
    EXPECT_EQ(envelope.principal.name, "alice");
    for (const char* wrong :
         {"", "Basic", "Basic YWxpY2U=", "Basic !!", "Bearer YWxpY2U6YTpi", "Basic YWxpY2U6YQ=="}) {
        const auto refused = ask(basic, wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
        EXPECT_EQ(challenge_of(refused), R"(Basic realm="home", charset="UTF-8")");
    }
}

TEST_F(BasicMiddlewareTest, AfterManyWrongPasswordsNoneIsTriedForAWhile) {
    int wrong = 0;
    while (ask(basic, "Basic YWxpY2U6YQ==").error().code == ErrorCode::kUnauthenticated)
        ASSERT_LT(++wrong, 100);
    EXPECT_GE(wrong, 20);
    const auto right = ask(basic, "Basic YWxpY2U6YTpi");
    ASSERT_FALSE(right);
    EXPECT_EQ(right.error().code, ErrorCode::kResourceExhausted);
    EXPECT_TRUE(right.error().details->retry_after);
}

TEST(JwtMiddlewareTest, OptionsThatCannotWorkAreRefused) {
    EXPECT_FALSE(JwtMiddleware::create({}));
    EXPECT_FALSE(JwtMiddleware::create({.jwks_url = "http://a/keys"}));
    EXPECT_FALSE(JwtMiddleware::create({.jwks_url = "ftp://a/keys", .allow_http = true}));
    EXPECT_FALSE(JwtMiddleware::create({.issuer = "file:///a"}));
    const auto symmetric = JwtMiddleware::create({.issuer = "https://a", .algorithms = {"HS256"}});
    ASSERT_FALSE(symmetric);
    EXPECT_NE(symmetric.error().message.find("HS256"), std::string::npos);
    EXPECT_TRUE(JwtMiddleware::create({.issuer = "https://a"}));
}

class JwtMiddlewareTokenTest : public MiddlewaresTest {};

TEST_F(JwtMiddlewareTokenTest, ReadsTheTokenOfTheSpecificationsExample) {
    // RFC 8037, appendix A: an Ed25519 key. Its example signs a text that is not a set of claims.
    test_support::TemporaryDirectory directory;
    std::ofstream(directory.file("keys")) << R"({"keys":[{"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
    const auto jwt =
        JwtMiddleware::create({.jwks_url = "file://" + directory.file("keys"), .realm = "home"});
    ASSERT_TRUE(jwt);
    const std::string example =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const auto refused = ask(**jwt, "Bearer " + example);
    ASSERT_FALSE(refused);
    EXPECT_EQ(challenge_of(refused), R"(Bearer realm="home", error="invalid_token")");
    EXPECT_EQ(challenge_of(ask(**jwt, "")), R"(Bearer realm="home")");
}

}  // namespace
}  // namespace a2akit
