#include "backends/redis/redis_ports.hpp"

#include "backends/redis/redis_broker.hpp"
#include "backends/redis/redis_cancel_registry.hpp"
#include "backends/redis/redis_event_bus.hpp"

#include <utility>

namespace a2akit::redis {

Result<Ports> redis_ports(RedisOptions options) {
    auto address = RedisAddress::parse(options.url);
    if (!address) return fail(std::move(address.error()));
    if (!address->prefix) address->prefix = std::move(options.prefix);
    auto node = std::make_shared<RedisNode>(std::move(*address), std::move(options.names), nullptr);
    Ports ports;
    ports.broker = std::make_shared<RedisBroker>(node);
    ports.event_bus = std::make_shared<RedisEventBus>(node, std::move(options.local_bus));
    ports.cancel_registry =
        std::make_shared<RedisCancelRegistry>(node, std::move(options.local_cancels));
    return ports;
}

}  // namespace a2akit::redis
