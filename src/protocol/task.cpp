#include <a2akit/protocol/task.hpp>

namespace a2akit {

std::string_view to_string(TaskState state) noexcept {
    switch (state) {
        case TaskState::kUnspecified:
            return "TASK_STATE_UNSPECIFIED";
        case TaskState::kSubmitted:
            return "TASK_STATE_SUBMITTED";
        case TaskState::kWorking:
            return "TASK_STATE_WORKING";
        case TaskState::kCompleted:
            return "TASK_STATE_COMPLETED";
        case TaskState::kFailed:
            return "TASK_STATE_FAILED";
        case TaskState::kCanceled:
            return "TASK_STATE_CANCELED";
        case TaskState::kInputRequired:
            return "TASK_STATE_INPUT_REQUIRED";
        case TaskState::kRejected:
            return "TASK_STATE_REJECTED";
        case TaskState::kAuthRequired:
            return "TASK_STATE_AUTH_REQUIRED";
    }
    return "TASK_STATE_UNSPECIFIED";
}

std::string Task::text() const {
    std::string joined;
    for (const auto& artifact : artifacts) {
        std::string text = artifact->text();
        if (text.empty()) continue;
        if (!joined.empty()) joined += '\n';
        joined += text;
    }
    if (joined.empty() && status.message) return (*status.message)->text();
    return joined;
}

}  // namespace a2akit
