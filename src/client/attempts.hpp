#pragma once

#include <a2akit/client/client_options.hpp>
#include <a2akit/core/error.hpp>
#include <a2akit/core/loop.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <cstdint>
#include <optional>

namespace a2akit::client {

/// Why an attempt did not succeed.
struct Failure {
    Error error;
    int status = 0;    ///< Of the response; 0: there was none.
    bool sent = true;  ///< The request may have reached the agent.
    std::optional<Duration> retry_after = {};
};

/// The delays before repeats: a state machine without clock or network.
class Backoff {
public:
    /// `seed`: for the random part of the delays.
    Backoff(const RetryPolicy& policy, std::uint64_t seed) noexcept
        : policy_(policy), random_(seed | 1) {}

    /// The delay before the next attempt; nullopt when there were enough, or when the agent asks
    /// for a longer delay than the policy allows.
    [[nodiscard]] std::optional<Duration> next(std::optional<Duration> retry_after = {}) noexcept;
    /// Begins anew, after a success.
    void reset() noexcept { made_ = 0; }

private:
    RetryPolicy policy_;
    std::uint64_t random_;
    int made_ = 0;
};

/// Whether a call may be made again after this failure (see RetryPolicy).
[[nodiscard]] bool may_repeat(const Failure& failure, Operation operation,
                              const RetryPolicy& policy) noexcept;

/// The value of a Retry-After header (RFC 9110, section 10.2.3): seconds or a date. `now`: the
/// current time.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now);

}  // namespace a2akit::client
