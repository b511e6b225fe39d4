#pragma once

#include "backends/redis/redis_node.hpp"

#include <a2akit/event_bus/event_bus.hpp>

#include <memory>

namespace a2akit::redis {

/// A bus of this process, and the notifier for the other nodes.
class RedisEventBus final : public EventBus {
public:
    /// `local` wakes the subscribers in this process.
    RedisEventBus(std::shared_ptr<RedisNode> node, std::shared_ptr<EventBus> local);

    AsyncResult<void> start() override;
    AsyncResult<void> stop(SteadyTime deadline) override;
    AsyncResult<void> check() override { return node_->check(); }
    AsyncResult<void> publish(Wake wake) override;
    AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId task, Interest interest) override {
        return local_->subscribe(task, interest);
    }
    [[nodiscard]] std::vector<TaskId> watched() const override { return local_->watched(); }
    void wake_local(Wake wake, bool erased) override { local_->wake_local(wake, erased); }

private:
    std::shared_ptr<RedisNode> node_;
    std::shared_ptr<EventBus> local_;
};

}  // namespace a2akit::redis
