#pragma once

#include <a2akit/core/error.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

/// The one table of errors: what each code is called in every binding (specification 1.0,
/// sections 5.4, 9.5, 11.6), and the way back for the client.
namespace a2akit::wire {

/// ErrorInfo.domain of the errors that the specification names, and of the others.
inline constexpr std::string_view kSpecificationDomain = "a2a-protocol.org";
inline constexpr std::string_view kOwnDomain = "a2akit";

/// When ErrorInfo goes into the details: the specification demands it for its own errors; some
/// others can't be told apart by their numbers alone; the rest carry it only to hold metadata.
enum class Info : std::uint8_t { kSpecification, kOwn, kMetadataOnly };

struct ErrorRow {
    ErrorCode code;
    int json_rpc_code;
    int http_status;
    std::string_view grpc_status;  ///< google.rpc.Code, also `error.status` of HTTP+JSON.
    std::string_view reason;       ///< ErrorInfo.reason
    Info info;
};

// Errors of the ports that were not translated before appear as the nearest public error.
inline constexpr std::array<ErrorRow, 26> kErrorTable{{
    {ErrorCode::kTaskNotFound, -32001, 404, "NOT_FOUND", "TASK_NOT_FOUND", Info::kSpecification},
    {ErrorCode::kTaskNotCancelable, -32002, 400, "FAILED_PRECONDITION", "TASK_NOT_CANCELABLE",
     Info::kSpecification},
    {ErrorCode::kPushNotificationNotSupported, -32003, 400, "FAILED_PRECONDITION",
     "PUSH_NOTIFICATION_NOT_SUPPORTED", Info::kSpecification},
    {ErrorCode::kUnsupportedOperation, -32004, 400, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION",
     Info::kSpecification},
    {ErrorCode::kContentTypeNotSupported, -32005, 400, "INVALID_ARGUMENT",
     "CONTENT_TYPE_NOT_SUPPORTED", Info::kSpecification},
    {ErrorCode::kInvalidAgentResponse, -32006, 500, "INTERNAL", "INVALID_AGENT_RESPONSE",
     Info::kSpecification},
    {ErrorCode::kExtendedAgentCardNotConfigured, -32007, 400, "FAILED_PRECONDITION",
     "EXTENDED_AGENT_CARD_NOT_CONFIGURED", Info::kSpecification},
    {ErrorCode::kExtensionSupportRequired, -32008, 400, "FAILED_PRECONDITION",
     "EXTENSION_SUPPORT_REQUIRED", Info::kSpecification},
    {ErrorCode::kVersionNotSupported, -32009, 400, "FAILED_PRECONDITION", "VERSION_NOT_SUPPORTED",
     Info::kSpecification},
    {ErrorCode::kParseError, -32700, 400, "INVALID_ARGUMENT", "PARSE_ERROR", Info::kMetadataOnly},
    {ErrorCode::kInvalidRequest, -32600, 400, "INVALID_ARGUMENT", "INVALID_REQUEST",
     Info::kMetadataOnly},
    {ErrorCode::kMethodNotFound, -32601, 404, "UNIMPLEMENTED", "METHOD_NOT_FOUND",
     Info::kMetadataOnly},
    {ErrorCode::kInvalidParams, -32602, 400, "INVALID_ARGUMENT", "INVALID_PARAMS",
     Info::kMetadataOnly},
    {ErrorCode::kUnauthenticated, -32031, 401, "UNAUTHENTICATED", "UNAUTHENTICATED", Info::kOwn},
    {ErrorCode::kPermissionDenied, -32033, 403, "PERMISSION_DENIED", "PERMISSION_DENIED",
     Info::kOwn},
    {ErrorCode::kResourceExhausted, -32603, 429, "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED",
     Info::kOwn},
    {ErrorCode::kUnavailable, -32603, 503, "UNAVAILABLE", "UNAVAILABLE", Info::kOwn},
    {ErrorCode::kInternal, -32603, 500, "INTERNAL", "INTERNAL", Info::kMetadataOnly},
    {ErrorCode::kTaskTerminal, -32004, 400, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION",
     Info::kSpecification},
    {ErrorCode::kRevisionConflict, -32603, 503, "UNAVAILABLE", "UNAVAILABLE", Info::kOwn},
    {ErrorCode::kLeaseLost, -32603, 500, "INTERNAL", "INTERNAL", Info::kMetadataOnly},
    {ErrorCode::kLiveRun, -32004, 400, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION",
     Info::kSpecification},
    {ErrorCode::kRevealed, -32603, 500, "INTERNAL", "INTERNAL", Info::kMetadataOnly},
    {ErrorCode::kIdempotencyConflict, -32602, 400, "INVALID_ARGUMENT", "IDEMPOTENCY_CONFLICT",
     Info::kOwn},
    {ErrorCode::kCompacted, -32602, 400, "INVALID_ARGUMENT", "INVALID_PARAMS", Info::kMetadataOnly},
    {ErrorCode::kStopped, -32603, 503, "UNAVAILABLE", "UNAVAILABLE", Info::kOwn},
}};

namespace detail {
constexpr bool table_is_indexed_by_code() {
    for (std::size_t i = 0; i < kErrorTable.size(); ++i) {
        if (kErrorTable[i].code != static_cast<ErrorCode>(i)) return false;
    }
    return kErrorTable.size() == static_cast<std::size_t>(ErrorCode::kStopped) + 1;
}
static_assert(table_is_indexed_by_code());
}  // namespace detail

[[nodiscard]] constexpr const ErrorRow& error_row(ErrorCode code) noexcept {
    return kErrorTable[static_cast<std::size_t>(code)];
}

/// The code with this ErrorInfo.reason; nullopt for an unknown reason.
[[nodiscard]] constexpr std::optional<ErrorCode> error_from_reason(
    std::string_view reason) noexcept {
    for (const ErrorRow& row : kErrorTable) {
        if (row.reason == reason) return row.code;
    }
    return std::nullopt;
}

/// For a response without ErrorInfo: the code of a JSON-RPC error number. kInternal when unknown.
[[nodiscard]] constexpr ErrorCode error_from_json_rpc(int number) noexcept {
    if (number == -32603) return ErrorCode::kInternal;
    for (const ErrorRow& row : kErrorTable) {
        if (row.json_rpc_code == number) return row.code;
    }
    return ErrorCode::kInternal;
}

/// For a response without ErrorInfo: the code of an HTTP status. kInternal when unknown.
[[nodiscard]] constexpr ErrorCode error_from_http(int status) noexcept {
    switch (status) {
        case 400:
        case 422:
            return ErrorCode::kInvalidParams;
        case 401:
            return ErrorCode::kUnauthenticated;
        case 403:
            return ErrorCode::kPermissionDenied;
        case 404:
            return ErrorCode::kTaskNotFound;
        case 405:
            return ErrorCode::kMethodNotFound;
        case 406:
        case 415:
            return ErrorCode::kContentTypeNotSupported;
        case 409:
            return ErrorCode::kTaskNotCancelable;
        case 413:
        case 431:
            return ErrorCode::kInvalidRequest;
        case 429:
            return ErrorCode::kResourceExhausted;
        case 501:
            return ErrorCode::kUnsupportedOperation;
        case 502:
        case 503:
        case 504:
            return ErrorCode::kUnavailable;
        default:
            return ErrorCode::kInternal;
    }
}

/// google.rpc.Code of an HTTP status that belongs to HTTP alone.
[[nodiscard]] constexpr std::string_view grpc_status_of_http(int status) noexcept {
    switch (status) {
        case 401:
            return "UNAUTHENTICATED";
        case 403:
            return "PERMISSION_DENIED";
        case 404:
            return "NOT_FOUND";
        case 405:
        case 501:
            return "UNIMPLEMENTED";
        case 408:
            return "DEADLINE_EXCEEDED";
        case 429:
            return "RESOURCE_EXHAUSTED";
        case 500:
            return "INTERNAL";
        case 503:
            return "UNAVAILABLE";
        default:
            return "INVALID_ARGUMENT";
    }
}

}  // namespace a2akit::wire
