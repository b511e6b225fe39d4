#include "backends/memory/memory_storage.hpp"

#include <algorithm>
#include <iterator>
#include <queue>
#include <utility>

namespace a2akit::backends {
namespace {

constexpr std::array kEnded = {TaskState::kCompleted, TaskState::kFailed, TaskState::kCanceled,
                               TaskState::kRejected};
constexpr Duration kRetryWhenFull = std::chrono::seconds(1);
constexpr std::size_t kMostEvicted = 10'000;  // Per call.
// A smaller store is not divided among owners.
constexpr std::int64_t kManyTasks = 100;

// The end of one shard's list of ended tasks.
struct Oldest {
    StatusKey key;
    std::size_t shard = 0;
    TaskState state = TaskState::kUnspecified;
    bool revealed = true;
    // For a queue whose top is the oldest.
    friend bool operator<(const Oldest& a, const Oldest& b) noexcept {
        return a.key.time != b.key.time ? a.key.time > b.key.time : a.key.id > b.key.id;
    }
};

Error share_is_full(std::string message) {
    Error::Details details;
    details.retry_after = kRetryWhenFull;
    return Error{ErrorCode::kResourceExhausted,
                 std::move(message) + "; finish or cancel some of them", nullptr}
        .with(std::move(details));
}

}  // namespace

AsyncResult<std::vector<Due>> MemoryStorage::due(int limit) {
    std::vector<Due> found;
    keys_.sweep(time());
    const std::size_t first = next_sweep_.fetch_add(1);
    const auto wanted = static_cast<std::size_t>(std::max(limit, 0));
    for (std::size_t i = 0; i < kShards && found.size() < wanted; ++i) {
        TaskShard& shard = shards_[(first + i) % kShards];
        Removed expired;
        {
            const std::lock_guard lock(shard.mutex);
            const Timestamp now = time();
            while (found.size() < wanted && !shard.looks().empty() &&
                   shard.looks().begin()->next_look <= now) {
                TaskRecord& task = *shard.looks().begin();
                if (task.has_ended()) {
                    expired.push_back(
                        shard.remove(task));  // a direct reply that was kept long enough
                    --tasks_;
                    continue;
                }
                kernel::TaskHead head = task.head();
                if (const auto due = kernel::look(head, task.id, now)) found.push_back(*due);
                shard.store(task, head);
                shard.move_look(task, kernel::next_look(head));
            }
        }
        for (const RemovedTask& task : expired) forget(task);
    }
    return found;
}

template <class Wanted>
MemoryStorage::Removed MemoryStorage::remove_oldest(std::optional<TaskState> state,
                                                    std::size_t limit, Wanted wanted) {
    Removed removed;
    std::priority_queue<Oldest> oldest;
    const auto note = [&oldest, this](std::size_t shard, TaskState of, bool revealed) {
        const TaskRecord* task = shards_[shard].resting(of, revealed)->oldest();
        if (task != nullptr) oldest.push({StatusKeyOf{}(*task), shard, of, revealed});
    };
    for (std::size_t shard = 0; shard < kShards; ++shard) {
        const std::lock_guard lock(shards_[shard].mutex);
        for (const TaskState of : kEnded) {
            if (state && *state != of) continue;
            for (const bool revealed : {true, false}) note(shard, of, revealed);
        }
    }
    while (!oldest.empty() && removed.size() < limit) {
        const Oldest next = oldest.top();
        oldest.pop();
        const std::lock_guard lock(shards_[next.shard].mutex);
        TaskRecord* task = shards_[next.shard].resting(next.state, next.revealed)->oldest();
        if (task != nullptr && StatusKeyOf{}(*task) == next.key) {
            if (!wanted(next)) {
                if (next.revealed) break;
                continue;  // nor are the younger ones of its list
            }
            removed.push_back(shards_[next.shard].remove(*task));
            --tasks_;
        }
        note(next.shard, next.state, next.revealed);
    }
    return removed;
}

Result<> MemoryStorage::check_share(const OwnerUse& owner, std::int64_t tasks,
                                    std::int64_t bytes) const {
    if (max_bytes_ != 0 && owner.bytes + bytes > max_bytes_ / 2) {
        return share_is_full("the caller's tasks that have not ended would take " +
                             std::to_string(owner.bytes + bytes) + " bytes, and may take " +
                             std::to_string(max_bytes_ / 2));
    }
    if (max_tasks_ >= kManyTasks && owner.tasks + tasks > max_tasks_ / 2) {
        return share_is_full("the caller has " + std::to_string(owner.tasks) +
                             " tasks that have not ended, and may have " +
                             std::to_string(max_tasks_ / 2));
    }
    return {};
}

Error MemoryStorage::full_store() {
    return Error::unavailable(
        "the store is full, and all of its tasks are unfinished; try again later", kRetryWhenFull);
}

bool MemoryStorage::has_room(std::int64_t bytes) const noexcept {
    return max_bytes_ == 0 || stored_.total + bytes <= max_bytes_;
}

Result<> MemoryStorage::make_room(const OwnerUse& owner, std::int64_t bytes, Removed& evicted) {
    if (auto share = check_share(owner, 1, bytes); !share) return share;
    if (!has_room(bytes)) evict_for(bytes, evicted);
    if (!has_room(bytes)) return full_store();
    return make_room_for_task(evicted);
}

void MemoryStorage::evict_for(std::int64_t bytes, Removed& evicted) {
    // Remove some more together, since finding the oldest looks at every shard.
    const std::int64_t wanted = bytes + max_bytes_ / 1024;
    Removed removed =
        remove_oldest({}, kMostEvicted, [&](const Oldest&) { return !has_room(wanted); });
    std::move(removed.begin(), removed.end(), std::back_inserter(evicted));
}

Result<> MemoryStorage::make_room_for_task(Removed& evicted) {
    if (++tasks_ <= max_tasks_ || max_tasks_ == 0) return {};
    // Remove some together, since finding the oldest looks at every shard.
    const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(max_tasks_ / 1024, 1, 64));
    Removed removed = remove_oldest({}, count, [](const Oldest&) { return true; });
    const bool made = !removed.empty() || tasks_ <= max_tasks_;
    std::move(removed.begin(), removed.end(), std::back_inserter(evicted));
    if (made) return {};
    --tasks_;
    return full_store();
}

AsyncResult<std::vector<TaskId>> MemoryStorage::erase(EraseQuery query) {
    kernel::Erasing erasing(query, query.keep_at_most ? count_ended(query.state) : 0);
    const Removed removed =
        remove_oldest(query.state, static_cast<std::size_t>(std::max(query.limit, 0)),
                      [&erasing](const Oldest& one) {
                          const bool taken = erasing.takes(one.key.time, one.revealed);
                          if (taken) erasing.took(one.revealed);
                          return taken;
                      });
    std::vector<TaskId> erased;
    erased.reserve(removed.size());
    for (const RemovedTask& task : removed) {
        forget(task);
        erased.push_back(task.record->id);
    }
    return erased;
}

void MemoryStorage::forget(const RemovedTask& removed) {
    const TaskRecord& task = *removed.record;
    if (task.rare) {
        for (const PushRecord& record : task.rare->push) push_.remove(record.config.key);
        for (const std::string& key : task.rare->keys) keys_.forget(key, task.id);
        if (task.rare->dead_letter) {
            const std::lock_guard lock(dead_letters_mutex_);
            dead_letters_.erase(task.id);
        }
    }
    contexts_.forget_unless(removed.owner, task.context_id(),
                            [&] { return context_is_used(removed.owner, task.context_id()); });
}

bool MemoryStorage::context_is_used(const OwnerScope& scope, const std::string& context_id) {
    const std::uint64_t hash = TaskShard::context_hash(context_id);
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        const OwnerIndex* owner = shards_[i].find_owner(scope);
        if (owner != nullptr && shards_[i].find_context(*owner, context_id, hash) != nullptr)
            return true;
    }
    return false;
}

std::int64_t MemoryStorage::count_ended(std::optional<TaskState> state) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        for (const TaskState of : kEnded) {
            if (!state || *state == of) count += shards_[i].resting(of)->size();
        }
    }
    return static_cast<std::int64_t>(count);
}

AsyncResult<int> MemoryStorage::compact(Timestamp ended_before, int limit) {
    int compacted = 0;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        for (const TaskState of : kEnded) {
            for (const bool revealed : {true, false}) {
                RestList& ended = *shards_[i].resting(of, revealed);
                TaskRecord* task = ended.oldest_uncompacted();
                for (; task != nullptr && task->status_time < ended_before;
                     task = ended.oldest_uncompacted()) {
                    if (compacted >= limit) return compacted;
                    if (push_needs_log(*task)) break;  // the younger ones wait for it
                    compact_log(shards_[i], *task);
                    ended.compacted_oldest();
                    ++compacted;
                }
            }
        }
    }
    return compacted;
}

AsyncResult<std::vector<DeadLetter>> MemoryStorage::dead_letters(std::optional<TaskId> after,
                                                                 int limit) {
    std::vector<DeadLetter> letters;
    const std::lock_guard lock(dead_letters_mutex_);
    auto at = after ? dead_letters_.upper_bound(*after) : dead_letters_.begin();
    for (; at != dead_letters_.end() && static_cast<int>(letters.size()) < limit; ++at)
        letters.push_back(at->second);
    return letters;
}

AsyncResult<TaskId> MemoryStorage::mark_redriven(TaskId dead_letter, TaskId redriven) {
    const std::lock_guard lock(dead_letters_mutex_);
    const auto found = dead_letters_.find(dead_letter);
    if (found == dead_letters_.end()) {
        return Error::about_task(ErrorCode::kTaskNotFound, "there is no dead letter of this task",
                                 dead_letter.to_string());
    }
    if (!found->second.redriven) found->second.redriven = redriven;
    return *found->second.redriven;
}

AsyncResult<std::vector<TaskId>> MemoryStorage::stale_paused(Timestamp before, int limit) {
    std::vector<TaskId> stale;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        for (const TaskState state : {TaskState::kInputRequired, TaskState::kAuthRequired}) {
            for (const TaskRecord& task : *shards_[i].resting(state)) {
                if (static_cast<int>(stale.size()) >= limit) return stale;
                if (task.status_time >= before) break;
                stale.push_back(task.id);
            }
        }
    }
    return stale;
}

AsyncResult<StoredUse> MemoryStorage::stored_use(std::string owner, bool with_bytes) {
    StoredUse use;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        for (const auto& [name, index] : shards_[i].owners()) {
            if (name.owner != owner) continue;
            for (const StatusSet& tasks : index->by_state) {
                use.tasks += static_cast<std::int64_t>(tasks.size());
                if (!with_bytes) continue;
                for (const TaskRecord& task : tasks) use.bytes += task.bytes;
            }
        }
    }
    return use;
}

}  // namespace a2akit::backends
