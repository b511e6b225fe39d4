#pragma once

#include "runtime/agent_runtime.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/server/server.hpp>

#include <vector>

namespace a2akit {

/// The agents of a server, with what they inherit from it filled in; a server that is one agent
/// itself has one without a name. kInvalidParams naming the option that is wrong.
[[nodiscard]] Result<std::vector<AgentOptions>> agents_of(const ServerOptions& options);

/// The same for the runtime.
[[nodiscard]] std::vector<AgentSpec> specs_of(const std::vector<AgentOptions>& agents);

}  // namespace a2akit
