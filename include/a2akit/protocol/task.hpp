#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/shared.hpp>
#include <a2akit/protocol/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// The state of a task (specification 1.0, section 4.1.3). The numbers are the protocol buffer's.
enum class TaskState : std::uint8_t {
    kUnspecified = 0,    ///< Of no task: the value that was not read yet, or "any" in a query.
    kSubmitted = 1,      ///< Accepted; no handler has begun.
    kWorking = 2,        ///< A handler runs, or will be run again.
    kCompleted = 3,      ///< Ended as its client wanted.
    kFailed = 4,         ///< Ended by an error.
    kCanceled = 5,       ///< Ended before it was done, by its client or its operator.
    kInputRequired = 6,  ///< Paused until a message with more input continues it.
    kRejected = 7,       ///< Ended because the agent does not want to do it.
    kAuthRequired = 8,   ///< Paused until the user has given an authorization.
};

/// Ended for good: no message, no event follows.
[[nodiscard]] constexpr bool is_terminal(TaskState state) noexcept {
    return state == TaskState::kCompleted || state == TaskState::kFailed ||
           state == TaskState::kCanceled || state == TaskState::kRejected;
}
/// Paused until the client answers (the specification says "interrupted").
[[nodiscard]] constexpr bool is_interrupted(TaskState state) noexcept {
    return state == TaskState::kInputRequired || state == TaskState::kAuthRequired;
}
/// "TASK_STATE_WORKING" and so on.
[[nodiscard]] std::string_view to_string(TaskState state) noexcept;

/// The state of a task, and what its agent said when the task came to it (specification 1.0,
/// section 4.1.2).
struct TaskStatus {
    TaskState state = TaskState::kUnspecified;
    /// A question, a reason, or a note on the progress; from the agent.
    std::optional<Shared<Message>> message = {};
    std::optional<Timestamp> timestamp = {};  ///< When Storage wrote it; UTC, to the millisecond.
};

/// The unit of work (specification 1.0, section 4.1.1).
struct Task {
    std::string id = {};          ///< Made by the server.
    std::string context_id = {};  ///< The conversation to which the task belongs.
    TaskStatus status = {};
    std::vector<Shared<Artifact>> artifacts = {};  ///< In the order in which they were begun.
    /// Messages of both sides, oldest first; as many as the request asked for.
    std::vector<Shared<Message>> history = {};
    RawJson metadata = {};  ///< A JSON object; empty: absent.

    /// The texts of all artifacts, joined by newlines; the text of the status message when there
    /// are no artifacts.
    [[nodiscard]] std::string text() const;
};

/// A task has a new status (specification 1.0, section 4.2.1). The stream of a send ends with one
/// that is terminal or kInputRequired, a subscription with one that is terminal.
struct TaskStatusUpdateEvent {
    std::string task_id = {};
    std::string context_id = {};
    TaskStatus status = {};
    RawJson metadata = {};  ///< A JSON object; empty: absent.
};

/// A task has a new artifact, or a further piece of one (specification 1.0, section 4.2.2).
struct TaskArtifactUpdateEvent {
    std::string task_id = {};
    std::string context_id = {};
    Shared<Artifact> artifact = {};
    /// True: the parts are added to those of the artifact with the same id. False: the artifact
    /// begins, and replaces an older one of its id.
    bool append = false;
    bool last_chunk = false;  ///< The artifact is complete.
    RawJson metadata = {};    ///< A JSON object; empty: absent.
};

}  // namespace a2akit
