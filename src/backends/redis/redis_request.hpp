#pragma once

#include "backends/common/remote_call.hpp"
#include "backends/redis/redis_reply.hpp"

#include <string>

namespace a2akit::redis {

struct RedisRequest : backends::RemoteCall<RedisRequest, RedisReply> {
    RedisRequest(const RedisCommand& c, Duration w) : command(c.formatted()), within(w) {}

    const std::string command;
    const Duration within;  ///< The connection is given up when the answer takes longer.
};
using RedisRequestQueue = backends::CallQueue<RedisRequest>;

}  // namespace a2akit::redis
