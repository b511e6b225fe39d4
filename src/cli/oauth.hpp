#pragma once

#include "cli/card.hpp"
#include "cli/session.hpp"
#include "cli/token_store.hpp"

#include <a2akit/client/oauth.hpp>

#include <string>

namespace a2akit::cli {

/// The provider of the first OAuth 2 or OpenID Connect scheme of the card that has a flow for a
/// command line, without a client; for OpenID Connect its discovery document is read. Without a
/// device flow its device_authorization_url is empty. Throws Failure:
/// A2ACLI_ERR_CREDENTIALS_MISSING that says what the card offers instead, A2ACLI_ERR_AUTH_FAILED
/// when an endpoint is not at an https URL.
[[nodiscard]] OAuthProvider find_provider(const AgentCard& card, const Session& session);

/// RFC 8628: prints where to confirm and the code, and asks for the token until it is there.
[[nodiscard]] StoredToken device_login(const OAuthProvider& provider, const Session& session);
/// RFC 6749, section 4.4.
[[nodiscard]] StoredToken client_credentials_login(const OAuthProvider& provider,
                                                   const Session& session);
/// The token for this origin, renewed when it is about to expire; empty when there is none.
[[nodiscard]] std::string usable_token(const std::string& origin, const Session& session);

}  // namespace a2akit::cli
