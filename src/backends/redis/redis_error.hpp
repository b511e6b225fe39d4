#pragma once

#include <a2akit/core/error.hpp>

#include <string>
#include <string_view>

namespace a2akit::redis {

/// What an error reply means. Outages, a full memory, replicas and missing rights are kUnavailable: to be tried again.
/// Everything else is kInternal. What the server said goes to the log, at most once in ten seconds for each kind, and
/// not to the caller.
[[nodiscard]] Error reply_error(std::string_view message);

/// "Redis does not answer" in so many words; to be tried again.
[[nodiscard]] Error connection_lost();
/// What answers does not speak the protocol.
[[nodiscard]] Error not_redis();
[[nodiscard]] Error unavailable(std::string message);

}  // namespace a2akit::redis
