#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/server/server.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace a2akit {

/// kInvalidParams naming the field that a card needs and this one lacks, or that says what the
/// server can't do.
[[nodiscard]] Result<void> check_card(const CardConfig& config);

/// The agent card as it is served under `base_url` (which has no slash at its end), with an
/// interface per binding and version served, those of 1.0 first. `grpc_port` 0: gRPC is not
/// served; else it is named by the host of `base_url` and that port. REQUIRES: checked.
[[nodiscard]] AgentCard build_card(const CardConfig& config, const std::string& base_url,
                                   const wire::Versions& versions = {},
                                   std::uint16_t grpc_port = 0);

/// The host in a URL and `port`, as gRPC's clients take it: "host:port".
[[nodiscard]] std::string grpc_address(std::string_view base_url, std::uint16_t port);

}  // namespace a2akit
