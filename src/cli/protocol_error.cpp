#include "cli/protocol_error.hpp"

#include "wire/error_table.hpp"

namespace a2akit::cli {
namespace {

std::string hint_for(ErrorCode code, const CallFacts& facts) {
    switch (code) {
        case ErrorCode::kTaskNotFound:
        case ErrorCode::kInvalidParams:
        case ErrorCode::kUnsupportedOperation:
        case ErrorCode::kTaskTerminal:
        case ErrorCode::kContentTypeNotSupported:
            return "Add --debug to see the messages that were exchanged";
        case ErrorCode::kTaskNotCancelable:
            return "a2akit task get shows the state of the task";
        case ErrorCode::kVersionNotSupported:
            return "a2akit card get lists the versions of the agent; choose one with --a2a-version";
        case ErrorCode::kExtensionSupportRequired:
            return "a2akit card get lists the extensions of the agent; add --extension URI";
        case ErrorCode::kPushNotificationNotSupported:
            return "Follow the task with a2akit task subscribe or a2akit task get --wait";
        default:
            return facts.debug_hint;
    }
}

std::string number_of(const wire::ErrorRow& row, const std::string& binding) {
    if (binding == "JSONRPC") return std::to_string(row.json_rpc_code);
    if (binding == "GRPC") return '"' + std::string(row.grpc_status) + '"';
    return std::to_string(row.http_status);
}

}  // namespace

std::string_view protocol_name(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kTaskNotFound:
            return "TaskNotFoundError";
        case ErrorCode::kTaskNotCancelable:
            return "TaskNotCancelableError";
        case ErrorCode::kPushNotificationNotSupported:
            return "PushNotificationNotSupportedError";
        case ErrorCode::kUnsupportedOperation:
        case ErrorCode::kTaskTerminal:
        case ErrorCode::kLiveRun:
            return "UnsupportedOperationError";
        case ErrorCode::kContentTypeNotSupported:
            return "ContentTypeNotSupportedError";
        case ErrorCode::kInvalidAgentResponse:
            return "InvalidAgentResponseError";
        case ErrorCode::kExtendedAgentCardNotConfigured:
            return "ExtendedAgentCardNotConfiguredError";
        case ErrorCode::kExtensionSupportRequired:
            return "ExtensionSupportRequiredError";
        case ErrorCode::kVersionNotSupported:
            return "VersionNotSupportedError";
        case ErrorCode::kParseError:
            return "JSONParseError";
        case ErrorCode::kInvalidRequest:
            return "InvalidRequestError";
        case ErrorCode::kMethodNotFound:
            return "MethodNotFoundError";
        case ErrorCode::kInvalidParams:
        case ErrorCode::kIdempotencyConflict:
        case ErrorCode::kCompacted:
            return "InvalidParamsError";
        default:
            return "InternalError";
    }
}

Failure to_failure(const Error& error, const CallFacts& facts) {
    switch (error.code) {
        case ErrorCode::kUnauthenticated:
        case ErrorCode::kPermissionDenied:
            return Failure(
                facts.has_credentials ? LocalError::kAuthFailed : LocalError::kCredentialsMissing,
                error.message, facts.auth_hint);
        case ErrorCode::kUnavailable:
        case ErrorCode::kStopped:
            return Failure(LocalError::kUnreachable, error.message,
                           "Check the address, and that the agent is running");
        default:
            break;
    }
    const wire::ErrorRow& row = wire::error_row(error.code);
    return Failure(std::string(protocol_name(error.code)), error.message,
                   hint_for(error.code, facts), number_of(row, facts.binding));
}

}  // namespace a2akit::cli
