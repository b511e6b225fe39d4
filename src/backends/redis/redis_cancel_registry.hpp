#pragma once

#include "backends/common/shared_ports.hpp"
#include "backends/redis/redis_node.hpp"

#include <a2akit/cancel/cancel_registry.hpp>

#include <memory>

namespace a2akit::redis {

/// A key per request, which expires if it is not forgotten before, and a message that wakes the
/// watchers of all nodes. `watch` listens before it reads the key: a signal between the two would
/// else be missed.
class RedisCancelRegistry final : public CancelRegistry {
public:
    /// `local` signals the watchers in this process.
    RedisCancelRegistry(std::shared_ptr<RedisNode> node, std::shared_ptr<CancelRegistry> local);
    ~RedisCancelRegistry() override;

    AsyncResult<void> start() override {
        return backends::start_shared(*node_, RedisNode::kCancelRegistry, *local_);
    }
    AsyncResult<void> stop(SteadyTime deadline) override {
        return backends::stop_shared(*node_, RedisNode::kCancelRegistry, *local_, deadline);
    }
    AsyncResult<void> check() override { return node_->check_writes(); }
    AsyncResult<void> request_cancel(TaskId task) override;
    AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) override;
    AsyncResult<void> forget(TaskId task) override;

private:
    class Scope;
    struct LocalSignals;

    std::shared_ptr<RedisNode> node_;
    std::shared_ptr<CancelRegistry> local_;
    /// Shared with the notifier's handlers, which may outlive this by a moment.
    std::shared_ptr<LocalSignals> signals_;
};

}  // namespace a2akit::redis
