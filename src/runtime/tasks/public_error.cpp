#include "runtime/tasks/public_error.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace a2akit {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{1000};
constexpr std::size_t kLongestEchoedId = 64;

}  // namespace

Error public_error(Error error, std::string_view key_field) {
    switch (error.code) {
        case ErrorCode::kTaskTerminal:
            error.code = ErrorCode::kUnsupportedOperation;
            return error;
        case ErrorCode::kIdempotencyConflict: {
            Error::Details details;
            details.violations.push_back(
                {std::string(key_field),
                 "was sent before with another request; use a new one for a new request"});
            std::string message =
                std::string(key_field) + ": " + details.violations.front().description;
            return Error{ErrorCode::kIdempotencyConflict, std::move(message), nullptr}.with(
                std::move(details));
        }
        case ErrorCode::kRevisionConflict:
        case ErrorCode::kLiveRun:
            return Error::unavailable("the task is being changed by others; try again",
                                      kRetryAfter);
        case ErrorCode::kStopped:
            return draining_error();
        case ErrorCode::kUnavailable:
            // The text names engines, hosts and settings, so it is not for clients. The engines log
            // it, once per outage.
            log::debug("a port failed error={}", quoted(error.message));
            error.message = "the storage is not available; try again";
            return error;
        case ErrorCode::kInternal:
            log::debug("a port failed error={}", quoted(error.message));
            error.message = "internal error";
            return error;
        case ErrorCode::kLeaseLost:
        case ErrorCode::kRevealed:
        case ErrorCode::kCompacted:
            return Error{ErrorCode::kInternal, "internal error", nullptr};
        default:
            return error;
    }
}

Error task_not_found(std::string_view id) {
    if (id.size() > kLongestEchoedId) id = {};
    return Error::about_task(ErrorCode::kTaskNotFound, "no such task", id);
}

Error not_queued_error(TaskId task) {
    return Error::unavailable("the task " + task.to_string() +
                                  " is accepted, but the queue that starts it is not available; "
                                  "it starts when the queue is back",
                              kRetryAfter);
}

Error draining_error() {
    return Error::unavailable("the server is stopping; try again", kRetryAfter);
}

}  // namespace a2akit
