#include "grpc/client_status.hpp"

#include "a2a_status.pb.h"
#include "json/scalars.hpp"
#include "wire/error_table.hpp"
#include "wire/uri.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit::rpc {
namespace {

/// By the number of google.rpc.Code.
constexpr std::array<ErrorCode, 17> kByNumber{
    ErrorCode::kInternal,              // OK
    ErrorCode::kUnavailable,           // CANCELLED
    ErrorCode::kInternal,              // UNKNOWN
    ErrorCode::kInvalidParams,         // INVALID_ARGUMENT
    ErrorCode::kUnavailable,           // DEADLINE_EXCEEDED
    ErrorCode::kTaskNotFound,          // NOT_FOUND
    ErrorCode::kInvalidParams,         // ALREADY_EXISTS
    ErrorCode::kPermissionDenied,      // PERMISSION_DENIED
    ErrorCode::kResourceExhausted,     // RESOURCE_EXHAUSTED
    ErrorCode::kUnsupportedOperation,  // FAILED_PRECONDITION
    ErrorCode::kUnavailable,           // ABORTED
    ErrorCode::kInvalidParams,         // OUT_OF_RANGE
    ErrorCode::kMethodNotFound,        // UNIMPLEMENTED
    ErrorCode::kInternal,              // INTERNAL
    ErrorCode::kUnavailable,           // UNAVAILABLE
    ErrorCode::kInternal,              // DATA_LOSS
    ErrorCode::kUnauthenticated,       // UNAUTHENTICATED
};

std::string_view value_of(const client::Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

/// "TaskNotFoundError: …" names TASK_NOT_FOUND.
std::optional<ErrorCode> named_in(std::string_view message) {
    constexpr std::string_view kEnd = "Error";
    const std::string_view name = message.substr(0, message.find(':'));
    if (name.size() > 60 || !name.ends_with(kEnd)) return std::nullopt;
    std::string reason;
    for (const char c : name.substr(0, name.size() - kEnd.size())) {
        const bool is_capital = c >= 'A' && c <= 'Z';
        if (is_capital && !reason.empty()) reason += '_';
        reason += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    return wire::error_from_reason(reason);
}

/// The google.rpc details in the status; returns the reason of ErrorInfo.
std::string read_details(const details::Status& status, Error::Details& to) {
    std::string reason;
    for (const auto& any : status.details()) {
        const std::string_view type =
            std::string_view(any.type_url()).substr(any.type_url().rfind('/') + 1);
        details::ErrorInfo info;
        details::BadRequest wrong;
        details::RetryInfo retry;
        if (type == "google.rpc.ErrorInfo" && info.ParseFromString(any.value())) {
            reason = info.reason();
            for (const auto& [name, value] : info.metadata()) to.metadata.emplace_back(name, value);
        } else if (type == "google.rpc.BadRequest" && wrong.ParseFromString(any.value())) {
            for (const auto& field : wrong.field_violations())
                to.violations.push_back({field.field(), field.description()});
        } else if (type == "google.rpc.RetryInfo" && retry.ParseFromString(any.value())) {
            const auto& delay = retry.retry_delay();
            if (delay.seconds() < 0 || delay.seconds() > 1'000'000'000 || delay.nanos() < 0)
                continue;
            to.retry_after = std::chrono::ceil<std::chrono::milliseconds>(
                std::chrono::seconds(delay.seconds()) + std::chrono::nanoseconds(delay.nanos()));
        }
    }
    return reason;
}

}  // namespace

std::optional<CallStatus> read_status(const client::Headers& headers) {
    const std::string_view number = value_of(headers, "grpc-status");
    if (number.empty()) return std::nullopt;
    CallStatus status;
    const char* const end = number.data() + number.size();
    const auto parsed = std::from_chars(number.data(), end, status.code);
    // A number that cannot be read is not a success.
    if (parsed.ec != std::errc{} || parsed.ptr != end) status.code = 2;
    if (status.code == 0) return status;

    Error& error = status.error;
    const std::string_view encoded = value_of(headers, "grpc-message");
    error.message = wire::percent_decode(encoded, false).value_or(std::string(encoded));
    Error::Details found;
    found.challenge = value_of(headers, "www-authenticate");
    details::Status inside;
    std::string bytes;
    std::string reason;
    if (json::decode_base64(value_of(headers, "grpc-status-details-bin"), bytes) &&
        inside.ParseFromString(bytes)) {
        reason = read_details(inside, found);
        if (error.message.empty()) error.message = inside.message();
    }
    std::optional<ErrorCode> code = wire::error_from_reason(reason);
    if (!code) code = named_in(error.message);
    const bool is_known = status.code > 0 && status.code < static_cast<int>(kByNumber.size());
    error.code = code.value_or(is_known ? kByNumber[static_cast<std::size_t>(status.code)]
                                        : ErrorCode::kInternal);
    if (error.message.empty()) error.message = "the agent gave no reason";
    if (!found.metadata.empty() || !found.violations.empty() || found.retry_after ||
        !found.challenge.empty())
        error.details = std::make_shared<const Error::Details>(std::move(found));
    return status;
}

}  // namespace a2akit::rpc
