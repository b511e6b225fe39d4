#include "backends/postgres/postgres_event_bus.hpp"

#include <utility>

namespace a2akit::postgres {

PostgresEventBus::PostgresEventBus(std::shared_ptr<PostgresNode> node,
                                   std::shared_ptr<EventBus> local)
    : node_(std::move(node)), local_(std::move(local)) {
    node_->notifier().handlers.wake = [bus = local_](const Wake& wake) {
        bus->wake_local(wake, false);
    };
}

AsyncResult<void> PostgresEventBus::start() {
    Result<void> started = co_await local_->start();
    if (!started) co_return started;
    co_return co_await node_->start(PostgresNode::kEventBus);
}

AsyncResult<void> PostgresEventBus::stop(SteadyTime deadline) {
    Result<void> stopped = co_await node_->stop(PostgresNode::kEventBus);
    if (!stopped) co_return stopped;
    co_return co_await local_->stop(deadline);
}

AsyncResult<void> PostgresEventBus::publish(Wake wake) {
    node_->notifier().wake(wake);
    return local_->publish(wake);
}

}  // namespace a2akit::postgres
