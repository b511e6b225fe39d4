#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {

/// The kind of an error, independent of any binding. `wire/error_table.hpp` maps each code to its
/// JSON-RPC code, HTTP status, gRPC status and ErrorInfo reason (specification 1.0, section 5.4).
enum class ErrorCode : std::uint8_t {
    // The specification's own errors, section 3.3.2.
    kTaskNotFound,
    kTaskNotCancelable,
    kPushNotificationNotSupported,
    kUnsupportedOperation,
    kContentTypeNotSupported,
    kInvalidAgentResponse,
    kExtendedAgentCardNotConfigured,
    kExtensionSupportRequired,
    kVersionNotSupported,
    // What a request may get wrong before it reaches an operation.
    kParseError,      ///< The bytes are not JSON.
    kInvalidRequest,  ///< JSON, but not a request of this binding.
    kMethodNotFound,
    kInvalidParams,
    // Who asks, how often, and whether this node can answer now.
    kUnauthenticated,
    kPermissionDenied,
    kResourceExhausted,  ///< A limit of the caller; retry after Details::retry_after.
    kUnavailable,        ///< A limit or an outage of the server; retry after Details::retry_after.
    kInternal,
    // Outcomes of the ports; runtime translates them before a client sees them.
    kTaskTerminal,         ///< The task has already ended; nothing was written.
    kRevisionConflict,     ///< Guard::revision did not hold.
    kLeaseLost,            ///< Guard::epoch did not hold: another run, or a forced end, took over.
    kLiveRun,              ///< Guard::no_live_run did not hold.
    kRevealed,             ///< A direct reply came too late: the task is already visible.
    kIdempotencyConflict,  ///< The same Idempotency-Key came with another request.
    kCompacted,            ///< The asked part of the event log lies behind the compaction horizon.
    kStopped,              ///< The component is stopping or stopped.
};

/// One field of a request that is wrong (google.rpc.BadRequest.FieldViolation).
struct FieldViolation {
    std::string field = {};        ///< Path in camelCase, for example "message.parts[0].text".
    std::string description = {};  ///< What is wrong and what would be right.
};

/// An error as a value. Cheap to copy; safe to show to a client: it holds no path, no secret, no
/// other user's data.
struct Error {
    struct Details {
        std::vector<FieldViolation> violations = {};  ///< google.rpc.BadRequest
        /// google.rpc.ErrorInfo.metadata
        std::vector<std::pair<std::string, std::string>> metadata = {};
        std::optional<std::chrono::milliseconds> retry_after = {};  ///< google.rpc.RetryInfo
        std::string challenge = {};  ///< The WWW-Authenticate header of a kUnauthenticated error.
    };

    ErrorCode code = ErrorCode::kInternal;
    std::string message = {};
    std::shared_ptr<const Details> details = {};  ///< null: none

    /// kInvalidParams about one field; the message repeats what is wrong.
    static Error invalid_field(std::string field, std::string description);
    /// `code` about one task, which is named in the details.
    static Error about_task(ErrorCode code, std::string message, std::string_view task_id);
    static Error unavailable(std::string message, std::chrono::milliseconds retry_after);

    [[nodiscard]] Error with(Details more) const;
};

/// The exception that agent authors and users of the client see: the same error, thrown, so that it
/// cannot be ignored by accident.
class Exception : public std::exception {
public:
    explicit Exception(Error error) : error_(std::move(error)) {}
    [[nodiscard]] const Error& error() const noexcept { return error_; }
    [[nodiscard]] ErrorCode code() const noexcept { return error_.code; }
    [[nodiscard]] const char* what() const noexcept override { return error_.message.c_str(); }

private:
    Error error_;
};

/// "TASK_NOT_FOUND" for kTaskNotFound and so on: for logs, tests and ErrorInfo.reason.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

}  // namespace a2akit
