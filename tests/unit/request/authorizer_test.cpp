#include <a2akit/request/authorizer.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace a2akit {
namespace {

constexpr std::array kReads{Operation::kGetTask, Operation::kListTasks, Operation::kSubscribeToTask,
                            Operation::kGetTaskPushNotificationConfig,
                            Operation::kListTaskPushNotificationConfigs};
constexpr std::array kWrites{Operation::kSendMessage, Operation::kSendStreamingMessage,
                             Operation::kCancelTask};
constexpr std::array kPushes{Operation::kCreateTaskPushNotificationConfig,
                             Operation::kDeleteTaskPushNotificationConfig};

RequestEnvelope call(Operation operation, std::vector<std::string> scopes,
                     std::string tenant = {}) {
    RequestEnvelope envelope;
    envelope.operation = operation;
    envelope.principal = {"alice", std::move(scopes)};
    envelope.tenant = std::move(tenant);
    return envelope;
}

class ScopeAuthorizerTest : public ::testing::Test {
protected:
    bool allows(const RequestEnvelope& envelope) {
        return authorizer.authorize(envelope).has_value();
    }
    ScopeAuthorizer authorizer{{.read = "r", .write = "w", .push = "p", .card = "c"}};
};

TEST_F(ScopeAuthorizerTest, EachOperationNeedsItsScope) {
    for (const Operation operation : kReads) {
        EXPECT_TRUE(allows(call(operation, {"r"}))) << to_string(operation);
        EXPECT_FALSE(allows(call(operation, {"w", "p", "c"}))) << to_string(operation);
    }
    for (const Operation operation : kWrites) {
        EXPECT_TRUE(allows(call(operation, {"w"}))) << to_string(operation);
        EXPECT_FALSE(allows(call(operation, {"r", "p", "c"}))) << to_string(operation);
    }
    for (const Operation operation : kPushes) {
        EXPECT_TRUE(allows(call(operation, {"w", "p"}))) << to_string(operation);
        EXPECT_FALSE(allows(call(operation, {"w", "r", "c"}))) << to_string(operation);
        EXPECT_FALSE(allows(call(operation, {"p", "r", "c"}))) << to_string(operation);
    }
    EXPECT_TRUE(allows(call(Operation::kGetExtendedAgentCard, {"c"})));
    EXPECT_FALSE(allows(call(Operation::kGetExtendedAgentCard, {"r", "w", "p"})));
}

TEST_F(ScopeAuthorizerTest, APushConfigurationThatComesWithAMessageIsNotAWayRound) {
    RequestEnvelope envelope = call(Operation::kSendMessage, {"w"});
    SendMessageRequest request;
    request.configuration.emplace().task_push_notification_config.emplace();
    envelope.params = request;
    EXPECT_FALSE(allows(envelope));
    envelope.principal.scopes.emplace_back("p");
    EXPECT_TRUE(allows(envelope));
}

TEST_F(ScopeAuthorizerTest, ARefusalNamesTheScopeAndAnAnonymousCallerIsAskedForCredentials) {
    const auto refused = authorizer.authorize(call(Operation::kGetTask, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(refused.error().details->challenge,
              R"(Bearer realm="a2a", scope="r", error="insufficient_scope")");
    RequestEnvelope nobody = call(Operation::kGetTask, {});
    nobody.principal = {};
    const auto anonymous = authorizer.authorize(nobody);
    ASSERT_FALSE(anonymous);
    EXPECT_EQ(anonymous.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(anonymous.error().details->challenge, R"(Bearer realm="a2a", scope="r")");
}

TEST(ScopeAuthorizer, WithoutAPolicyNothingIsNeeded) {
    ScopeAuthorizer authorizer{{}};
    for (const Operation operation : kWrites)
        EXPECT_TRUE(authorizer.authorize(call(operation, {})));
}

TEST(ScopeAuthorizer, ATenantNeedsItsScope) {
    ScopeAuthorizer authorizer{{.tenant_prefix = "tenant:"}};
    EXPECT_TRUE(authorizer.authorize(call(Operation::kGetTask, {})));
    EXPECT_TRUE(authorizer.authorize(call(Operation::kGetTask, {"tenant:acme"}, "acme")));
    EXPECT_TRUE(authorizer.authorize(call(Operation::kGetTask, {"tenant:*"}, "acme")));
    EXPECT_FALSE(authorizer.authorize(call(Operation::kGetTask, {"tenant:acme"}, "other")));
    EXPECT_FALSE(authorizer.authorize(call(Operation::kGetTask, {"tenant:"}, "acme")));
    // What a client writes into the tenant must not end up in a header.
    const auto odd = authorizer.authorize(call(Operation::kGetTask, {}, "a\"\r\nX: y"));
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().details->challenge, "");
}

TEST(ScopeAuthorizer, MembersOfATenantShareItsTasksWhereThePolicySaysSo) {
    ScopeAuthorizer apart{{.tenant_prefix = "tenant:"}};
    ScopeAuthorizer shared{{.tenant_prefix = "tenant:", .tenant_shares_tasks = true}};
    const RequestEnvelope in_tenant = call(Operation::kGetTask, {"tenant:acme"}, "acme");
    EXPECT_EQ(*apart.authorize(in_tenant), (OwnerScope{"alice", "acme", false}));
    EXPECT_EQ(*shared.authorize(in_tenant), (OwnerScope{"", "acme", false}));
    EXPECT_EQ(*shared.authorize(call(Operation::kGetTask, {})), (OwnerScope{"alice", "", false}));
}

}  // namespace
}  // namespace a2akit
