#pragma once

#include "cli/settings.hpp"

#include <a2akit/protocol/agent_card.hpp>

namespace a2akit::cli {

/// The interface to use (a2a-cli specification 0.2, section 13): of those that the client speaks,
/// the first of the client's preferred binding that the card has, else the first of the card. A
/// version below 1.0 is taken only when --a2a-version asks for it. Throws Failure
/// (VersionNotSupportedError) that lists what the card offers.
[[nodiscard]] AgentInterface choose_interface(const AgentCard& card, const Options& options);

}  // namespace a2akit::cli
