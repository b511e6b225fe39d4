#include <a2akit/request/request_envelope.hpp>

#include <utility>

namespace a2akit {

std::string_view to_string(Operation operation) noexcept {
    switch (operation) {
        case Operation::kSendMessage:
            return "SendMessage";
        case Operation::kSendStreamingMessage:
            return "SendStreamingMessage";
        case Operation::kGetTask:
            return "GetTask";
        case Operation::kListTasks:
            return "ListTasks";
        case Operation::kCancelTask:
            return "CancelTask";
        case Operation::kSubscribeToTask:
            return "SubscribeToTask";
        case Operation::kCreateTaskPushNotificationConfig:
            return "CreateTaskPushNotificationConfig";
        case Operation::kGetTaskPushNotificationConfig:
            return "GetTaskPushNotificationConfig";
        case Operation::kListTaskPushNotificationConfigs:
            return "ListTaskPushNotificationConfigs";
        case Operation::kDeleteTaskPushNotificationConfig:
            return "DeleteTaskPushNotificationConfig";
        case Operation::kGetExtendedAgentCard:
            return "GetExtendedAgentCard";
    }
    return "Unknown";
}

AsyncResult<void> RequestHandler::before_body(RequestContext&) { return Result<void>{}; }

Async<HandledRequest> RequestHandler::handle(RequestEnvelope envelope) {
    HandledRequest handled;
    Async<void> answering = answer(envelope, handled);
    co_await std::move(answering);
    co_return handled;
}

}  // namespace a2akit
