#include "client/http_client.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

namespace a2akit::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

constexpr const char* kTask =
    R"({"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}})";

AgentCard card_with(const std::string& url, SecurityScheme scheme) {
    AgentCard card;
    card.name = "Guarded";
    card.supported_interfaces = {{url, "HTTP+JSON", "", "1.0"}};
    card.security_schemes["guard"] = std::move(scheme);
    card.security_requirements.push_back({{{"guard", {{"read"}}}}});
    return card;
}

ClientOptions with(const std::string& url, Credential credential, std::string name = "guard") {
    ClientOptions options;
    options.credential_origins = {url};
    options.credentials.emplace(std::move(name), std::move(credential));
    return options;
}

/// Remembers the head of the last request, and answers with a task.
class CredentialsTest : public ::testing::Test {
protected:
    std::string head_with(SecurityScheme scheme, Credential credential, std::string name) {
        Client client(card_with(agent_.url(), std::move(scheme)),
                      with(agent_.url(), std::move(credential), std::move(name)));
        (void)client.get_task("t1");
        return head_;
    }

    std::string head_;
    ScriptedServer agent_{[this](const ScriptedRequest& request, ScriptedConnection& connection) {
        head_ = request.head;
        connection.respond("200 OK", "application/json", kTask);
    }};
};

TEST_F(CredentialsTest, AnApiKeyGoesWhereTheCardSays) {
    const auto scheme = [](std::string location) {
        return SecurityScheme{APIKeySecurityScheme{"", std::move(location), "X-Key"}};
    };
    EXPECT_THAT(head_with(scheme("header"), ApiKey{"k 1"}, "guard"), HasSubstr("X-Key: k 1\r\n"));
    EXPECT_THAT(head_with(scheme("query"), ApiKey{"k 1"}, "guard"),
                HasSubstr("GET /tasks/t1?X-Key=k%201 HTTP/1.1\r\n"));
    EXPECT_THAT(head_with(scheme("cookie"), ApiKey{"k1"}, ""), HasSubstr("Cookie: X-Key=k1\r\n"));
}

TEST_F(CredentialsTest, HttpSchemesBecomeAnAuthorizationHeader) {
    EXPECT_THAT(head_with({HTTPAuthSecurityScheme{"", "Basic", ""}},
                          BasicLogin{"Aladdin", "open sesame"}, "guard"),
                HasSubstr("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    EXPECT_THAT(head_with({HTTPAuthSecurityScheme{"", "bearer", ""}}, BearerToken{"t"}, "guard"),
                HasSubstr("Authorization: Bearer t\r\n"));
    EXPECT_THAT(
        head_with({OpenIdConnectSecurityScheme{"", "https://id.example"}}, BearerToken{"t"}, ""),
        HasSubstr("Authorization: Bearer t\r\n"));
}

TEST_F(CredentialsTest, CredentialsThatTheCardDoesNotAskForAreNotSent) {
    AgentCard open;
    open.supported_interfaces = {{agent_.url(), "HTTP+JSON", "", "1.0"}};
    Client client(open, with(agent_.url(), BearerToken{"t"}));
    (void)client.get_task("t1");
    EXPECT_THAT(head_, Not(HasSubstr("Authorization")));
}

TEST_F(CredentialsTest, SaysWhichCredentialsTheCardAsksFor) {
    const AgentCard card = card_with(agent_.url(), {APIKeySecurityScheme{"", "header", "X-Key"}});
    try {
        Client client(card, with(agent_.url(), BearerToken{"secret"}));
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnauthenticated);
        EXPECT_THAT(exception.what(), HasSubstr("'guard'"));
        EXPECT_THAT(exception.what(), Not(HasSubstr("secret")));
    }
    EXPECT_EQ(agent_.requests(), 0U);
}

TEST(TokenTest, ATokenIsFetchedOnceAndAnewWhenItIsRefused) {
    std::atomic<int> tokens = 0;
    std::string asked;
    ScriptedServer agent([&](const ScriptedRequest& request, ScriptedConnection& connection) {
        if (request.line() == "POST /token") {
            asked = request.head + request.body;
            connection.respond("200 OK", "application/json",
                               R"({"access_token":"t)" + std::to_string(++tokens) +
                                   R"(","token_type":"Bearer","expires_in":3600})");
        } else if (request.header("Authorization") == "Bearer t1" && request.number > 2) {
            connection.respond("401 Unauthorized", "application/json", "{}");
        } else {
            connection.respond("200 OK", "application/json", kTask);
        }
    });
    OAuth2SecurityScheme scheme;
    scheme.flows.flow = ClientCredentialsOAuthFlow{agent.url() + "/token", "", {}};
    Client client(card_with(agent.url(), {scheme}),
                  with(agent.url(), OAuthClient{"me", "s:1", {}, {}}));
    (void)client.get_task("t1");
    (void)client.get_task("t1");
    EXPECT_EQ(tokens, 1);
    EXPECT_EQ(client.get_task("t1").id, "t1") << "with the second token";
    EXPECT_EQ(tokens, 2);
    EXPECT_THAT(asked, HasSubstr("Authorization: Basic bWU6cyUzQTE=\r\n"));
    EXPECT_THAT(asked, HasSubstr("grant_type=client_credentials&scope=read"));
}

TEST(TokenTest, TheProvidersMetadataSayWhereTokensAreFetched) {
    ScriptedServer* self = nullptr;
    ScriptedServer agent([&](const ScriptedRequest& request, ScriptedConnection& connection) {
        if (request.line() == "GET /.well-known/openid-configuration") {
            connection.respond("200 OK", "application/json",
                               R"({"issuer":"x","token_endpoint":")" + self->url() + R"(/t"})");
        } else if (request.line() == "POST /t") {
            connection.respond("200 OK", "application/json", R"({"access_token":"good"})");
        } else if (request.header("Authorization") == "Bearer good") {
            connection.respond("200 OK", "application/json", kTask);
        } else {
            connection.respond("401 Unauthorized", "application/json", "{}");
        }
    });
    self = &agent;
    Client client(
        card_with(agent.url(), {OpenIdConnectSecurityScheme{
                                   "", agent.url() + "/.well-known/openid-configuration"}}),
        with(agent.url(), OAuthClient{"me", "secret", {}, {}}));
    EXPECT_EQ(client.get_task("t1").id, "t1");
}

TEST(TokenTest, ASecretGoesToNoTokenEndpointThatItWasNotGivenFor) {
    ScriptedServer thief([](const ScriptedRequest&, ScriptedConnection&) {});
    ScriptedServer agent([](const ScriptedRequest&, ScriptedConnection&) {});
    OAuth2SecurityScheme scheme;
    scheme.flows.flow = ClientCredentialsOAuthFlow{thief.url() + "/token", "", {}};
    const AgentCard card = card_with(agent.url(), {scheme});
    try {
        Client client(card, with(agent.url(), OAuthClient{"me", "secret", {}, {}}));
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kPermissionDenied);
        EXPECT_THAT(exception.what(), HasSubstr(thief.url()));
    }
    EXPECT_EQ(thief.requests(), 0U);
}

TEST(TokenTest, ATokenSourceIsAskedBeforeEachCallAndToldOfARefusal) {
    ScriptedServer agent([](const ScriptedRequest& request, ScriptedConnection& connection) {
        const bool good = request.header("Authorization") == "Bearer fresh";
        connection.respond(good ? "200 OK" : "403 Forbidden", "application/json",
                           good ? kTask : "{}");
    });
    int asked = 0;
    const TokenSource source{[&](bool refused) -> AsyncResult<std::string> {
        ++asked;
        return Result<std::string>(refused ? "fresh" : "stale");
    }};
    Client client(card_with(agent.url(), {HTTPAuthSecurityScheme{"", "bearer", ""}}),
                  with(agent.url(), source));
    EXPECT_EQ(client.get_task("t1").id, "t1");
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(agent.requests(), 2U);
}

TEST(TokenTest, ARefusalOfFreshCredentialsIsFinal) {
    ScriptedServer agent([](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send(
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"a\"\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n");
    });
    const TokenSource source{
        [](bool) -> AsyncResult<std::string> { return Result<std::string>("t"); }};
    Client client(card_with(agent.url(), {HTTPAuthSecurityScheme{"", "bearer", ""}}),
                  with(agent.url(), source));
    try {
        (void)client.get_task("t1");
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnauthenticated);
        ASSERT_TRUE(exception.error().details);
        EXPECT_EQ(exception.error().details->challenge, "Bearer realm=\"a\"");
    }
    EXPECT_EQ(agent.requests(), 2U);
}

}  // namespace
}  // namespace a2akit::client
