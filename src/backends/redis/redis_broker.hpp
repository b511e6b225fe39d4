#pragma once

#include "backends/redis/redis_node.hpp"

#include <a2akit/broker/broker.hpp>

#include <memory>

namespace a2akit::redis {

/// A stream with a consumer group, beside it the runs that are delayed; see
/// docs/adr/0008-the-queue-in-redis.md. REQUIRES: outlives its deliveries.
class RedisBroker final : public Broker {
public:
    explicit RedisBroker(std::shared_ptr<RedisNode> node);

    AsyncResult<void> start() override { return node_->start(RedisNode::kBroker); }
    AsyncResult<void> stop(SteadyTime) override { return node_->stop(RedisNode::kBroker); }
    AsyncResult<void> check() override { return node_->check_writes(); }
    AsyncResult<void> enqueue(RunOperation operation,
                              std::optional<Timestamp> not_before) override {
        return node_->queue().enqueue(operation, not_before);
    }
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override;

private:
    std::shared_ptr<RedisNode> node_;
};

}  // namespace a2akit::redis
