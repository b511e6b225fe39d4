#pragma once

#include "backends/postgres/postgres_node.hpp"

#include <a2akit/cancel/cancel_registry.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace a2akit::postgres {

/// A row per request, and a registry of this process that knows all rows: read when listening
/// begins, told of each later one. So watching needs no query.
class PostgresCancelRegistry final : public CancelRegistry {
public:
    /// `local` signals the watchers in this process.
    PostgresCancelRegistry(std::shared_ptr<PostgresNode> node,
                           std::shared_ptr<CancelRegistry> local);
    ~PostgresCancelRegistry() override;

    AsyncResult<void> start() override;
    AsyncResult<void> stop(SteadyTime deadline) override;
    AsyncResult<void> check() override { return node_->check(); }
    AsyncResult<void> request_cancel(TaskId task) override;
    AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) override {
        return local_->watch(task);
    }
    AsyncResult<void> forget(TaskId task) override;

private:
    /// Shared with the notifier's handlers, which may outlive this by a moment.
    struct Known;
    std::shared_ptr<PostgresNode> node_;
    std::shared_ptr<CancelRegistry> local_;
    std::shared_ptr<Known> known_;
};

}  // namespace a2akit::postgres
