#include "support/test_agent.hpp"

#include "a2a_v0_3.grpc.pb.h"
#include "a2a_v1_0.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::test_options;
using test_support::TestAgent;

namespace v1 = ::lf::a2a::v1;
namespace v0 = ::a2a::v1;

/// An agent whose extended card says who asks for it. Nobody has to have credentials.
class ExtendedCardTest : public ::testing::Test {
protected:
    /// A known caller, or an anonymous one.
    class Callers final : public Middleware {
    public:
        AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override {
            envelope.principal.name = envelope.context.header("x-name");
            return Result<void>{};
        }
    };

    static AsyncResult<CardConfig> provide(Principal caller, std::string tenant, CardConfig card) {
        if (caller.name == "mallory") co_return fail(ErrorCode::kPermissionDenied, "not for you");
        if (caller.name == "broken") throw std::runtime_error("the secret is 42");
        if (caller.name == "nameless") card.name.clear();
        AgentSkill skill;
        skill.id = "for-" + caller.name;
        skill.name = "More";
        skill.description = "Only for " + caller.name + " in '" + tenant + "'";
        skill.tags = {"more"};
        card.skills.push_back(std::move(skill));
        co_return card;
    }

    void SetUp() override {
        ServerOptions options = test_options(std::make_shared<TestAgent>());
        options.card.extended_card = &ExtendedCardTest::provide;
        options.middlewares = {std::make_shared<Callers>()};
        options.settings.grpc_port = 0;
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
        HttpClient client(server->port());
        card = client.exchange("GET", "/.well-known/agent-card.json").body;
        const auto named = card.find("GRPC");
        const auto url = card.rfind("\"url\":\"", named) + 7;
        const std::string address = card.substr(url, card.find('"', url) - url);
        channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    }
    HttpClient::Response get(const std::string& target, const std::string& name,
                             const std::string& version = "1.0") {
        HttpClient client(server->port());
        client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nA2A-Version: " + version +
                    "\r\n" + (name.empty() ? "" : "X-Name: " + name + "\r\n") + "\r\n");
        return client.response(false);
    }
    HttpClient::Response rpc(const std::string& method, const std::string& version) {
        const std::string body =
            R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{}})";
        HttpClient client(server->port());
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\nA2A-Version: " + version +
                    "\r\nX-Name: alice\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
        return client.response(false);
    }
    std::unique_ptr<Server> server;
    std::string card;
    std::shared_ptr<grpc::Channel> channel;
};

TEST_F(ExtendedCardTest, ThePublicCardAnnouncesItAndDoesNotHoldIt) {
    EXPECT_NE(card.find(R"("extendedAgentCard":true)"), std::string::npos) << card;
    EXPECT_EQ(card.find("More"), std::string::npos) << card;
}

TEST_F(ExtendedCardTest, EachCallerGetsItsOwnOverHttp) {
    const auto alice = get("/extendedAgentCard", "alice");
    EXPECT_EQ(alice.status, 200) << alice.body;
    EXPECT_NE(alice.body.find("Only for alice in ''"), std::string::npos) << alice.body;
    EXPECT_EQ(alice.header("cache-control"), "private, no-store");
    EXPECT_NE(alice.body.find("supportedInterfaces"), std::string::npos) << alice.body;
    EXPECT_NE(get("/acme/extendedAgentCard", "bob").body.find("Only for bob in 'acme'"),
              std::string::npos);
    EXPECT_NE(rpc("GetExtendedAgentCard", "1.0").body.find("Only for alice"), std::string::npos);
    const auto old = rpc("agent/getAuthenticatedExtendedCard", "0.3");
    EXPECT_NE(old.body.find("Only for alice"), std::string::npos) << old.body;
    EXPECT_NE(old.body.find("supportsAuthenticatedExtendedCard"), std::string::npos) << old.body;
    EXPECT_NE(get("/v1/card", "alice", "0.3").body.find("Only for alice"), std::string::npos);
}

TEST_F(ExtendedCardTest, EachCallerGetsItsOwnOverGrpc) {
    grpc::ClientContext with;
    with.AddMetadata("x-name", "alice");
    v1::AgentCard now;
    auto status = v1::A2AService::NewStub(channel)->GetExtendedAgentCard(&with, {}, &now);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_NE(now.DebugString().find("Only for alice"), std::string::npos);
    grpc::ClientContext again;
    again.AddMetadata("x-name", "alice");
    v0::AgentCard then;
    status = v0::A2AService::NewStub(channel)->GetAgentCard(&again, {}, &then);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_NE(then.DebugString().find("Only for alice"), std::string::npos);
    grpc::ClientContext nobody;
    status = v1::A2AService::NewStub(channel)->GetExtendedAgentCard(&nobody, {}, &now);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ExtendedCardTest, ItIsNotForAnonymousCallersNorForThoseThatTheProviderRefuses) {
    EXPECT_EQ(get("/extendedAgentCard", "").status, 401);
    EXPECT_EQ(get("/extendedAgentCard", "mallory").status, 403);
}

TEST_F(ExtendedCardTest, AProviderThatFailsTellsTheCallerNothing) {
    for (const char* name : {"broken", "nameless"}) {
        const auto failed = get("/extendedAgentCard", name);
        EXPECT_EQ(failed.status, 500) << name << failed.body;
        EXPECT_EQ(failed.body.find("secret"), std::string::npos) << failed.body;
    }
}

}  // namespace
}  // namespace a2akit
