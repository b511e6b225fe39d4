#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/server/server.hpp>

#include <string>
#include <string_view>

namespace a2akit {

/// kInvalidParams naming the field that a card needs and this one lacks, or that says what the server can't do.
[[nodiscard]] Result<void> check_card(const CardConfig& config);

/// The agent card as it is served under `base_url` (which has no slash at its end), with an
/// interface per binding and version served, those of 1.0 first. REQUIRES: checked.
[[nodiscard]] AgentCard build_card(const CardConfig& config, const std::string& base_url,
                                   const wire::Versions& versions = {});

}  // namespace a2akit
