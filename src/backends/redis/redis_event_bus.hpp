#pragma once

#include "backends/common/shared_ports.hpp"
#include "backends/redis/redis_node.hpp"

namespace a2akit::redis {

using RedisEventBus = backends::SharedEventBus<RedisNode>;

}  // namespace a2akit::redis
