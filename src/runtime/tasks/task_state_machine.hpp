#pragma once

#include <a2akit/core/error.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/protocol/task.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace a2akit {

// The life of a task as pure functions: facts in, verdicts out. No clock, no Storage, no waiting.

/// The state of an existing task that a message names.
struct FollowUpFacts {
    TaskState state = TaskState::kUnspecified;
    std::string_view task_context;     ///< contextId of the task.
    std::string_view message_context;  ///< contextId of the message; empty: inferred from the task.
};
/// Nothing when the message may continue the task; otherwise why not: kInvalidParams for another
/// contextId, kUnsupportedOperation naming the state for a task that is not paused.
[[nodiscard]] std::optional<Error> refuse_follow_up(TaskId task, const FollowUpFacts& facts);

/// kTaskNotCancelable naming the state when the task has ended; nothing otherwise.
[[nodiscard]] std::optional<Error> refuse_cancel(TaskId task, TaskState state);

/// The kind of a stream: that of a send ends with the message's turn, a subscription ends with the
/// task.
enum class StreamKind : std::uint8_t { kSend, kSubscription };

/// Whether a status ends a stream. REQUIRES for kSend: the status came after the message of the
/// stream.
[[nodiscard]] bool ends_stream(StreamKind kind, TaskState state) noexcept;

/// The state of a turn, for a call that waits for it.
struct TurnFacts {
    Turn waited_for = 0;
    Turn newest = 0;
    bool newest_ended = false;
    TaskState state = TaskState::kUnspecified;
};
/// Whether the turn that is waited for has ended. A pause of an earlier turn never counts.
[[nodiscard]] bool turn_has_ended(const TurnFacts& facts) noexcept;

}  // namespace a2akit
