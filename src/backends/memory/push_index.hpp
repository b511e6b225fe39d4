#pragma once

#include <a2akit/core/ids.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace a2akit::backends {

/// Where the push notification configurations of all shards are. The configurations themselves are
/// in their tasks. Its lock is taken after the lock of a shard, and held for a moment.
class PushIndex {
public:
    void add(const Uuid& key, const TaskId& task) {
        const std::lock_guard lock(mutex_);
        tasks_[key] = task;
        active_.insert(task);
    }
    void remove(const Uuid& key) {
        const std::lock_guard lock(mutex_);
        tasks_.erase(key);
    }
    /// Something of this task may become due again.
    void wake(const TaskId& task) {
        const std::lock_guard lock(mutex_);
        active_.insert(task);
    }
    /// Nothing of this task can become due any more, unless it is woken.
    void rest(const TaskId& task) {
        const std::lock_guard lock(mutex_);
        active_.erase(task);
    }
    [[nodiscard]] std::vector<TaskId> active() const {
        const std::lock_guard lock(mutex_);
        return {active_.begin(), active_.end()};
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
    std::set<TaskId> active_;  ///< Tasks with a configuration that may be or become due.
};

}  // namespace a2akit::backends
