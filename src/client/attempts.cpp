#include "client/attempts.hpp"

#include "core/libcurl.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace a2akit::client {
namespace {

/// Calls that change nothing, or the same thing however often they are made.
bool is_harmless(Operation operation) noexcept {
    switch (operation) {
        case Operation::kSendMessage:
        case Operation::kSendStreamingMessage:
        case Operation::kCancelTask:
        case Operation::kCreateTaskPushNotificationConfig:
            return false;
        default:
            return true;
    }
}

}  // namespace

std::optional<Duration> Backoff::next(std::optional<Duration> retry_after) noexcept {
    if (++made_ >= policy_.attempts) return std::nullopt;
    if (retry_after && *retry_after > policy_.max_delay) return std::nullopt;
    Duration delay = policy_.first_delay;
    for (int i = 1; i < made_ && delay < policy_.max_delay; ++i) delay *= 2;
    delay = std::min(delay, policy_.max_delay);
    // xorshift64
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    const auto half = static_cast<std::uint64_t>(delay.count() / 2);
    if (half != 0) delay -= Duration(static_cast<Duration::rep>(random_ % (half + 1)));
    return std::max(delay, retry_after.value_or(Duration::zero()));
}

bool may_repeat(const Failure& failure, Operation operation, const RetryPolicy& policy) noexcept {
    if (!failure.sent) return true;
    if (failure.status == 429 || failure.status == 503) return true;
    const bool lost = failure.status == 0 || failure.status == 502 || failure.status == 504;
    if (lost && failure.error.code == ErrorCode::kUnavailable) {
        const bool is_send =
            operation == Operation::kSendMessage || operation == Operation::kSendStreamingMessage;
        return is_harmless(operation) || (is_send && policy.repeat_lost_sends);
    }
    return failure.status != 0 && (failure.error.code == ErrorCode::kUnavailable ||
                                   failure.error.code == ErrorCode::kResourceExhausted);
}

std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now) {
    if (value.empty()) return std::nullopt;
    long seconds = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, seconds);
    if (parsed.ec == std::errc{} && parsed.ptr == end) {
        if (seconds < 0) return std::nullopt;
        return std::chrono::seconds(std::min(seconds, 86'400L * 365));
    }
    const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date < 0) return std::nullopt;
    const Timestamp at{std::chrono::seconds(date)};
    return std::max(Duration::zero(), at - now);
}

}  // namespace a2akit::client
