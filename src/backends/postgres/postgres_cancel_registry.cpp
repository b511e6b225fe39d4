#include "backends/postgres/postgres_cancel_registry.hpp"

#include "backends/common/recent_tasks.hpp"
#include "core/log.hpp"

#include <utility>

namespace a2akit::postgres {
namespace {

constexpr std::size_t kMostKnown = 20'000;

}  // namespace

/// The tasks whose rows this process has heard of.
struct PostgresCancelRegistry::Known {
    explicit Known(std::shared_ptr<CancelRegistry> registry) : local(std::move(registry)) {}

    void add(const TaskId& task) {
        const std::lock_guard lock(mutex);
        tasks.insert(task);
        count.store(tasks.size());
    }
    bool remove(const TaskId& task) {
        if (count.load() == 0) return false;
        const std::lock_guard lock(mutex);
        const bool known = tasks.erase(task);
        count.store(tasks.size());
        return known;
    }
    static Async<void> signal(std::shared_ptr<Known> self, TaskId task) {
        self->add(task);
        const auto signalled = co_await self->local->request_cancel(task);
        if (!signalled) log::warn("a cancel was not passed on: {}", signalled.error().message);
    }
    static Async<void> read_all(std::shared_ptr<Known> self, PostgresNode& node) {
        const auto rows = co_await node.run(node.sql().cancels, PgParams());
        if (!rows) co_return;
        for (int i = 0; i < rows->size(); ++i) co_await signal(self, TaskId{(*rows)[i].uuid()});
    }

    const std::shared_ptr<CancelRegistry> local;
    std::mutex mutex;
    /// Bounded, because nothing on this node removes entries for tasks that were canceled on
    /// another node. A row that is not dropped is removed by age.
    backends::RecentTasks tasks{kMostKnown};
    std::atomic<std::size_t> count{0};
    TaskGroup signalling;  ///< On the node's loop.
};

PostgresCancelRegistry::PostgresCancelRegistry(std::shared_ptr<PostgresNode> node,
                                               std::shared_ptr<CancelRegistry> local)
    : node_(std::move(node)), local_(std::move(local)), known_(std::make_shared<Known>(local_)) {
    auto& handlers = node_->notifier().handlers;
    handlers.cancel = [known = known_](const TaskId& task) {
        known->signalling.spawn(Known::signal(known, task));
    };
    handlers.listening = [known = known_, node = node_.get()] {
        return Known::read_all(known, *node);
    };
}

PostgresCancelRegistry::~PostgresCancelRegistry() = default;

AsyncResult<void> PostgresCancelRegistry::start() {
    Result<void> started = co_await local_->start();
    if (!started) co_return started;
    co_return co_await node_->start(PostgresNode::kCancelRegistry);
}

AsyncResult<void> PostgresCancelRegistry::stop(SteadyTime deadline) {
    Result<void> stopped = co_await node_->stop(PostgresNode::kCancelRegistry);
    if (!stopped) co_return stopped;
    co_return co_await local_->stop(deadline);
}

AsyncResult<void> PostgresCancelRegistry::request_cancel(TaskId task) {
    PgParams params;
    params.add(task).append(node_->params());
    params.bytes(node_->notifier().channel()).bytes(node_->notifier().cancel_payload(task));
    const auto stored = co_await node_->run(node_->sql().cancel, std::move(params));
    if (!stored) co_return fail(stored.error());
    known_->add(task);
    co_return co_await local_->request_cancel(task);
}

AsyncResult<void> PostgresCancelRegistry::forget(TaskId task) {
    Result<void> forgotten = co_await local_->forget(task);
    if (!forgotten || !known_->remove(task)) co_return forgotten;
    PgParams params;
    params.add(task);
    const auto removed = co_await node_->run(node_->sql().forget_cancel, std::move(params));
    if (!removed) co_return fail(removed.error());
    co_return Result<void>();
}

}  // namespace a2akit::postgres
