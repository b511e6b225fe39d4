#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/ids.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace a2akit::backends {

/// Where the push notification configurations of all shards are, and when something of a task may
/// be due, so that a look for what is due does not ask every task. The configurations themselves
/// are in their tasks. Its lock is taken after the lock of a shard, and held for a moment.
class PushIndex {
public:
    void add(const Uuid& key, const TaskId& task) {
        const std::lock_guard lock(mutex_);
        tasks_[key] = task;
    }
    void remove(const Uuid& key) {
        const std::lock_guard lock(mutex_);
        tasks_.erase(key);
    }
    /// Something of this task may be due now.
    void wake(const TaskId& task) { look_at(task, Timestamp::min()); }
    /// Nothing of this task is due before then.
    void look_at(const TaskId& task, Timestamp at) {
        const std::lock_guard lock(mutex_);
        const auto [found, fresh] = looks_of_.try_emplace(task, at);
        if (!fresh) {
            if (found->second == at) return;
            looks_.erase({found->second, task});
            found->second = at;
        }
        looks_.insert({at, task});
    }
    /// Nothing of this task becomes due unless it is woken.
    void rest(const TaskId& task) {
        const std::lock_guard lock(mutex_);
        const auto found = looks_of_.find(task);
        if (found == looks_of_.end()) return;
        looks_.erase({found->second, task});
        looks_of_.erase(found);
    }
    /// The tasks of which something may be due, the longest due first.
    [[nodiscard]] std::vector<TaskId> due(Timestamp now) const {
        const std::lock_guard lock(mutex_);
        std::vector<TaskId> tasks;
        for (const auto& [at, task] : looks_) {
            if (at > now) break;
            tasks.push_back(task);
        }
        return tasks;
    }
    [[nodiscard]] std::optional<TaskId> task_of(const Uuid& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = tasks_.find(key);
        if (found == tasks_.end()) return std::nullopt;
        return found->second;
    }
    /// The configuration behind this one.
    [[nodiscard]] std::optional<std::pair<Uuid, TaskId>> next(
        const std::optional<Uuid>& after) const {
        const std::lock_guard lock(mutex_);
        const auto found = after ? tasks_.upper_bound(*after) : tasks_.begin();
        if (found == tasks_.end()) return std::nullopt;
        return *found;
    }

private:
    mutable std::mutex mutex_;
    std::map<Uuid, TaskId> tasks_;
    std::set<std::pair<Timestamp, TaskId>> looks_;
    std::map<TaskId, Timestamp> looks_of_;  ///< The same, by task.
};

}  // namespace a2akit::backends
