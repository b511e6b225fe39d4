#pragma once

#include "cli/card.hpp"
#include "cli/session.hpp"
#include "cli/token_store.hpp"

#include <string>
#include <vector>

namespace a2akit::cli {

/// Where an agent's card says that tokens come from.
struct OAuthProvider {
    std::string token_url;
    std::string device_authorization_url;  ///< Empty: it has no device flow.
    bool has_client_credentials = false;
    std::vector<std::string> scopes;  ///< Those that the card names.
};

/// The first OAuth 2 or OpenID Connect scheme of the card that has a flow for a command line; for
/// OpenID Connect its discovery document is read. Throws Failure
/// (A2ACLI_ERR_CREDENTIALS_MISSING) that says what the card offers instead.
[[nodiscard]] OAuthProvider find_provider(const AgentCard& card, const Session& session);

struct OAuthClientIdentity {
    std::string id;
    std::string secret;  ///< Empty: a public client.
};

/// RFC 8628: prints where to confirm and the code, and asks for the token until it is there.
[[nodiscard]] StoredToken device_login(const OAuthProvider& provider,
                                       const OAuthClientIdentity& client, const std::string& scope,
                                       const Session& session);
/// RFC 6749, section 4.4.
[[nodiscard]] StoredToken client_credentials_login(const OAuthProvider& provider,
                                                   const OAuthClientIdentity& client,
                                                   const std::string& scope,
                                                   const Session& session);
/// The token for this origin, renewed when it is about to expire; empty when there is none.
[[nodiscard]] std::string usable_token(const std::string& origin, const Session& session);

}  // namespace a2akit::cli
