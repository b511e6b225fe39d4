#include "backends/memory/memory_storage.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::backends {
namespace {

PushTaskFacts facts_of(const TaskRecord& task) {
    return {task.last, task.revealed, task.has_ended()};
}

std::vector<PushRecord>* records_of(TaskRecord* task) {
    return task != nullptr && task->rare ? &task->rare->push : nullptr;
}

PushRecord* find_by_id(TaskRecord& task, const std::string& id) {
    auto* records = records_of(&task);
    if (records == nullptr) return nullptr;
    const auto found = std::ranges::find(*records, id, [](const PushRecord& record) {
        return std::string_view(record.config.config.id);
    });
    return found == records->end() ? nullptr : &*found;
}

PushRecord* find_by_key(TaskRecord* task, const Uuid& key) {
    auto* records = records_of(task);
    if (records == nullptr) return nullptr;
    const auto found = std::ranges::find(
        *records, key, [](const PushRecord& record) -> const Uuid& { return record.config.key; });
    return found == records->end() ? nullptr : &*found;
}

/// When something of the task is due, unless it gets more events first; nullopt: never.
std::optional<Timestamp> due_at(const TaskRecord& task) {
    std::optional<Timestamp> first;
    for (const PushRecord& record : task.rare->push) {
        const PushProgress& progress = record.progress;
        const Timestamp at = std::max(progress.next_try, progress.lease_until);
        if (!is_due(progress, facts_of(task), at)) continue;
        first = first ? std::min(*first, at) : at;
    }
    return first;
}

/// A configuration that was seen to be due.
struct Candidate {
    Timestamp since;
    TaskId task;
    Uuid key;
    bool is_retry = false;
};

}  // namespace

bool MemoryStorage::push_needs_log(const TaskRecord& task) {
    if (!task.rare) return false;
    const PushTaskFacts facts = facts_of(task);
    return std::ranges::any_of(task.rare->push, [&](const PushRecord& record) {
        return needs_log(record.progress, facts);
    });
}

AsyncResult<PushConfig> MemoryStorage::put_config(OwnerScope scope, NewPushConfig config) {
    TaskShard& shard = shard_of(config.task);
    const std::lock_guard lock(shard.mutex);
    TaskRecord* task = shard.find(config.task);
    if (task == nullptr || !sees(scope, *task)) return not_found(config.task);
    const Timestamp now = time();
    const TaskId id = task->id;
    PushRecord* record = find_by_id(*task, config.config.id);
    if (record != nullptr) {
        record->progress = replaced_progress(std::move(record->progress), config, now);
        shard.count(*task, -size_of(*record));
    } else {
        std::vector<PushRecord>& all = task->rarely().push;
        if (static_cast<int>(all.size()) >= config.at_most) return too_many_configs(config);
        record = &all.emplace_back();
        record->config.key = Uuid::generate();
        record->config.task = id;
        record->progress = new_progress(config, facts_of(*task), now);
        push_.add(record->config.key, id);
    }
    record->config.config = std::move(config.config);
    record->config.version = config.version;
    shard.count(*task, size_of(*record));
    push_.wake(id);
    return record->config;
}

AsyncResult<std::optional<PushConfig>> MemoryStorage::find_config(OwnerScope scope, TaskId task,
                                                                  std::string id) {
    TaskShard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    TaskRecord* record = shard.find(task);
    if (record == nullptr || !sees(scope, *record)) return not_found(task);
    const PushRecord* found = find_by_id(*record, id);
    if (found == nullptr) return std::optional<PushConfig>();
    return std::optional(found->config);
}

AsyncResult<std::vector<PushConfig>> MemoryStorage::list_configs(OwnerScope scope, TaskId task) {
    std::vector<PushConfig> all;
    {
        TaskShard& shard = shard_of(task);
        const std::lock_guard lock(shard.mutex);
        TaskRecord* record = shard.find(task);
        if (record == nullptr || !sees(scope, *record)) return not_found(task);
        if (record->rare) {
            for (const PushRecord& each : record->rare->push) all.push_back(each.config);
        }
    }
    std::ranges::sort(all, {},
                      [](const PushConfig& each) -> const std::string& { return each.config.id; });
    return all;
}

AsyncResult<void> MemoryStorage::remove_config(OwnerScope scope, TaskId task, std::string id) {
    TaskShard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    TaskRecord* record = shard.find(task);
    if (record == nullptr || !sees(scope, *record)) return not_found(task);
    const PushRecord* found = find_by_id(*record, id);
    if (found == nullptr) return Result<>();
    push_.remove(found->config.key);
    shard.count(*record, -size_of(*found));
    std::vector<PushRecord>& all = record->rare->push;
    all.erase(all.begin() + (found - all.data()));
    return Result<>();
}

AsyncResult<std::vector<PushDelivery>> MemoryStorage::due_deliveries(PushQuery query) {
    std::vector<Candidate> candidates;
    const Timestamp now = time();
    const std::vector<TaskId> tasks = query.task ? std::vector{*query.task} : push_.due(now);
    for (const TaskId& task : tasks) {
        TaskShard& shard = shard_of(task);
        const std::lock_guard lock(shard.mutex);
        TaskRecord* record = shard.find(task);
        const auto at = record != nullptr && record->rare ? due_at(*record) : std::nullopt;
        if (!at) {
            push_.rest(task);
            continue;
        }
        push_.look_at(task, *at);
        for (const PushRecord& each : record->rare->push) {
            if (!is_due(each.progress, facts_of(*record), now)) continue;
            candidates.push_back(
                {each.progress.next_try, task, each.config.key, each.progress.attempts > 0});
        }
    }
    std::ranges::sort(candidates, {},
                      [](const Candidate& each) { return std::pair(each.since, each.key); });
    std::vector<PushDelivery> due;
    int retries = 0;
    for (const Candidate& each : candidates) {
        if (static_cast<int>(due.size()) >= query.limit) break;
        if (each.is_retry && retries >= query.retries) continue;
        TaskShard& shard = shard_of(each.task);
        const std::lock_guard lock(shard.mutex);
        TaskRecord* task = shard.find(each.task);
        PushRecord* record = find_by_key(task, each.key);
        if (record == nullptr || !is_due(record->progress, facts_of(*task), now)) continue;
        take_lease(record->progress, query.lease, now);
        if (each.is_retry) ++retries;
        due.push_back({record->config, task->context_id(), record->progress.cursor,
                       record->progress.task_first, record->progress.attempts,
                       record->progress.lease});
    }
    return due;
}

AsyncResult<void> MemoryStorage::settle(Uuid key, std::uint64_t lease, PushOutcome outcome) {
    if (const auto task = push_.task_of(key)) {
        TaskShard& shard = shard_of(*task);
        const std::lock_guard lock(shard.mutex);
        TaskRecord* record = shard.find(*task);
        PushRecord* found = find_by_key(record, key);
        if (found != nullptr &&
            backends::settle(found->progress, lease, outcome, facts_of(*record), time())) {
            push_.wake(*task);
            return Result<>();
        }
    }
    return lost_push_lease();
}

AsyncResult<std::vector<PushDeadLetter>> MemoryStorage::dead_deliveries(std::optional<Uuid> after,
                                                                        int limit) {
    std::vector<PushDeadLetter> letters;
    while (static_cast<int>(letters.size()) < limit) {
        const auto next = push_.next(after);
        if (!next) break;
        after = next->first;
        TaskShard& shard = shard_of(next->second);
        const std::lock_guard lock(shard.mutex);
        TaskRecord* task = shard.find(next->second);
        const PushRecord* record = find_by_key(task, next->first);
        if (record == nullptr || record->progress.state != PushState::kGivenUp) continue;
        const OwnerName& owner = task->owner->name;
        letters.push_back({next->first,
                           next->second,
                           {owner.owner, owner.tenant, false},
                           record->config.config.id,
                           record->progress.cursor,
                           record->progress.attempts,
                           record->progress.reason,
                           record->progress.at});
    }
    return letters;
}

AsyncResult<void> MemoryStorage::redrive_delivery(Uuid key) {
    if (const auto task = push_.task_of(key)) {
        TaskShard& shard = shard_of(*task);
        const std::lock_guard lock(shard.mutex);
        PushRecord* record = find_by_key(shard.find(*task), key);
        if (record != nullptr && redrive(record->progress, time())) {
            push_.wake(*task);
            return Result<>();
        }
    }
    return no_dead_delivery();
}

}  // namespace a2akit::backends
