#include "backends/common/content_size.hpp"
#include "backends/postgres/postgres_storage.hpp"
#include "backends/postgres/snapshot_reader.hpp"

#include <utility>

// The reads of whole tasks. Where the server finds a value damaged (a missing piece of a long one,
// a page with a wrong checksum) it fails the statement, with all tasks of it: then each task is
// read alone, and the damaged one without its contents, so that its owner can end it.

namespace a2akit::postgres {
namespace {

constexpr Refusal kRefusals[] = {Refusal::kStale, Refusal::kEnded, Refusal::kDuplicate,
                                 Refusal::kBusy};
constexpr const char* kDamaged = "PostgreSQL finds a stored value damaged";

bool may_see(const OwnerScope& scope, const TaskSnapshot& task) {
    return scope.system ||
           (task.revealed && task.owner.owner == scope.owner && task.owner.tenant == scope.tenant);
}

}  // namespace

// -- Claims

AsyncResult<Claimed> PostgresStorage::claim(WriteId id, TaskId task, Turn turn, NodeId node,
                                            Lease lease) {
    PgParams params = node_->params();
    params.add(id).add(task).add(turn).add(node).add(static_cast<std::int64_t>(lease.count()));
    const auto rows = co_await node_->run(node_->sql().claim, std::move(params));
    if (!rows && rows.error().code == ErrorCode::kInternal)
        co_return co_await claim_damaged(task, turn, node, lease);
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    if (const int code = row.i32(); code != 0) co_return Claimed(kRefusals[code - 1]);
    PgRow ahead = row;
    const auto epoch = static_cast<Epoch>(ahead.i64());
    auto run = read_claimed_run(row, task);
    if (run) co_return Claimed(std::move(*run));
    // The attempt counts, so that the sweeps end the task after its last one.
    const auto released = co_await release(task, epoch, Release::kRetry, Timestamp{});
    if (!released) co_return fail(released.error());
    co_return fail(node_->unreadable().note(task, run.error().message));
}

// The attempt counts, so that the sweeps end the task after its last one.
AsyncResult<Claimed> PostgresStorage::claim_damaged(TaskId task, Turn turn, NodeId node,
                                                    Lease lease) {
    PgParams params = node_->params();
    params.add(WriteId::next()).add(task).add(turn).add(node);
    params.add(static_cast<std::int64_t>(lease.count()));
    const auto rows = co_await node_->run(node_->sql().claim_head, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    if (const int code = row.i32(); code != 0) co_return Claimed(kRefusals[code - 1]);
    const auto epoch = static_cast<Epoch>(row.i64());
    const auto released = co_await release(task, epoch, Release::kRetry, Timestamp{});
    if (!released) co_return fail(released.error());
    co_return fail(node_->unreadable().note(task, kDamaged));
}

// -- One task

AsyncResult<TaskSnapshot> PostgresStorage::load(TaskId task, OwnerScope scope,
                                                std::optional<std::int32_t> history_length,
                                                bool include_artifacts) {
    PgParams params = node_->params();
    params.add(task).add(history_length).add(include_artifacts);
    const auto rows = co_await node_->run(node_->sql().load, std::move(params));
    if (!rows && rows.error().code == ErrorCode::kInternal)
        co_return co_await load_damaged(task, scope, history_length, include_artifacts);
    if (!rows) co_return fail(rows.error());
    if (rows->size() == 0) co_return not_found(task);
    PgRow row = (*rows)[0];
    TaskSnapshot head;
    auto snapshot = read_snapshot(row, history_length, &head);
    const TaskSnapshot& seen = snapshot ? *snapshot : head;
    const bool theirs =
        seen.revealed && seen.owner.owner == scope.owner && seen.owner.tenant == scope.tenant;
    if (!scope.system && !theirs) co_return not_found(task);
    if (snapshot) co_return snapshot;
    Error unreadable = node_->unreadable().note(task, snapshot.error().message);
    // A caller that wants neither is about to end the task, which must stay possible.
    if (history_length == 0 && !include_artifacts) co_return head;
    co_return fail(std::move(unreadable));
}

AsyncResult<TaskSnapshot> PostgresStorage::load_head(TaskId task) {
    PgParams params = node_->params();
    params.add(task);
    const auto rows = co_await node_->run(node_->sql().load_head, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (rows->size() == 0) co_return not_found(task);
    PgRow row = (*rows)[0];
    co_return read_snapshot(row);
}

AsyncResult<TaskSnapshot> PostgresStorage::load_damaged(TaskId task, OwnerScope scope,
                                                        std::optional<std::int32_t> history_length,
                                                        bool include_artifacts) {
    auto head = co_await load_head(task);
    if (!head) co_return head;
    if (!may_see(scope, *head)) co_return not_found(task);
    Error unreadable = node_->unreadable().note(task, kDamaged);
    if (history_length == 0 && !include_artifacts) co_return head;
    co_return fail(std::move(unreadable));
}

// -- Several

AsyncResult<PostgresStorage::Snapshots> PostgresStorage::snapshots(
    std::vector<TaskId> tasks, std::optional<std::int32_t> history_length, bool include_artifacts,
    std::size_t max_bytes) {
    PgParams params = node_->params();
    params.uuids(tasks.data(), tasks.size())
        .add(history_length)
        .add(include_artifacts)
        .add(to_bigint(max_bytes));
    const auto rows = co_await node_->run(node_->sql().snapshots, std::move(params));
    if (!rows && rows.error().code == ErrorCode::kInternal) {
        co_return co_await snapshots_one_by_one(std::move(tasks), history_length, include_artifacts,
                                                max_bytes);
    }
    if (!rows) co_return fail(rows.error());
    Snapshots found;
    found.tasks.reserve(tasks.size());
    for (; found.looked_at < rows->size(); ++found.looked_at) {
        PgRow row = (*rows)[found.looked_at];
        if (!row.boolean()) break;    // It has no room any more.
        if (row.is_null()) continue;  // It has been erased.
        TaskSnapshot head;
        auto snapshot = read_snapshot(row, history_length, &head);
        // A task whose contents cannot be read is listed without them, so that its owner can end
        // it.
        if (!snapshot) node_->unreadable().note(head.id, snapshot.error().message);
        found.tasks.push_back(snapshot ? std::move(*snapshot) : std::move(head));
    }
    co_return found;
}

AsyncResult<PostgresStorage::Snapshots> PostgresStorage::snapshots_one_by_one(
    std::vector<TaskId> tasks, std::optional<std::int32_t> history_length, bool include_artifacts,
    std::size_t max_bytes) {
    Snapshots found;
    backends::ContentBudget budget(max_bytes);
    for (const TaskId& id : tasks) {
        PgParams params = node_->params();
        params.add(id).add(history_length).add(include_artifacts);
        const auto rows = co_await node_->run(node_->sql().load, std::move(params));
        if (!rows && rows.error().code != ErrorCode::kInternal) co_return fail(rows.error());
        ++found.looked_at;
        if (rows && rows->size() == 0) continue;
        TaskSnapshot head;
        Result<TaskSnapshot> task = fail(ErrorCode::kInternal, kDamaged);
        if (rows) {
            PgRow row = (*rows)[0];
            task = read_snapshot(row, history_length, &head);
        }
        if (!task) {
            node_->unreadable().note(id, task.error().message);
            if (!rows) {
                task = co_await load_head(id);
                if (!task && task.error().code == ErrorCode::kTaskNotFound) continue;
                if (!task) co_return fail(std::move(task.error()));
            } else {
                task = std::move(head);
            }
        }
        if (!budget.take(backends::content_size(*task))) {
            --found.looked_at;
            break;
        }
        found.tasks.push_back(std::move(*task));
    }
    co_return found;
}

}  // namespace a2akit::postgres
