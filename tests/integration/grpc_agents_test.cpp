#include "support/test_agent.hpp"

#include "a2a_v0_3.grpc.pb.h"
#include "a2a_v1_0.grpc.pb.h"

#include <a2akit/protocol/json.hpp>

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace a2akit {
namespace {

using test_support::HttpClient;

namespace v1 = ::lf::a2a::v1;

class NamedWorker final : public Worker {
public:
    explicit NamedWorker(std::string name) : name_(std::move(name)) {}
    Async<void> handle(TaskContext& ctx) override {
        co_await ctx.complete(name_ + " for tenant \"" + std::string(ctx.tenant()) + "\"");
    }

private:
    const std::string name_;
};

AgentOptions agent(const std::string& name) {
    AgentOptions options;
    options.name = name;
    options.worker = std::make_shared<NamedWorker>(name);
    options.card = {.name = name, .description = "For tests.", .version = "1"};
    return options;
}

/// Two agents behind one gRPC port.
class GrpcAgentsTest : public ::testing::Test {
protected:
    void SetUp() override {
        ServerOptions options;
        options.agents = {agent("alpha"), agent("beta")};
        options.settings.port = 0;
        options.settings.grpc_port = 0;
        options.settings.drain_timeout = std::chrono::milliseconds(50);
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
        const AgentInterface grpc = interface_of("alpha");
        stub = v1::A2AService::NewStub(
            grpc::CreateChannel(grpc.url, grpc::InsecureChannelCredentials()));
    }
    /// What the card of an agent says of gRPC; it says it once.
    AgentInterface interface_of(const std::string& name) const {
        HttpClient client(server->port());
        const auto card =
            from_json<AgentCard>(client
                                     .exchange("GET", "/" + name + "/.well-known/agent-card.json",
                                               {}, "A2A-Version: 1.0\r\n")
                                     .body);
        AgentInterface found;
        int times = 0;
        for (const AgentInterface& one : card.value().supported_interfaces) {
            if (one.protocol_binding != "GRPC") continue;
            found = one;
            ++times;
        }
        EXPECT_EQ(times, 1);
        return found;
    }
    grpc::Status send(const std::string& tenant, v1::SendMessageResponse& sent) {
        v1::SendMessageRequest request;
        request.set_tenant(tenant);
        request.mutable_message()->set_message_id("m");
        request.mutable_message()->set_role(v1::ROLE_USER);
        request.mutable_message()->add_parts()->set_text("hi");
        grpc::ClientContext context;
        return stub->SendMessage(&context, request, &sent);
    }
    std::string answer(const std::string& tenant) {
        v1::SendMessageResponse sent;
        const auto status = send(tenant, sent);
        if (!status.ok()) return status.error_message();
        return sent.task().artifacts(0).parts(0).text();
    }

    std::unique_ptr<Server> server;
    std::unique_ptr<v1::A2AService::Stub> stub;
};

TEST_F(GrpcAgentsTest, TheTenantThatTheCardNamesReachesTheAgent) {
    EXPECT_EQ(interface_of("beta").tenant, "beta");
    EXPECT_EQ(interface_of("beta").protocol_version, "1.0");
    EXPECT_EQ(answer(interface_of("alpha").tenant), "alpha for tenant \"\"");
    EXPECT_EQ(answer(interface_of("beta").tenant), "beta for tenant \"\"");
    EXPECT_EQ(answer("beta/shop"), "beta for tenant \"shop\"");
}

TEST_F(GrpcAgentsTest, ATaskOfAnotherAgentIsNotFound) {
    v1::SendMessageResponse sent;
    ASSERT_TRUE(send("alpha", sent).ok());
    v1::GetTaskRequest request;
    request.set_id(sent.task().id());
    v1::Task task;
    request.set_tenant("beta");
    grpc::ClientContext as_beta;
    EXPECT_EQ(stub->GetTask(&as_beta, request, &task).error_code(), grpc::StatusCode::NOT_FOUND);
    request.set_tenant("alpha");
    grpc::ClientContext as_alpha;
    EXPECT_TRUE(stub->GetTask(&as_alpha, request, &task).ok());
    HttpClient http(server->port());
    EXPECT_EQ(http.exchange("GET", "/alpha/tasks/" + sent.task().id()).status, 200);
}

TEST_F(GrpcAgentsTest, ACallWithoutAnAgentIsRefusedByName) {
    EXPECT_EQ(answer(""), "tenant: must name an agent of this server: alpha, beta");
    EXPECT_EQ(answer("gamma"), "tenant: must name an agent of this server: alpha, beta");
}

}  // namespace
}  // namespace a2akit
