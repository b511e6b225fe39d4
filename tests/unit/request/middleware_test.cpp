#include <a2akit/request/authorizer.hpp>
#include <a2akit/request/middleware.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace a2akit {
namespace {

RequestEnvelope with_header(std::string name, std::string value) {
    RequestEnvelope envelope;
    envelope.context.headers.emplace_back(std::move(name), std::move(value));
    return envelope;
}

Async<std::optional<Principal>> verify(std::string token) {
    if (token != "secret") co_return std::nullopt;
    co_return Principal{"alice", {"read"}};
}

class MiddlewareTest : public ::testing::Test {
protected:
    Result<void> before(Middleware& middleware, RequestEnvelope& envelope) {
        return loop_.await(middleware.before_dispatch(envelope));
    }
    testing::ManualLoop loop_;
};

TEST_F(MiddlewareTest, AValidBearerTokenNamesThePrincipal) {
    BearerMiddleware bearer(verify);
    for (const char* header : {"Bearer secret", "bearer secret", "BEARER  secret "}) {
        RequestEnvelope envelope = with_header("authorization", header);
        ASSERT_TRUE(before(bearer, envelope)) << header;
        EXPECT_EQ(envelope.principal.name, "alice");
        EXPECT_EQ(envelope.principal.scopes, std::vector<std::string>{"read"});
    }
}

TEST_F(MiddlewareTest, CredentialsAreCheckedBeforeABody) {
    BearerMiddleware bearer(verify);
    ApiKeyMiddleware keys({{"key", Principal{"bob", {}}}});
    const auto before_body = [&](Middleware& middleware, std::string name, std::string value) {
        RequestContext context = with_header(std::move(name), std::move(value)).context;
        return loop_.await(middleware.before_body(context));
    };
    EXPECT_TRUE(before_body(bearer, "authorization", "Bearer secret"));
    EXPECT_EQ(before_body(bearer, "authorization", "Bearer wrong").error().code,
              ErrorCode::kUnauthenticated);
    EXPECT_EQ(before_body(bearer, "x-api-key", "key").error().code, ErrorCode::kUnauthenticated);
    EXPECT_TRUE(before_body(keys, "x-api-key", "key"));
    EXPECT_EQ(before_body(keys, "x-api-key", "wrong").error().code, ErrorCode::kUnauthenticated);
}

TEST_F(MiddlewareTest, ATokenThatWasVerifiedBeforeTheBodyIsNotVerifiedAgain) {
    int verified = 0;
    const Principal caller{std::string("a:\n\0", 4) + "\xff", {"read", "", "3:x"}};
    BearerMiddleware bearer([&](std::string) -> Async<std::optional<Principal>> {
        ++verified;
        co_return caller;
    });
    BearerMiddleware another(verify);
    RequestEnvelope first = with_header("authorization", "Bearer secret");
    ASSERT_TRUE(loop_.await(bearer.before_body(first.context)));
    RequestEnvelope second = first;  // of the same batch
    ASSERT_TRUE(before(another, first));
    EXPECT_EQ(first.principal.name, "alice") << "each middleware asks for itself";
    for (RequestEnvelope* envelope : {&first, &second}) {
        ASSERT_TRUE(before(bearer, *envelope));
        EXPECT_EQ(envelope->principal.name, caller.name);
        EXPECT_EQ(envelope->principal.scopes, caller.scopes);
        EXPECT_TRUE(envelope->context.values.empty()) << "no handler sees it";
    }
    EXPECT_EQ(verified, 1);
    ASSERT_TRUE(before(bearer, first));
    EXPECT_EQ(verified, 2) << "it holds for one request";
}

TEST_F(MiddlewareTest, EverythingElseIsChallenged) {
    BearerMiddleware bearer(verify, "agents");
    for (const char* header :
         {"", "Bearer", "Bearer ", "Basic secret", "secret", "Bearer wrong", "Bearersecret"}) {
        RequestEnvelope envelope = with_header("authorization", header);
        const auto refused = before(bearer, envelope);
        ASSERT_FALSE(refused) << header;
        EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
        EXPECT_EQ(refused.error().details->challenge.find("Bearer realm=\"agents\""), 0U);
        EXPECT_EQ(refused.error().message.find("wrong"), std::string::npos)
            << "a token is a secret";
        EXPECT_TRUE(envelope.principal.is_anonymous());
    }
}

TEST_F(MiddlewareTest, AnInvalidTokenIsToldFromAMissingOne) {
    BearerMiddleware bearer(verify);
    RequestEnvelope wrong = with_header("authorization", "Bearer wrong");
    EXPECT_NE(before(bearer, wrong).error().details->challenge.find("invalid_token"),
              std::string::npos);
    RequestEnvelope none;
    EXPECT_EQ(before(bearer, none).error().details->challenge.find("invalid_token"),
              std::string::npos);
}

TEST_F(MiddlewareTest, AKnownApiKeyNamesThePrincipal) {
    ApiKeyMiddleware keys({{"key of alice", {"alice", {}}}, {"key of bob", {"bob", {}}}},
                          "X-Agent-Key");
    RequestEnvelope envelope = with_header("x-agent-key", "key of bob");
    ASSERT_TRUE(before(keys, envelope));
    EXPECT_EQ(envelope.principal.name, "bob");
}

TEST_F(MiddlewareTest, AnUnknownApiKeyIsChallenged) {
    ApiKeyMiddleware keys({{"key of alice", {"alice", {}}}, {"", {"nobody", {}}}});
    for (const char* key : {"", "key of alic", "key of alice!", "key of Alice"}) {
        RequestEnvelope envelope = with_header("x-api-key", key);
        const auto refused = before(keys, envelope);
        ASSERT_FALSE(refused) << key;
        EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
        EXPECT_FALSE(refused.error().details->challenge.empty());
        EXPECT_NE(refused.error().message.find("x-api-key"), std::string::npos);
    }
}

TEST_F(MiddlewareTest, TwoDifferentApiKeysAreRefusedInEitherOrder) {
    ApiKeyMiddleware keys({{"key of alice", {"alice", {}}}, {"key of bob", {"bob", {}}}});
    for (const char* second : {"key of bob", "", "wrong"}) {
        for (const bool swapped : {false, true}) {
            RequestEnvelope envelope = with_header("x-api-key", swapped ? second : "key of alice");
            envelope.context.headers.emplace_back("x-api-key", swapped ? "key of alice" : second);
            const auto refused = before(keys, envelope);
            ASSERT_FALSE(refused) << second;
            EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
            EXPECT_EQ(refused.error().message.find("alice"), std::string::npos)
                << "a key is a secret";
            EXPECT_TRUE(envelope.principal.is_anonymous());
        }
    }
    RequestEnvelope twice = with_header("x-api-key", "key of bob");
    twice.context.headers.emplace_back("x-api-key", "key of bob");
    EXPECT_TRUE(before(keys, twice));
}

TEST_F(MiddlewareTest, AfterDispatchDoesNothingUnlessOverridden) {
    BearerMiddleware bearer(verify);
    const RequestEnvelope envelope;
    const Result<Reply> reply(Reply(Empty{}));
    EXPECT_TRUE(loop_.await(bearer.after_dispatch(envelope, reply)));
}

TEST(OwnerAuthorizerTest, TheScopeIsThePrincipalWithinItsTenant) {
    RequestEnvelope envelope;
    envelope.principal.name = "alice";
    envelope.tenant = "acme";
    OwnerAuthorizer gate;
    EXPECT_EQ(gate.authorize(envelope).value(), (OwnerScope{"alice", "acme", false}));
    EXPECT_EQ(gate.authorize({}).value(), OwnerScope{});
}

TEST(OperationTest, EveryOperationHasItsNameOfTheSpecification) {
    EXPECT_EQ(to_string(Operation::kSendMessage), "SendMessage");
    EXPECT_EQ(to_string(Operation::kListTaskPushNotificationConfigs),
              "ListTaskPushNotificationConfigs");
    EXPECT_EQ(to_string(Operation::kGetExtendedAgentCard), "GetExtendedAgentCard");
}

}  // namespace
}  // namespace a2akit
