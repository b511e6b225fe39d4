#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/server/server.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// kInvalidParams naming what contradicts itself in a card: a requirement of a scheme that the card
/// does not describe.
[[nodiscard]] Result<void> check_references(const CardConfig& card);

/// What a client may stumble over in a card that is right, one sentence each. `checked`: the kinds
/// of credentials (security::Credentials) that the server checks itself; `has_middlewares`: others
/// may be checked by the application. REQUIRES: checked.
[[nodiscard]] std::vector<std::string> lint_card(const CardConfig& card, std::uint8_t checked,
                                                 bool has_middlewares);

/// Both: fails as check_references, and logs what lint_card finds. REQUIRES: the middlewares are
/// those of the application alone.
[[nodiscard]] Result<void> lint_agent(const AgentOptions& agent, std::uint8_t checked);

/// What is wrong with the URL under which clients find the agent, one sentence each.
[[nodiscard]] std::vector<std::string> lint_url(std::string_view url);

}  // namespace a2akit
