#include "cli/commands.hpp"

#include "cli/http.hpp"
#include "cli/oauth.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

namespace a2akit::cli {
namespace {

struct LoginFlags {
    std::string client_id;
    std::string scope;
    std::string flow;
};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// The origin that a login is for: that of the agent's card, or of its interface when the card is a
/// file.
std::string origin_for(const ResolvedCard& card) {
    return card.origin.empty() ? client::origin_of(card.card.supported_interfaces.front().url)
                               : card.origin;
}

/// A secret goes where the user meant it to: to the card's own origin, or to one that was named.
void check_secret(const OAuthProvider& provider, const std::string& origin,
                  const Session& session) {
    const std::string target = client::origin_of(provider.token_url);
    const auto& named = session.options().credential_origins;
    const bool is_named = std::any_of(named.begin(), named.end(), [&](const std::string& one) {
        return client::origin_of(one) == target;
    });
    if (target == origin || is_named) return;
    throw Failure(LocalError::kAuthFailed,
                  "the card of " + origin + " wants the client secret to be sent to " + target,
                  "If that is right, add --credential-origin " + target);
}

int run_login(const Session& session, const LoginFlags& flags) {
    const ResolvedCard card = resolve_card(session.options(), session.console());
    const std::string origin = origin_for(card);
    OAuthProvider provider = find_provider(card.card, session);
    provider.client_id = flags.client_id.empty() ? variable("A2ACLI_CLIENT_ID") : flags.client_id;
    provider.client_secret = variable("A2ACLI_CLIENT_SECRET");
    session.console().mask(provider.client_secret);
    if (provider.client_id.empty())
        throw usage("no client is named; use --client-id or A2ACLI_CLIENT_ID", "auth login");
    if (!flags.scope.empty()) provider.scopes = {flags.scope};
    const bool has_device = !provider.device_authorization_url.empty();
    const bool uses_device = flags.flow == "device" ||
                             (flags.flow.empty() && has_device && provider.client_secret.empty());
    if (uses_device && !has_device) {
        throw Failure(LocalError::kCredentialsMissing, "the provider has no device code flow",
                      "Set A2ACLI_CLIENT_SECRET, and use --flow client-credentials");
    }
    if (!uses_device && provider.client_secret.empty())
        throw usage("the client credentials flow needs A2ACLI_CLIENT_SECRET", "auth login");
    if (!provider.client_secret.empty()) check_secret(provider, origin, session);
    save_token(origin, uses_device ? device_login(provider, session)
                                   : client_credentials_login(provider, session));
    session.console().hint("Logged in", origin);
    return kExitSuccess;
}

int run_logout(const Session& session) {
    const ResolvedCard card = resolve_card(session.options(), session.console());
    const bool was_there = remove_token(origin_for(card));
    session.console().hint(was_there ? "Logged out" : "Not logged in", origin_for(card));
    return kExitSuccess;
}

}  // namespace

void add_auth_login(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<LoginFlags>();
    command
        .add_option("--client-id", flags->client_id,
                    "The client that the provider knows [A2ACLI_CLIENT_ID]; its secret is read "
                    "from A2ACLI_CLIENT_SECRET only")
        ->option_text("ID");
    command.add_option("--scope", flags->scope, "Scopes to ask for; unset: those of the card")
        ->option_text("SCOPES");
    command
        .add_option("--flow", flags->flow,
                    "device or client-credentials; unset: device without a client secret")
        ->option_text("FLOW")
        ->check(CLI::IsMember({"device", "client-credentials"}));
    program.add_agent_settings(command);
    program.on_chosen(command,
                      [flags](const Session& session) { return run_login(session, *flags); });
}

void add_auth_logout(CLI::App& command, Program& program) {
    program.add_agent_settings(command);
    program.on_chosen(command, &run_logout);
}

}  // namespace a2akit::cli
