#pragma once

#include <a2akit/core/ids.hpp>

#include <cstddef>
#include <unordered_set>
#include <utility>

namespace a2akit::backends {

/// A set of tasks that forgets the oldest ones beyond a limit; at least the newest half of the
/// limit is kept.
class RecentTasks {
public:
    explicit RecentTasks(std::size_t limit) : half_(limit / 2) {}

    void insert(const TaskId& task) {
        if (newer_.size() >= half_) older_ = std::exchange(newer_, {});
        newer_.insert(task);
    }
    /// False: the task is not in the set, or was forgotten.
    bool erase(const TaskId& task) {
        const std::size_t erased = newer_.erase(task) + older_.erase(task);
        return erased != 0;
    }
    [[nodiscard]] std::size_t size() const noexcept { return newer_.size() + older_.size(); }

private:
    const std::size_t half_;
    std::unordered_set<TaskId> newer_;
    std::unordered_set<TaskId> older_;
};

}  // namespace a2akit::backends
