#pragma once

#include <a2akit/core/request_context.hpp>

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

}  // namespace a2akit
