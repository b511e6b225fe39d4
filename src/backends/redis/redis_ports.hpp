#pragma once

#include "backends/redis/redis_node.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/ports.hpp>

#include <memory>
#include <string>

namespace a2akit::redis {

struct RedisOptions {
    std::string url;     ///< redis://… or rediss://…; see redis_address.hpp.
    std::string prefix;  ///< Of keys and channels, where the URL names none.
    RedisNames names = {};
    /// The local ports on which this process's subscribers and watchers wait.
    std::shared_ptr<EventBus> local_bus = {};
    std::shared_ptr<CancelRegistry> local_cancels = {};
};

/// Broker, EventBus and CancelRegistry on one Redis; no Storage. Connects when the first of them is
/// started. kInvalidParams for a URL that cannot be one. REQUIRES: the local ports are given.
[[nodiscard]] Result<Ports> redis_ports(RedisOptions options);

}  // namespace a2akit::redis
