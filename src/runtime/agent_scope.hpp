#pragma once

#include <a2akit/storage/snapshot.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// How the agents of a server share its ports: each task's owner carries the name of its agent.
///
/// An agent without a name, the only one of its server, leaves owners as they are. A named one puts
/// its name in front of them, so that Storage, which compares owners as a whole, never shows a task
/// of one agent to another. See docs/adr/0012-agents-of-a-server.md.
namespace a2akit {

/// The owner under which Storage keeps the tasks of `principal` with this agent. The result is
/// unambiguous, whatever characters the principal's name has. REQUIRES: `agent` has no control
/// characters.
[[nodiscard]] std::string owner_with_agent(std::string_view agent, std::string principal);

/// The name of the agent whose task has this owner; empty for an agent without a name. A view into
/// the scope.
[[nodiscard]] std::string_view agent_of(const OwnerScope& scope) noexcept;

/// The name of the principal, without the agent's. A view into the scope.
[[nodiscard]] std::string_view principal_of(const OwnerScope& scope) noexcept;

/// RunOperation::agent for this name; never 0, and the same in every process.
[[nodiscard]] std::uint64_t agent_key(std::string_view agent) noexcept;

}  // namespace a2akit
