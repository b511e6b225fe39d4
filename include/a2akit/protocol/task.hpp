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
    kUnspecified = 0,
    kSubmitted = 1,
    kWorking = 2,
    kCompleted = 3,
    kFailed = 4,
    kCanceled = 5,
    kInputRequired = 6,
    kRejected = 7,
    kAuthRequired = 8,
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

/// Specification 1.0, section 4.1.2.
struct TaskStatus {
    TaskState state = TaskState::kUnspecified;
    std::optional<Shared<Message>> message = {};
    std::optional<Timestamp> timestamp = {};
};

/// The unit of work (specification 1.0, section 4.1.1).
struct Task {
    std::string id = {};
    std::string context_id = {};
    TaskStatus status = {};
    std::vector<Shared<Artifact>> artifacts = {};
    std::vector<Shared<Message>> history = {};
    RawJson metadata = {};

    /// The texts of all artifacts, joined by newlines; the text of the status message when there
    /// are no artifacts.
    [[nodiscard]] std::string text() const;
};

/// Specification 1.0, section 4.2.1.
struct TaskStatusUpdateEvent {
    std::string task_id = {};
    std::string context_id = {};
    TaskStatus status = {};
    RawJson metadata = {};
};

/// Specification 1.0, section 4.2.2.
struct TaskArtifactUpdateEvent {
    std::string task_id = {};
    std::string context_id = {};
    Shared<Artifact> artifact = {};
    bool append = false;
    bool last_chunk = false;
    RawJson metadata = {};
};

}  // namespace a2akit
