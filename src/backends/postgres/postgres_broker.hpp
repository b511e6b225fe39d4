#pragma once

#include "backends/postgres/postgres_node.hpp"

#include <a2akit/broker/broker.hpp>

#include <memory>

namespace a2akit::postgres {

/// The queue table. Where Storage stands in the same node, a turn that is made is enqueued with it,
/// and what is received is claimed already.
class PostgresBroker final : public Broker {
public:
    explicit PostgresBroker(std::shared_ptr<PostgresNode> node) : node_(std::move(node)) {}

    AsyncResult<void> start() override { return node_->start(PostgresNode::kBroker); }
    AsyncResult<void> stop(SteadyTime) override { return node_->stop(PostgresNode::kBroker); }
    AsyncResult<void> check() override { return node_->check(); }
    AsyncResult<void> enqueue(RunOperation operation, std::optional<Timestamp> not_before) override;
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override;

private:
    std::shared_ptr<PostgresNode> node_;
};

}  // namespace a2akit::postgres
