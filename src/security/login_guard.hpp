#pragma once

#include "security/rate_limiter.hpp"

#include <a2akit/core/error.hpp>

#include <optional>
#include <string_view>

namespace a2akit::security {

/// Slows down addresses that send wrong credentials: some are answered immediately, further ones
/// with a 429, one a second. Safe from any thread.
class LoginGuard {
public:
    LoginGuard() : failures_(1, 20) {}

    /// Counts wrong credentials. kResourceExhausted when the address has sent too many of them;
    /// nullopt otherwise.
    [[nodiscard]] std::optional<Error> count_failure(std::string_view address, SteadyTime now);

    /// Counts likewise, and returns what the caller is told: `error`, or that it has to wait. Right
    /// credentials that cannot be guessed pass whatever others at their address do.
    [[nodiscard]] Error told(std::string_view address, Error error);
    /// The same question without counting, for credentials that can be guessed: they are not
    /// checked at all then.
    [[nodiscard]] std::optional<Error> refuse(std::string_view address, SteadyTime now);

private:
    RateLimiter failures_;
};

}  // namespace a2akit::security
