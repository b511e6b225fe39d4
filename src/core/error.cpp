#include <a2akit/core/error.hpp>

namespace a2akit {

Error Error::invalid_field(std::string field, std::string description) {
    Details details;
    std::string message = field + ": " + description;
    details.violations.push_back({std::move(field), std::move(description)});
    return Error{ErrorCode::kInvalidParams, std::move(message), nullptr}.with(std::move(details));
}

Error Error::about_task(ErrorCode code, std::string message, std::string_view task_id) {
    Details details;
    details.metadata.emplace_back("taskId", task_id);
    return Error{code, std::move(message), nullptr}.with(std::move(details));
}

Error Error::unavailable(std::string message, std::chrono::milliseconds retry_after) {
    Details details;
    details.retry_after = retry_after;
    return Error{ErrorCode::kUnavailable, std::move(message), nullptr}.with(std::move(details));
}

Error Error::with(Details more) const {
    return Error{code, message, std::make_shared<const Details>(std::move(more))};
}

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kTaskNotFound:
            return "TASK_NOT_FOUND";
        case ErrorCode::kTaskNotCancelable:
            return "TASK_NOT_CANCELABLE";
        case ErrorCode::kPushNotificationNotSupported:
            return "PUSH_NOTIFICATION_NOT_SUPPORTED";
        case ErrorCode::kUnsupportedOperation:
            return "UNSUPPORTED_OPERATION";
        case ErrorCode::kContentTypeNotSupported:
            return "CONTENT_TYPE_NOT_SUPPORTED";
        case ErrorCode::kInvalidAgentResponse:
            return "INVALID_AGENT_RESPONSE";
        case ErrorCode::kExtendedAgentCardNotConfigured:
            return "EXTENDED_AGENT_CARD_NOT_CONFIGURED";
        case ErrorCode::kExtensionSupportRequired:
            return "EXTENSION_SUPPORT_REQUIRED";
        case ErrorCode::kVersionNotSupported:
            return "VERSION_NOT_SUPPORTED";
        case ErrorCode::kParseError:
            return "PARSE_ERROR";
        case ErrorCode::kInvalidRequest:
            return "INVALID_REQUEST";
        case ErrorCode::kMethodNotFound:
            return "METHOD_NOT_FOUND";
        case ErrorCode::kInvalidParams:
            return "INVALID_PARAMS";
        case ErrorCode::kUnauthenticated:
            return "UNAUTHENTICATED";
        case ErrorCode::kPermissionDenied:
            return "PERMISSION_DENIED";
        case ErrorCode::kResourceExhausted:
            return "RESOURCE_EXHAUSTED";
        case ErrorCode::kUnavailable:
            return "UNAVAILABLE";
        case ErrorCode::kInternal:
            return "INTERNAL";
        case ErrorCode::kTaskTerminal:
            return "TASK_TERMINAL";
        case ErrorCode::kRevisionConflict:
            return "REVISION_CONFLICT";
        case ErrorCode::kLeaseLost:
            return "LEASE_LOST";
        case ErrorCode::kLiveRun:
            return "LIVE_RUN";
        case ErrorCode::kRevealed:
            return "REVEALED";
        case ErrorCode::kIdempotencyConflict:
            return "IDEMPOTENCY_CONFLICT";
        case ErrorCode::kCompacted:
            return "COMPACTED";
        case ErrorCode::kStopped:
            return "STOPPED";
    }
    return "INTERNAL";
}

}  // namespace a2akit
