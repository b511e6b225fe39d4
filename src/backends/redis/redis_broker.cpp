#include "backends/redis/redis_broker.hpp"

#include <utility>

namespace a2akit::redis {
namespace {

class RedisReceiver final : public Broker::Receiver {
public:
    RedisReceiver(std::shared_ptr<RedisNode> node, NodeId name, int slots)
        : node_(std::move(node)), seat_(node_->queue().take_seat(*Loop::current(), name, slots)) {}
    ~RedisReceiver() override { node_->queue().close(*seat_); }

    Async<std::unique_ptr<Delivery>> receive(int) override { return node_->queue().receive(seat_); }
    void close() noexcept override { node_->queue().close(*seat_); }

private:
    std::shared_ptr<RedisNode> node_;
    std::shared_ptr<RedisQueue::Seat> seat_;
};

}  // namespace

RedisBroker::RedisBroker(std::shared_ptr<RedisNode> node) : node_(std::move(node)) {
    node_->notifier().handlers.runs = [queue = &node_->queue()] { queue->look(); };
}

std::unique_ptr<Broker::Receiver> RedisBroker::receiver(NodeId node, Lease, int slots) {
    return std::make_unique<RedisReceiver>(node_, node, slots);
}

}  // namespace a2akit::redis
