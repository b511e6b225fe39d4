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
    /// "name=value", percent-encoded; empty: none.
    std::string query = {};
    [[nodiscard]] bool empty() const noexcept { return headers.empty() && query.empty(); }
};

/// From --bearer, --api-key and what `auth login` stored for the origin of the agent.
[[nodiscard]] Credentials place_credentials(const AgentCard& card, const std::string& origin,
                                            const Session& session);

/// What to do to get the credentials that the card asks for, as a command where there is one.
[[nodiscard]] std::string advice_for_credentials(const AgentCard& card, const Session& session);

}  // namespace a2akit::cli
