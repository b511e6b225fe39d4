// Logs in at an identity provider, and calls an agent with the token: oidc_client
// service|device|code ISSUER. Prints each token that the agent is shown; the agent refuses the
// first.

#include <a2akit/client/client.hpp>
#include <a2akit/client/oauth.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <iostream>
#include <string>

using namespace a2akit;

namespace {

void call_agent(SecurityScheme scheme, Credential credential, const std::string& issuer) {
    testing::ScriptedServer agent([](const auto& request, auto& connection) {
        std::cout << "token " << request.header("Authorization").substr(7) << std::endl;
        if (request.number == 0) {
            connection.respond("401 Unauthorized", "application/json", "{}");
        } else {
            connection.respond("200 OK", "application/json", R"({"id":"t"})");
        }
    });
    AgentCard card = parse_card(agent.card("HTTP+JSON"));
    card.security_schemes["company"] = std::move(scheme);
    card.security_requirements.push_back({{{"company", {{"api"}}}}});
    ClientOptions options{.credential_origins = {agent.url(), issuer}};
    options.credentials["company"] = std::move(credential);
    Client client(std::move(card), std::move(options));
    (void)client.get_task("t");
}

OAuthTokens log_in(const std::string& how, OAuthProvider provider) {
    provider.scopes = {"openid", "offline_access", "api"};
    if (how == "device") {
        return log_in_by_device(provider, [](const DeviceLogin& login) {
            std::cout << "open " << login.verification_url_with_code << std::endl;
        });
    }
    const AuthorizationCodeLogin login(provider, "http://127.0.0.1/callback");
    std::cout << "open " << login.url() << std::endl;
    std::string redirected_to;
    std::getline(std::cin, redirected_to);
    return login.finish(redirected_to);
}

}  // namespace

int main(int, char** argv) {
    const std::string how = argv[1];
    const std::string issuer = argv[2];
    const SecurityScheme scheme{
        OpenIdConnectSecurityScheme{"", issuer + "/.well-known/openid-configuration"}};
    try {
        if (how == "service") {
            call_agent(scheme, OAuthClient{.client_id = "service", .client_secret = "s:ecret %"},
                       issuer);
        } else {
            const OAuthTokens tokens = log_in(how, discover_provider(issuer, "tool"));
            call_agent(scheme, tokens.source(), issuer);
        }
    } catch (const std::exception& exception) {
        std::cerr << exception.what() << "\n";
        return 1;
    }
}
