#include "backends/postgres/postgres_broker.hpp"

#include <utility>

namespace a2akit::postgres {
namespace {

class PostgresReceiver final : public Broker::Receiver {
public:
    PostgresReceiver(std::shared_ptr<PostgresNode> node, NodeId name, Lease lease)
        : node_(std::move(node)),
          seat_(node_->queue().take_seat(*Loop::current())),
          name_(name),
          lease_(lease) {}
    ~PostgresReceiver() override { node_->queue().close(*seat_); }

    Async<std::unique_ptr<Delivery>> receive(int room) override {
        return node_->queue().receive(seat_, name_, lease_, room);
    }
    void close() noexcept override { node_->queue().close(*seat_); }

private:
    std::shared_ptr<PostgresNode> node_;
    std::shared_ptr<RunQueue::Seat> seat_;
    const NodeId name_;
    const Lease lease_;
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
    const auto enqueued = co_await node_->run(node_->sql().enqueue, std::move(params));
    if (!enqueued) co_return fail(enqueued.error());
    node_->queue().hint();
    co_return Result<void>();
}

std::unique_ptr<Broker::Receiver> PostgresBroker::receiver(NodeId node, Lease lease, int) {
    return std::make_unique<PostgresReceiver>(node_, node, lease);
}

}  // namespace a2akit::postgres
