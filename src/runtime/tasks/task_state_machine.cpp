#include "runtime/tasks/task_state_machine.hpp"

#include <string>

namespace a2akit {

std::optional<Error> refuse_follow_up(TaskId task, const FollowUpFacts& facts) {
    if (!facts.message_context.empty() && facts.message_context != facts.task_context) {
        return Error::invalid_field(
            "message.contextId",
            "is not the contextId of the task; leave it out or send the task's own");
    }
    if (is_interrupted(facts.state)) return std::nullopt;
    std::string message = "the task is in ";
    message += to_string(facts.state);
    message += is_terminal(facts.state)
                   ? " and takes no further messages; send one without taskId to start a new task"
                   : " and takes no message until it asks for one";
    return Error::about_task(ErrorCode::kUnsupportedOperation, std::move(message),
                             task.to_string());
}

std::optional<Error> refuse_cancel(TaskId task, TaskState state) {
    if (!is_terminal(state)) return std::nullopt;
    std::string message = "the task has already ended in ";
    message += to_string(state);
    return Error::about_task(ErrorCode::kTaskNotCancelable, std::move(message), task.to_string());
}

bool ends_stream(StreamKind kind, TaskState state) noexcept {
    return is_terminal(state) || (kind == StreamKind::kSend && state == TaskState::kInputRequired);
}

bool turn_has_ended(const TurnFacts& facts) noexcept {
    if (is_terminal(facts.state) || facts.newest > facts.waited_for) return true;
    return facts.newest == facts.waited_for && facts.newest_ended;
}

}  // namespace a2akit
