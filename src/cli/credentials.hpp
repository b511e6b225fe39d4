#pragma once

#include "cli/card.hpp"
#include "cli/session.hpp"

#include <string>
#include <utility>
#include <vector>

namespace a2akit::cli {

/// Where the credentials of an invocation go, by the card's security schemes (specification 1.0,
/// sections 4.5 and 7.3).
struct Credentials {
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// The scheme of an API key that goes into the query; without a name: none.
    APIKeySecurityScheme query_key = {};
    [[nodiscard]] bool empty() const noexcept { return headers.empty() && query_key.name.empty(); }
};

/// From --bearer, --api-key and what `auth login` stored for the origin of the agent.
[[nodiscard]] Credentials place_credentials(const AgentCard& card, const std::string& origin,
                                            const Session& session);

/// A client certificate, or a service parameter whose name says that it holds a credential.
[[nodiscard]] bool names_credentials(const Options& options);

/// Throws Failure (A2ACLI_ERR_CREDENTIALS_MISSING, A2ACLI_ERR_AUTH_FAILED) unless there is a
/// credential, and the card declares a scheme that takes it (a2a-cli specification 0.2, 12.4).
void require_declared_credentials(const AgentCard& card, const Credentials& credentials,
                                  const Session& session);

/// What to do to get the credentials that the card asks for, as a command where there is one.
[[nodiscard]] std::string advice_for_credentials(const AgentCard& card, const Session& session);

}  // namespace a2akit::cli
