#pragma once

#include <a2akit/core/ids.hpp>
#include <a2akit/core/loop.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace a2akit {

/// Sends of this node that do not wait for their turns, and whose answers are not sent yet. Their
/// turns start after the answer, because a handler that blocks its thread would delay it. Safe from
/// any thread.
class UnansweredSends {
public:
    /// Registers a send, before its turn is made, until the returned object is destroyed.
    [[nodiscard]] static std::shared_ptr<void> add(std::shared_ptr<UnansweredSends> sends,
                                                   TaskId task);

    [[nodiscard]] bool any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }
    /// Waits until no send to this task is left, or until `until`.
    Async<void> wait(TaskId task, SteadyTime until);

private:
    struct Sends {
        int count = 0;
        std::vector<Signal*> waiting;
    };
    class Entry;
    void remove(TaskId task) noexcept;
    [[nodiscard]] bool enter(TaskId task, Signal& signal);
    void leave(TaskId task, Signal& signal) noexcept;

    std::atomic<int> count_{0};
    std::mutex mutex_;
    std::unordered_map<TaskId, Sends> sends_;
};

}  // namespace a2akit
