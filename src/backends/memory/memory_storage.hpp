#pragma once

#include "backends/common/list_cursor.hpp"
#include "backends/memory/context_table.hpp"
#include "backends/memory/idempotency_table.hpp"
#include "backends/memory/push_index.hpp"
#include "backends/memory/task_shard.hpp"
#include "backends/memory/task_writes.hpp"

#include <a2akit/storage/context_store.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/storage.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace a2akit::backends {

/// Tasks in this process's memory.
///
/// Sharded by task id; every call holds one shard's lock at a time, briefly, and has its answer
/// when it returns. The contents of a removed task are destroyed outside of the lock. Several
/// servers of one process may share one object.
class MemoryStorage final : public Storage,
                            public ContextStore,
                            public Maintenance,
                            public PushStore {
public:
    /// Limits on the number of tasks and, approximately, on their bytes. 0: no cap. At a cap, ended
    /// tasks are removed, oldest first. One owner's unfinished tasks may take half of the bytes,
    /// and half of the tasks if the limit on tasks is large.
    MemoryStorage(std::shared_ptr<const Clock> clock, std::int64_t max_tasks,
                  std::size_t max_bytes = 0);

    AsyncResult<void> start() override { return Result<>(); }
    AsyncResult<void> stop(SteadyTime) override { return Result<>(); }
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override {
        return {.in_process = true};
    }
    AsyncResult<void> check() override { return Result<>(); }

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        return create_or_leave(task, scope, update);
    }
    AsyncResult<Created> create_or_leave(NewTask& task, const OwnerScope& scope,
                                         TaskUpdate& update) override;
    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override;
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        return append_or_leave(task, scope, update);
    }
    AsyncResult<Appended> append_or_leave(TaskId task, const OwnerScope& scope,
                                          TaskUpdate& update) override;
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override;
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override;
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override;
    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override;
    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override;
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override;
    AsyncResult<Timestamp> now() override { return Result<Timestamp>(time()); }

    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override;
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override;

    AsyncResult<std::vector<Due>> due(int limit) override;
    AsyncResult<std::vector<TaskId>> erase(EraseQuery query) override;
    AsyncResult<int> compact(Timestamp ended_before, int limit) override;
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override;
    AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) override;
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override;
    AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) override;

    AsyncResult<PushConfig> put_config(OwnerScope scope, NewPushConfig config) override;
    AsyncResult<std::optional<PushConfig>> find_config(OwnerScope scope, TaskId task,
                                                       std::string id) override;
    AsyncResult<std::vector<PushConfig>> list_configs(OwnerScope scope, TaskId task) override;
    AsyncResult<void> remove_config(OwnerScope scope, TaskId task, std::string id) override;
    AsyncResult<std::vector<PushDelivery>> due_deliveries(PushQuery query) override;
    AsyncResult<void> settle(Uuid key, std::uint64_t lease, PushOutcome outcome) override;
    AsyncResult<std::vector<PushDeadLetter>> dead_deliveries(std::optional<Uuid> after,
                                                             int limit) override;
    AsyncResult<void> redrive_delivery(Uuid key) override;

    /// Approximate bytes of all tasks.
    [[nodiscard]] std::int64_t stored_bytes() const noexcept { return stored_.total; }

private:
    static constexpr std::size_t kShards = 64;

    TaskShard& shard_of(const TaskId& task) { return shards_[task.hash() >> 58]; }
    /// The clock's time, never earlier than one that was given out before.
    [[nodiscard]] Timestamp time();
    using Removed = std::vector<RemovedTask>;
    Result<Created> create_once(NewTask&& task, const OwnerScope& scope, TaskUpdate&& update,
                                Removed& evicted);
    Result<Created> create_fresh(NewTask&& task, const OwnerScope& scope, TaskUpdate&& update,
                                 const std::string* key, Removed& evicted);
    Result<std::optional<Created>> created_before(IdempotencyTable::Locked& locked,
                                                  const IdempotencyKey& key, bool wants_snapshot);
    Result<Appended> append_once(const TaskId& task, const OwnerScope& scope, TaskUpdate&& update,
                                 Removed& evicted);
    Result<Appended> append_fresh(const TaskId& task, const OwnerScope& scope, TaskUpdate&& update,
                                  const std::string* key, Removed& evicted);
    Appended joined(const Appended& first);
    void note_letter(TaskRecord& task, const TaskUpdate& update, Timestamp now);

    /// Counts a new task; `evicted` gets the tasks that were removed for it, for `forget` once no
    /// key is locked.
    Result<> make_room(const OwnerUse& owner, std::int64_t bytes, Removed& evicted);
    Result<> make_room_for_task(Removed& evicted);
    [[nodiscard]] bool has_room(std::int64_t bytes) const noexcept;
    /// Removes ended tasks until this many bytes fit, or no ended task is left.
    void evict_for(std::int64_t bytes, Removed& evicted);
    [[nodiscard]] static Error full_store();
    [[nodiscard]] Result<> check_share(const OwnerUse& owner, std::int64_t tasks,
                                       std::int64_t bytes) const;
    /// Removes ended tasks, oldest first, while `wanted(the task's place, counted so far)` holds;
    /// direct replies do not count.
    template <class Wanted>
    Removed remove_oldest(std::optional<TaskState> state, std::size_t limit, Wanted wanted);
    /// Drops all entries that name a removed task. REQUIRES: the caller holds no lock.
    void forget(const RemovedTask& removed);
    bool context_is_used(const OwnerScope& scope, const std::string& context_id);
    std::int64_t count_ended(std::optional<TaskState> state);

    [[nodiscard]] static Error not_found(const TaskId& task);
    [[nodiscard]] static bool sees(const OwnerScope& scope, const TaskRecord& task);
    [[nodiscard]] static bool push_needs_log(const TaskRecord& task);

    const std::shared_ptr<const Clock> clock_;
    const std::int64_t max_tasks_;
    const std::int64_t max_bytes_;
    const CursorCodec cursors_;
    std::atomic<Timestamp> latest_{Timestamp{}};
    std::atomic<std::int64_t> tasks_{0};
    std::atomic<std::size_t> next_sweep_{0};  ///< The shard that a sweep looks at first.
    StoredBytes stored_;
    /// The task may have more events.
    void wake_push(const TaskRecord& task) {
        if (task.rare && !task.rare->push.empty()) push_.wake(task.id);
    }

    std::unique_ptr<TaskShard[]> shards_;
    IdempotencyTable keys_;
    ContextTable contexts_;
    PushIndex push_;
    std::mutex dead_letters_mutex_;  ///< Taken after the lock of a shard.
    std::map<TaskId, DeadLetter> dead_letters_;
};

}  // namespace a2akit::backends
