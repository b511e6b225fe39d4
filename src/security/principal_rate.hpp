#pragma once

#include "security/rate_limiter.hpp"

#include <a2akit/request/middleware.hpp>

#include <memory>

namespace a2akit::security {

/// Limits the calls of each principal, and those of anonymous callers by their address. Stands
/// behind the middlewares that set the principal. Each call of a batch counts.
class PrincipalRate final : public Middleware {
public:
    explicit PrincipalRate(std::shared_ptr<RateLimiter> limiter) : limiter_(std::move(limiter)) {}
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;

private:
    const std::shared_ptr<RateLimiter> limiter_;
};

}  // namespace a2akit::security
