#include "backends/redis/redis_event_bus.hpp"

#include <utility>

namespace a2akit::redis {

RedisEventBus::RedisEventBus(std::shared_ptr<RedisNode> node, std::shared_ptr<EventBus> local)
    : node_(std::move(node)), local_(std::move(local)) {
    node_->notifier().handlers.wake = [bus = local_](const Wake& wake) {
        bus->wake_local(wake, false);
    };
}

AsyncResult<void> RedisEventBus::start() {
    Result<void> started = co_await local_->start();
    if (!started) co_return started;
    co_return co_await node_->start(RedisNode::kEventBus);
}

AsyncResult<void> RedisEventBus::stop(SteadyTime deadline) {
    Result<void> stopped = co_await node_->stop(RedisNode::kEventBus);
    if (!stopped) co_return stopped;
    co_return co_await local_->stop(deadline);
}

AsyncResult<void> RedisEventBus::publish(Wake wake) {
    node_->notifier().wake(wake);
    return local_->publish(wake);
}

}  // namespace a2akit::redis
