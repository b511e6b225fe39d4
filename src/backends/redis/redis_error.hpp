#pragma once

#include <a2akit/core/error.hpp>

#include <string>
#include <string_view>

namespace a2akit::redis {

/// The error that an error reply means. Outages, a full memory, replicas and missing rights are
/// kUnavailable: to be tried again. Everything else is kInternal. The server's text goes to the
/// log, at most once in ten seconds for each kind, and not to the caller.
[[nodiscard]] Error reply_error(std::string_view message);

/// The error "Redis does not answer"; to be tried again.
[[nodiscard]] Error connection_lost();
/// The error when the server does not speak the protocol of Redis.
[[nodiscard]] Error not_redis();
[[nodiscard]] Error unavailable(std::string message);

}  // namespace a2akit::redis
