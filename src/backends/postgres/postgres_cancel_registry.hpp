#pragma once

#include "backends/common/shared_ports.hpp"
#include "backends/postgres/postgres_node.hpp"

#include <a2akit/cancel/cancel_registry.hpp>

#include <memory>

namespace a2akit::postgres {

/// A row per request, and a registry of this process that knows all rows: read when listening
/// begins, told of each later one. So watching needs no query.
class PostgresCancelRegistry final : public CancelRegistry {
public:
    /// `local` signals the watchers in this process.
    PostgresCancelRegistry(std::shared_ptr<PostgresNode> node,
                           std::shared_ptr<CancelRegistry> local);

    AsyncResult<void> start() override {
        return backends::start_shared(*node_, PostgresNode::kCancelRegistry, *local_);
    }
    AsyncResult<void> stop(SteadyTime deadline) override {
        return backends::stop_shared(*node_, PostgresNode::kCancelRegistry, *local_, deadline);
    }
    AsyncResult<void> check() override { return node_->check(); }
    AsyncResult<void> request_cancel(TaskId task) override;
    AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) override {
        return local_->watch(task);
    }
    AsyncResult<void> forget(TaskId task) override;

private:
    std::shared_ptr<PostgresNode> node_;
    std::shared_ptr<CancelRegistry> local_;
    /// Shared with the notifier's handlers, which may outlive this by a moment.
    std::shared_ptr<backends::KnownSignals> known_;
};

}  // namespace a2akit::postgres
