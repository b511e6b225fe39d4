#include "backends/postgres/postgres_broker.hpp"

#include <utility>

namespace a2akit::postgres {
namespace {

class PostgresReceiver final : public Broker::Receiver {
public:
    PostgresReceiver(std::shared_ptr<PostgresNode> node, NodeId name, Lease lease, int slots)
        : node_(std::move(node)),
          seat_(node_->queue().take_seat(*Loop::current(), name, lease, slots)) {}
    ~PostgresReceiver() override { node_->queue().close(*seat_); }

    Async<std::unique_ptr<Delivery>> receive(int room) override {
        return node_->queue().receive(seat_, room);
    }
    void close() noexcept override { node_->queue().close(*seat_); }

private:
    std::shared_ptr<PostgresNode> node_;
    std::shared_ptr<RunQueue::Seat> seat_;
};

}  // namespace

AsyncResult<void> PostgresBroker::enqueue(RunOperation operation,
                                          std::optional<Timestamp> not_before) {
    PgParams params = node_->params();
    params.add(operation.task).add(operation.turn);
    if (not_before)
        params.add(static_cast<std::int64_t>(not_before->time_since_epoch().count()));
    else
        params.null();
    params.add(operation.owner);
    const auto enqueued = co_await node_->run(node_->sql().enqueue, std::move(params));
    if (!enqueued) co_return fail(enqueued.error());
    // Where Storage stands here as well, the rows give owners another number.
    node_->queue().hint(1, node_->enqueues() ? 0 : operation.owner);
    co_return Result<void>();
}

std::unique_ptr<Broker::Receiver> PostgresBroker::receiver(NodeId node, Lease lease, int slots) {
    return std::make_unique<PostgresReceiver>(node_, node, lease, slots);
}

}  // namespace a2akit::postgres
