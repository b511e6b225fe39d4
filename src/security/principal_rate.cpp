#include "security/principal_rate.hpp"

#include "security/gate.hpp"

#include <a2akit/core/loop.hpp>

namespace a2akit::security {

AsyncResult<void> PrincipalRate::before_dispatch(RequestEnvelope& envelope) {
    // A name cannot be taken for an address: no name is empty.
    const std::string key = envelope.principal.is_anonymous()
                                ? '\0' + rate_key(envelope.context.remote_address)
                                : envelope.principal.name;
    const auto wait = limiter_->take(key, Loop::current()->now());
    if (!wait) return Result<void>{};
    Error::Details details;
    details.retry_after = *wait;
    return Error{ErrorCode::kResourceExhausted, "you call too often; try again later", nullptr}
        .with(std::move(details));
}

}  // namespace a2akit::security
