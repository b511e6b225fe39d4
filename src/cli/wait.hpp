#pragma once

#include "cli/agent.hpp"
#include "cli/session.hpp"

#include <a2akit/protocol/task.hpp>

#include <optional>

namespace a2akit::cli {

/// Asks for the task until it has ended or is paused (a2a-cli specification 0.2, section 9.3). An
/// unspecified state is neither. The pauses are --poll-interval when it was given; else they grow
/// up to its default. An agent that can't be reached is asked three times more.
[[nodiscard]] Task poll_until_settled(Agent& agent, Task task, const Session& session,
                                      std::optional<int> history_length = {});

[[nodiscard]] inline bool is_settled(const Task& task) noexcept {
    return is_terminal(task.status.state) || is_interrupted(task.status.state);
}

}  // namespace a2akit::cli
