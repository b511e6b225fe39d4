#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <cstddef>
#include <optional>

namespace a2akit {

/// What a middleware's `before_body` has found out about the caller, for its `before_dispatch`:
/// credentials are verified once per request.
struct KeptPrincipal {
    Principal principal;
    std::size_t way = 0;  ///< A number of the middleware's own.
};

/// Puts it into the values of the request, under a name that belongs to `middleware` and that
/// nobody else can guess.
void keep_principal(RequestContext& context, const void* middleware, const KeptPrincipal& kept);

/// Takes it out again, so that no handler sees it; nullopt when nothing was kept.
[[nodiscard]] std::optional<KeptPrincipal> take_principal(RequestContext& context,
                                                          const void* middleware);

/// For `before_body`: keeps the caller that `verified` finds out for `before_dispatch`; fails when
/// there is none.
AsyncResult<void> keep_verified(RequestContext& context, const void* middleware,
                                AsyncResult<Principal> verified);
/// For `before_dispatch`: makes the caller that was kept the caller of the request; false when none
/// was kept.
[[nodiscard]] bool use_kept(RequestEnvelope& envelope, const void* middleware);
/// For `before_dispatch`, when none was kept: makes the caller that `verified` finds out the caller
/// of the request; fails when there is none.
AsyncResult<void> use_verified(RequestEnvelope& envelope, AsyncResult<Principal> verified);

}  // namespace a2akit
