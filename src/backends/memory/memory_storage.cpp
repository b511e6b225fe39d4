#include "backends/memory/memory_storage.hpp"

#include "backends/common/content_size.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::backends {
namespace {

constexpr Duration kTellLostRuns = std::chrono::minutes(1);

// A task that is submitted, works, and ends with one artifact.
constexpr std::size_t kUsualEvents = 4;

// Of a log; a page may hold more.
constexpr Sequence kUsualPage = 32;

constexpr std::int64_t kSmallEnd = std::int64_t{64} * 1024;

// A full store must not keep its tasks from ending.
bool is_always_taken(const TaskUpdate& update, const UpdateSize& size) {
    if (size.all > kSmallEnd) return false;
    return update.cancel_by || update.raise_epoch ||
           (update.status && is_terminal(update.status->state));
}

// The letter's message has to be taken before the update ends the turn.
std::optional<DeadLetter> letter_of(const TaskRecord& task, const TaskUpdate& update,
                                    Timestamp now) {
    if (!update.dead_letter || !update.status || !is_terminal(update.status->state))
        return std::nullopt;
    DeadLetter letter;
    letter.task = task.id;
    letter.turn = task.turn;
    letter.owner = {task.owner->name.owner, task.owner->name.tenant, false};
    letter.context_id = task.context_id();
    letter.reason = *update.dead_letter;
    letter.at = now;
    letter.attempts = task.active->attempts;
    if (task.active->input) letter.message = task.active->input->message;
    return letter;
}

}  // namespace

Error MemoryStorage::not_found(const TaskId& task) {
    return Error::about_task(ErrorCode::kTaskNotFound, "there is no such task", task.to_string());
}

bool MemoryStorage::sees(const OwnerScope& scope, const TaskRecord& task) {
    if (scope.system) return true;
    return task.revealed && task.owner->name.owner == scope.owner &&
           task.owner->name.tenant == scope.tenant;
}

MemoryStorage::MemoryStorage(std::shared_ptr<const Clock> clock, std::int64_t max_tasks,
                             std::size_t max_bytes)
    : clock_(std::move(clock)),
      max_tasks_(max_tasks),
      max_bytes_(static_cast<std::int64_t>(max_bytes)),
      cursors_(CursorCodec::random_key()),
      shards_(std::make_unique<TaskShard[]>(kShards)) {
    for (std::size_t i = 0; i < kShards; ++i) shards_[i].count_in(stored_);
}

Timestamp MemoryStorage::time() {
    const Timestamp now = clock_->now();
    Timestamp latest = latest_.load();
    while (latest < now) {
        if (latest_.compare_exchange_weak(latest, now)) return now;
    }
    return latest;
}

// A refusal comes before anything is moved.
AsyncResult<Created> MemoryStorage::create_or_leave(NewTask& task, const OwnerScope& scope,
                                                    TaskUpdate& update) {
    Removed evicted;
    auto created = update.once
                       ? create_once(std::move(task), scope, std::move(update), evicted)
                       : create_fresh(std::move(task), scope, std::move(update), nullptr, evicted);
    for (const RemovedTask& removed : evicted) forget(removed);
    return created;
}

Result<Created> MemoryStorage::create_once(NewTask&& task, const OwnerScope& scope,
                                           TaskUpdate&& update, Removed& evicted) {
    const IdempotencyKey key = *update.once;
    IdempotencyTable::Locked locked = keys_.lock(scope, key);
    auto before = created_before(locked, key, task.wants_snapshot);
    if (!before) return before.error();
    if (*before) return std::move(**before);
    auto created =
        create_fresh(std::move(task), scope, std::move(update), &locked.scoped_key(), evicted);
    if (created) locked.put(key, created->appended, time());
    return created;
}

Result<std::optional<Created>> MemoryStorage::created_before(IdempotencyTable::Locked& locked,
                                                             const IdempotencyKey& key,
                                                             bool wants_snapshot) {
    const auto first = locked.find(key, time());
    if (!first) return first.error();
    if (!*first) return std::optional<Created>();
    Created before;
    TaskShard& shard = shard_of((*first)->task);
    {
        const std::lock_guard lock(shard.mutex);
        const TaskRecord* task = shard.find((*first)->task);
        if (task == nullptr) {
            locked.drop();
            return std::optional<Created>();
        }
        if (wants_snapshot) {
            SnapshotTaker taker(before.snapshot.emplace(), {}, true);
            taker.take(*task, time());
            taker.merge();
        }
    }
    before.appended = joined(**first);
    return std::optional(std::move(before));
}

Result<Created> MemoryStorage::create_fresh(NewTask&& task, const OwnerScope& scope,
                                            TaskUpdate&& update, const std::string* key,
                                            Removed& evicted) {
    const UpdateSize size = size_of(update);
    const OwnerNameView owner(scope.owner, scope.tenant);
    std::shared_ptr<OwnerUse> use = stored_.use_of(owner);
    if (auto room = make_room(*use, size.all + kEmptyTask, evicted); !room) {
        stored_.release(owner, std::move(use));
        return room.error();
    }
    auto record = std::make_unique<TaskRecord>();
    record->id = task.id;
    record->begin(std::move(task.context_id), std::exchange(update.history, {}));
    record->revealed = task.revealed;
    record->events.reserve(kUsualEvents);
    const std::uint64_t context_hash = TaskShard::context_hash(record->context_id());
    if (key != nullptr) record->rarely().keys.push_back(*key);
    Created created;
    std::optional<SnapshotTaker> taker;
    if (task.wants_snapshot) taker.emplace(created.snapshot.emplace(), std::nullopt, true);
    Appended& appended = created.appended;
    TaskShard& shard = shard_of(task.id);
    {
        const auto pinned = contexts_.pin(context_hash);
        const std::lock_guard lock(shard.mutex);
        const Timestamp now = time();
        if (TaskRecord* taken = shard.find(task.id)) {
            --tasks_;
            if (taken->made.id != update.id || !repeated_write(*taken, update.id)) {
                return fail(ErrorCode::kInternal,
                            "the id " + task.id.to_string() + " names another task");
            }
            appended = *repeated_write(*taken, update.id);
            if (taker) taker->take(*taken, now);
        } else {
            TaskRecord& made = shard.insert(std::move(record), owner, context_hash);
            appended = apply(shard, made, made.head(), std::move(update), size, now, true);
            if (taker) taker->take(made, now);
        }
    }
    if (taker) taker->merge();
    return created;
}

Appended MemoryStorage::joined(const Appended& first) {
    Appended appended = first;
    appended.repeated = true;
    appended.turn_due = false;
    TaskShard& shard = shard_of(first.task);
    const std::lock_guard lock(shard.mutex);
    const TaskRecord* task = shard.find(first.task);
    appended.turn_ended = task == nullptr || task->turn != first.turn || task->turn_ended;
    return appended;
}

AsyncResult<TaskSnapshot> MemoryStorage::load(TaskId task, OwnerScope scope,
                                              std::optional<std::int32_t> history_length,
                                              bool include_artifacts) {
    // Filled in and left where the caller gets it: a snapshot is large.
    AsyncResult<TaskSnapshot> loaded(std::in_place);
    SnapshotTaker taker(**loaded.ready(), history_length, include_artifacts);
    TaskShard& shard = shard_of(task);
    {
        const std::lock_guard lock(shard.mutex);
        const TaskRecord* record = shard.find(task);
        if (record == nullptr || !sees(scope, *record)) {
            *loaded.ready() = not_found(task);
            return loaded;
        }
        // The time is for the lease of a run, and only a task that has not ended may have one.
        taker.take(*record, record->active ? time() : Timestamp());
    }
    taker.merge();
    return loaded;
}

AsyncResult<Appended> MemoryStorage::append_or_leave(TaskId task, const OwnerScope& scope,
                                                     TaskUpdate& update) {
    Removed evicted;
    auto appended = update.once ? append_once(task, scope, std::move(update), evicted)
                                : append_fresh(task, scope, std::move(update), nullptr, evicted);
    for (const RemovedTask& removed : evicted) forget(removed);
    return appended;
}

Result<Appended> MemoryStorage::append_once(const TaskId& task, const OwnerScope& scope,
                                            TaskUpdate&& update, Removed& evicted) {
    const IdempotencyKey key = *update.once;
    IdempotencyTable::Locked locked = keys_.lock(scope, key);
    const auto first = locked.find(key, time());
    if (!first) return first.error();
    if (*first) {
        if ((*first)->task != task) {
            return fail(ErrorCode::kIdempotencyConflict,
                        "Idempotency-Key: this key was used for another task; use a new key for a "
                        "new request");
        }
        return joined(**first);
    }
    auto appended = append_fresh(task, scope, std::move(update), &locked.scoped_key(), evicted);
    if (appended) locked.put(key, *appended, time());
    return appended;
}

Result<Appended> MemoryStorage::append_fresh(const TaskId& task, const OwnerScope& scope,
                                             TaskUpdate&& update, const std::string* key,
                                             Removed& evicted) {
    const UpdateSize size = size_of(update);
    TaskShard& shard = shard_of(task);
    for (bool may_evict = !is_always_taken(update, size);; may_evict = false) {
        {
            const std::lock_guard lock(shard.mutex);
            TaskRecord* record = shard.find(task);
            if (record == nullptr || !sees(scope, *record)) return not_found(task);
            if (auto repeated = repeated_write(*record, update.id)) return *repeated;
            const Timestamp now = time();
            const kernel::TaskHead head = record->head();
            if (auto refused = kernel::refuse(head, task, update, now)) return std::move(*refused);
            const bool counts = !is_always_taken(update, size);
            if (counts) {
                auto share = check_share(*record->owner->use, 0, size.all);
                if (!share) return share.error();
            }
            if (!counts || has_room(size.all)) {
                if (key != nullptr) record->rarely().keys.push_back(*key);
                note_letter(*record, update, now);
                Appended appended =
                    apply(shard, *record, head, std::move(update), size, now, false);
                wake_push(*record);
                return appended;
            }
            if (!may_evict) return full_store();
        }
        // Ended tasks stand in all shards, whose locks are taken one after the other.
        evict_for(size.all, evicted);
    }
}

void MemoryStorage::note_letter(TaskRecord& task, const TaskUpdate& update, Timestamp now) {
    auto letter = letter_of(task, update, now);
    if (!letter) return;
    task.rarely().dead_letter = true;
    const std::lock_guard letters(dead_letters_mutex_);
    dead_letters_.insert_or_assign(task.id, std::move(*letter));
}

AsyncResult<Claimed> MemoryStorage::claim(WriteId id, TaskId task, Turn turn, NodeId node,
                                          Lease lease) {
    AsyncResult<Claimed> claimed(std::in_place, tl::in_place, std::in_place_type<Run>);
    Run& run = std::get<Run>(**claimed.ready());
    SnapshotTaker taker(run.snapshot, {}, true);
    TaskShard& shard = shard_of(task);
    {
        const std::lock_guard lock(shard.mutex);
        TaskRecord* record = shard.find(task);
        if (record == nullptr) {
            **claimed.ready() = Refusal::kEnded;
            return claimed;
        }
        const Timestamp now = time();
        const auto refused = backends::claim(shard, *record, {id, turn, node, lease}, now, run);
        if (refused) {
            **claimed.ready() = *refused;
            return claimed;
        }
        wake_push(*record);
        taker.take(*record, now);
    }
    taker.merge();
    return claimed;
}

AsyncResult<std::vector<Renewal>> MemoryStorage::renew(NodeId node, Lease lease) {
    std::vector<Renewal> renewals;
    for (std::size_t i = 0; i < kShards; ++i) {
        TaskShard& shard = shards_[i];
        const std::lock_guard lock(shard.mutex);
        if (shard.runs().empty() && shard.lost_runs().empty()) continue;
        const Timestamp now = time();
        for (ActivePart& active : shard.runs()) {
            if (active.node != node) continue;
            active.run->lease_until = now + lease;
            active.run->look = active.run->lease_until;
            shard.update_look(*active.record);
            renewals.push_back({active.record->id, active.record->epoch, true, active.cancel_by});
        }
        // Reported for a while and not only once, since the answer may get lost.
        std::erase_if(shard.lost_runs(),
                      [now](const LostRun& lost) { return lost.at + kTellLostRuns < now; });
        for (const LostRun& lost : shard.lost_runs()) {
            if (lost.node == node) renewals.push_back({lost.task, lost.epoch, false, {}});
        }
    }
    return renewals;
}

AsyncResult<std::optional<Turn>> MemoryStorage::release(TaskId task, Epoch epoch, Release how,
                                                        Timestamp not_before) {
    TaskShard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    TaskRecord* record = shard.find(task);
    if (record == nullptr) return std::optional<Turn>();
    return backends::release(shard, *record, epoch, how, not_before, time());
}

AsyncResult<EventPage> MemoryStorage::events(TaskId task, OwnerScope scope, Sequence after,
                                             EventLimit limit) {
    EventPage page;
    TaskShard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    const TaskRecord* record = shard.find(task);
    if (record == nullptr || !sees(scope, *record)) return not_found(task);
    if (after < record->compacted) {
        return Error::about_task(
            ErrorCode::kCompacted,
            "the events up to " + std::to_string(record->compacted) + " are kept no longer",
            task.to_string());
    }
    page.last = record->last;
    page.turn = record->turn;
    page.state = record->state;
    page.turn_ended = record->turn_ended;
    const Sequence begin = std::min<Sequence>(after, page.last);
    const Sequence end =
        std::min<Sequence>(page.last, begin + static_cast<Sequence>(std::max(limit.events, 0)));
    page.events.reserve(std::min<Sequence>(end - begin, kUsualPage));
    ContentBudget budget(limit.bytes);
    for (Sequence sequence = begin + 1; sequence <= end; ++sequence) {
        const StoredEvent& event = record->events[sequence - record->compacted - 1];
        if (!budget.take(content_size(event))) break;
        page.events.push_back(to_event(event, sequence));
    }
    return page;
}

AsyncResult<std::vector<Tail>> MemoryStorage::tails(std::vector<TaskId> tasks) {
    std::vector<Tail> tails;
    tails.reserve(tasks.size());
    for (const TaskId& task : tasks) {
        TaskShard& shard = shard_of(task);
        const std::lock_guard lock(shard.mutex);
        const TaskRecord* record = shard.find(task);
        if (record == nullptr)
            tails.push_back({task, 0, 0, false, false});
        else
            tails.push_back({task, record->last, record->turn, record->turn_ended, true});
    }
    return tails;
}

AsyncResult<ContextValue> MemoryStorage::load_context(OwnerScope scope, std::string context_id) {
    return contexts_.load(scope, context_id);
}

AsyncResult<std::uint64_t> MemoryStorage::update_context(OwnerScope scope, std::string context_id,
                                                         RawJson value,
                                                         std::optional<std::uint64_t> expected) {
    return contexts_.update(scope, context_id, std::move(value), expected);
}

}  // namespace a2akit::backends
