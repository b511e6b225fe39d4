#include "server/host_site.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace a2akit {
namespace {

/// Remembers the tenants of the last request.
class RecordingHandler final : public RequestHandler {
public:
    Async<void> answer(RequestEnvelope& envelope, HandledRequest& handled) override {
        ++calls;
        tenant = envelope.tenant;
        tenant_of_params = std::get<GetTaskRequest>(envelope.params).tenant;
        handled.reply = Reply(Empty{});
        return {};
    }
    int calls = 0;
    std::string tenant;
    std::string tenant_of_params;
};

class AgentsByTenantTest : public ::testing::Test {
protected:
    HandledRequest call(const std::string& tenant) {
        RequestEnvelope envelope;
        envelope.operation = Operation::kGetTask;
        GetTaskRequest params;
        params.tenant = tenant;
        envelope.params = std::move(params);
        envelope.tenant = tenant;
        HandledRequest handled;
        EXPECT_TRUE(door_.answer(envelope, handled).await_ready());
        return handled;
    }
    std::string refusal(const std::string& tenant) {
        const HandledRequest handled = call(tenant);
        return handled.reply ? std::string("accepted") : handled.reply.error().message;
    }

    RecordingHandler alpha_;
    RecordingHandler beta_;
    AgentsByTenant door_{{{"alpha", &alpha_}, {"beta", &beta_}}};
};

TEST_F(AgentsByTenantTest, TheTenantNamesTheAgentAndIsTakenOff) {
    EXPECT_TRUE(call("beta").reply);
    EXPECT_EQ(beta_.calls, 1);
    EXPECT_EQ(alpha_.calls, 0);
    EXPECT_EQ(beta_.tenant, "");
    EXPECT_EQ(beta_.tenant_of_params, "");
}

TEST_F(AgentsByTenantTest, TheRestBehindTheSlashIsTheTenantWithinTheAgent) {
    EXPECT_TRUE(call("alpha/shop").reply);
    EXPECT_EQ(alpha_.tenant, "shop");
    EXPECT_EQ(alpha_.tenant_of_params, "shop");
}

TEST_F(AgentsByTenantTest, ACallThatNamesNoAgentLearnsTheNames) {
    for (const char* tenant : {"", "gamma", "/alpha", "alphabet", "Alpha"})
        EXPECT_EQ(refusal(tenant), "tenant: must name an agent of this server: alpha, beta");
    EXPECT_EQ(alpha_.calls + beta_.calls, 0);
}

TEST_F(AgentsByTenantTest, AReservedWordIsNotATenantOfAnAgentEither) {
    EXPECT_EQ(refusal("alpha/tasks"),
              "tenant: is reserved: \"tasks\" cannot be used as a tenant of the agent");
    EXPECT_EQ(alpha_.calls, 0);
}

}  // namespace
}  // namespace a2akit
