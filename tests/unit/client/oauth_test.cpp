#include "wire/uri.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/client/oauth.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

namespace a2akit::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

/// An identity provider that gives what a test has put into `answers`, and notes what was posted.
class Provider {
public:
    OAuthProvider as(std::string client_id) {
        return {.client_id = std::move(client_id),
                .scopes = {"read", "write"},
                .token_url = server.url() + "/token",
                .authorization_url = server.url() + "/authorize",
                .device_authorization_url = server.url() + "/device"};
    }

    std::mutex mutex;
    std::vector<std::string> answers;
    std::vector<std::string> posted;
    ScriptedServer server{[this](const ScriptedRequest& request, ScriptedConnection& connection) {
        const std::lock_guard lock(mutex);
        posted.push_back(request.line() + " " + request.body);
        const std::string answer = answers.at(posted.size() - 1);
        const bool good = answer.find("\"error\"") == std::string::npos;
        connection.respond(good ? "200 OK" : "400 Bad Request", "application/json", answer);
    }};
};

ErrorCode code_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
}

/// The token that a source gives, asked on a loop.
std::string ask(const TokenSource& source, bool refused) {
    ScriptedServer agent([](const ScriptedRequest& request, ScriptedConnection& connection) {
        connection.respond("200 OK", "application/json",
                           R"({"id":")" + request.header("Authorization") + "\"}");
    });
    AgentCard card = parse_card(agent.card("HTTP+JSON"));
    card.security_schemes["bearer"] = {HTTPAuthSecurityScheme{"", "bearer", ""}};
    card.security_requirements.push_back({{{"bearer", {}}}});
    ClientOptions options{.credential_origins = {agent.url()}};
    options.credentials["bearer"] =
        TokenSource{[source, refused](bool) { return source.token(refused); }};
    return Client(card, options).get_task("t").id;
}

TEST(OAuthTest, LogsInByDevice) {
    Provider provider;
    provider.answers = {
        R"({"device_code":"d","user_code":"WDJB","verification_uri":"https://id/x","interval":0})",
        R"({"error":"authorization_pending"})",
        R"({"access_token":"a1","refresh_token":"r1","expires_in":3600})"};
    std::string shown;
    const OAuthTokens tokens = log_in_by_device(provider.as("tool"), [&](const DeviceLogin& login) {
        shown = login.verification_url + " " + login.user_code;
    });
    EXPECT_EQ(shown, "https://id/x WDJB");
    EXPECT_EQ(tokens.access_token(), "a1");
    EXPECT_EQ(tokens.refresh_token(), "r1");
    const std::string poll =
        "POST /token grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
        "&device_code=d&client_id=tool";
    EXPECT_THAT(provider.posted,
                ElementsAre("POST /device scope=read%20write&client_id=tool", poll, poll));
}

TEST(OAuthTest, AProgramLogsInAsItselfAndRefreshesWhenItLikes) {
    Provider provider;
    provider.answers = {R"({"access_token":"a1","refresh_token":"r1","expires_in":3600})",
                        R"({"access_token":"a2"})", R"({"error":"invalid_grant"})"};
    OAuthProvider as = provider.as("tool");
    as.client_secret = "hush";
    const auto before = std::chrono::system_clock::now();
    const OAuthTokens tokens = log_in_as_client(as);
    EXPECT_EQ(tokens.access_token(), "a1");
    ASSERT_TRUE(tokens.expires_at());
    EXPECT_GE(*tokens.expires_at(), before + std::chrono::seconds(3600));
    tokens.refresh();
    EXPECT_EQ(tokens.access_token() + tokens.refresh_token(), "a2r1");
    EXPECT_EQ(tokens.expires_at(), std::nullopt) << "the provider named no life";
    EXPECT_EQ(code_of([&] { tokens.refresh(); }), ErrorCode::kUnauthenticated);
    EXPECT_THAT(provider.posted,
                ElementsAre("POST /token grant_type=client_credentials&scope=read%20write",
                            "POST /token grant_type=refresh_token&refresh_token=r1",
                            "POST /token grant_type=refresh_token&refresh_token=r1"));
}

TEST(OAuthTest, SaysThatTheUserDeclined) {
    Provider provider;
    provider.answers = {R"({"device_code":"d","user_code":"W","interval":0})",
                        R"({"error":"access_denied","error_description":"no thanks"})"};
    try {
        (void)log_in_by_device(provider.as("tool"), [](const DeviceLogin&) {});
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnauthenticated);
        EXPECT_THAT(exception.what(), HasSubstr("access_denied: no thanks"));
    }
}

TEST(OAuthTest, LogsInByAuthorizationCodeWithPkce) {
    Provider provider;
    provider.answers = {R"({"access_token":"a1","refresh_token":"r1","expires_in":3600})"};
    const AuthorizationCodeLogin login(provider.as("tool"), "http://127.0.0.1:1/back");
    const std::string query = login.url().substr(login.url().find('?') + 1);
    EXPECT_EQ(wire::query_value(query, "code_challenge_method"), "S256");
    EXPECT_EQ(wire::query_value(query, "code_challenge").size(), 43U);
    EXPECT_EQ(wire::query_value(query, "redirect_uri"), "http://127.0.0.1:1/back");
    EXPECT_EQ(wire::query_value(query, "scope"), "read write");
    const std::string state = wire::query_value(query, "state");

    EXPECT_EQ(code_of([&] { (void)login.finish("http://127.0.0.1:1/back?code=c&state=other"); }),
              ErrorCode::kPermissionDenied);
    EXPECT_EQ(
        code_of([&] { (void)login.finish("http://127.0.0.1:1/back?error=denied&state=" + state); }),
        ErrorCode::kUnauthenticated);
    EXPECT_EQ(provider.server.requests(), 0U);
    const OAuthTokens tokens = login.finish("http://127.0.0.1:1/back?code=c%201&state=" + state);
    EXPECT_EQ(tokens.access_token(), "a1");
    EXPECT_THAT(provider.posted.at(0), HasSubstr("grant_type=authorization_code&code=c%201"));
    EXPECT_THAT(provider.posted.at(0), HasSubstr("&code_verifier="));
}

TEST(OAuthTest, EachLoginHasItsOwnVerifierAndState) {
    Provider provider;
    provider.answers = {R"({"access_token":"a"})"};
    const AuthorizationCodeLogin one(provider.as("tool"), "http://127.0.0.1:1/");
    const AuthorizationCodeLogin other(provider.as("tool"), "http://127.0.0.1:1/");
    EXPECT_NE(one.url(), other.url()) << "a verifier and a state are used once";
}

TEST(OAuthTest, TokensAreRefreshedWhenTheyExpireOrAreRefused) {
    Provider provider;
    provider.answers = {R"({"access_token":"a2","refresh_token":"r2","expires_in":3600})",
                        R"({"error":"invalid_grant"})"};
    const OAuthTokens tokens(provider.as("tool"), "a1", "r1", std::chrono::hours(1));
    EXPECT_EQ(ask(tokens.source(), false), "Bearer a1");
    EXPECT_EQ(ask(tokens.source(), true), "Bearer a2");
    EXPECT_EQ(ask(tokens.source(), false), "Bearer a2");
    EXPECT_EQ(tokens.refresh_token(), "r2");
    EXPECT_EQ(provider.posted.at(0),
              "POST /token grant_type=refresh_token&refresh_token=r1&client_id=tool");
    EXPECT_EQ(code_of([&] { (void)ask(tokens.source(), true); }), ErrorCode::kUnauthenticated);
}

TEST(OAuthTest, RefusedTokensWithoutARefreshTokenNeedANewLogin) {
    const OAuthTokens tokens({}, "a1", "", std::chrono::hours(1));
    EXPECT_EQ(code_of([&] { (void)ask(tokens.source(), true); }), ErrorCode::kUnauthenticated);
}

TEST(OAuthTest, ReadsTheProvidersMetadata) {
    ScriptedServer* self = nullptr;
    std::string elsewhere;
    ScriptedServer server([&](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.respond("200 OK", "application/json",
                           R"({"token_endpoint":")" + self->url() +
                               R"(/t","authorization_endpoint":")" +
                               (elsewhere.empty() ? self->url() : elsewhere) + R"(/a"})");
    });
    self = &server;
    const OAuthProvider provider = discover_provider(server.url() + "/", "tool");
    EXPECT_EQ(provider.token_url, server.url() + "/t");
    EXPECT_EQ(provider.authorization_url, server.url() + "/a");
    elsewhere = "https://thief.example";
    EXPECT_EQ(code_of([&] { (void)discover_provider(server.url(), "tool"); }),
              ErrorCode::kPermissionDenied);
}

TEST(OAuthTest, ACardsSchemeDescribesAProvider) {
    OAuth2SecurityScheme scheme;
    scheme.flows.flow =
        DeviceCodeOAuthFlow{"https://id/device", "https://id/token", "", {{"s", ""}}};
    const OAuthProvider provider = provider_of({scheme}, "tool");
    EXPECT_EQ(provider.device_authorization_url, "https://id/device");
    EXPECT_THAT(provider.scopes, ElementsAre("s"));
    EXPECT_EQ(code_of([] { (void)provider_of({MutualTlsSecurityScheme{}}, "tool"); }),
              ErrorCode::kUnauthenticated);
}

}  // namespace
}  // namespace a2akit::client
