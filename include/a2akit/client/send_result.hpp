#pragma once

#include <a2akit/protocol/task.hpp>

#include <string>
#include <utility>
#include <variant>

namespace a2akit {

/// The reply to a send: a task, or a message without a task.
class SendResult {
public:
    explicit SendResult(std::variant<Task, Message> payload) : payload_(std::move(payload)) {}

    /// Null when the agent answered with a message.
    [[nodiscard]] const Task* task() const noexcept { return std::get_if<Task>(&payload_); }
    /// Null when the agent answered with a task.
    [[nodiscard]] const Message* message() const noexcept {
        return std::get_if<Message>(&payload_);
    }
    /// The text of the artifacts, or of the status message when there is none; of the message.
    [[nodiscard]] std::string text() const;
    /// The data of the first data part; empty when there is none.
    [[nodiscard]] RawJson data() const;
    [[nodiscard]] const std::string& task_id() const noexcept;
    [[nodiscard]] const std::string& context_id() const noexcept;
    /// kCompleted for a message.
    [[nodiscard]] TaskState state() const noexcept;
    [[nodiscard]] bool is_terminal() const noexcept { return a2akit::is_terminal(state()); }

private:
    std::variant<Task, Message> payload_;
};

}  // namespace a2akit
