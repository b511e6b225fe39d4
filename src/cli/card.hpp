#pragma once

#include "cli/console.hpp"
#include "cli/settings.hpp"

#include <a2akit/protocol/agent_card.hpp>

#include <string>
#include <string_view>

namespace a2akit::cli {

/// A card, and where it came from.
struct ResolvedCard {
    AgentCard card = {};
    std::string json = {};      ///< As it was published.
    std::string location = {};  ///< Its URL, or its file.
    std::string origin = {};    ///< "https://host:443" of its URL; empty for a file.
};

/// Resolves --agent-card (a2a-cli specification 0.2, section 10.1): a host or an origin, the URL of
/// a card, or a file; and likewise an AI catalogue, whose agent is named after a '#' when there are
/// several. No credential is ever sent. Throws Failure: usage when there is no reference,
/// A2ACLI_ERR_CARD_NOT_FOUND, A2ACLI_ERR_CARD_INVALID, A2ACLI_ERR_UNREACHABLE.
[[nodiscard]] ResolvedCard resolve_card(const Options& options, Console& console);

/// Checks every rule of the schema of A2A 1.0; returns what is wrong, one fault per line.
[[nodiscard]] std::vector<std::string> faults_of_card(std::string_view json);

/// Reads a card leniently. Throws Failure (A2ACLI_ERR_CARD_INVALID) that names `location`.
[[nodiscard]] AgentCard read_card(std::string_view json, const std::string& location);

}  // namespace a2akit::cli
