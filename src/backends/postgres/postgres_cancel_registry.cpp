#include "backends/postgres/postgres_cancel_registry.hpp"

#include <utility>

namespace a2akit::postgres {
namespace {

Async<void> read_all(std::shared_ptr<backends::KnownSignals> known, PostgresNode& node) {
    const auto rows = co_await node.run(node.sql().cancels, PgParams());
    if (!rows) co_return;
    for (int i = 0; i < rows->size(); ++i)
        co_await backends::KnownSignals::pass_on(known, TaskId{(*rows)[i].uuid()});
}

}  // namespace

PostgresCancelRegistry::PostgresCancelRegistry(std::shared_ptr<PostgresNode> node,
                                               std::shared_ptr<CancelRegistry> local)
    : node_(std::move(node)),
      local_(std::move(local)),
      known_(std::make_shared<backends::KnownSignals>(local_)) {
    PostgresNotifier& notifier = node_->notifier();
    notifier.handlers.cancel = [known = known_, &notifier](const TaskId& task) {
        notifier.spawn(backends::KnownSignals::pass_on(known, task));
    };
    notifier.listening = [known = known_, node = node_.get()] { return read_all(known, *node); };
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
