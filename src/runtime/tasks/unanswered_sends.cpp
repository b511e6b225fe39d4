#include "runtime/tasks/unanswered_sends.hpp"

#include <utility>

namespace a2akit {

class UnansweredSends::Entry {
public:
    Entry(std::shared_ptr<UnansweredSends> sends, TaskId task)
        : sends_(std::move(sends)), task_(task) {
        const std::lock_guard lock(sends_->mutex_);
        ++sends_->sends_[task].count;
        sends_->count_.fetch_add(1, std::memory_order_relaxed);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { sends_->remove(task_); }

private:
    const std::shared_ptr<UnansweredSends> sends_;
    const TaskId task_;
};

std::shared_ptr<void> UnansweredSends::add(std::shared_ptr<UnansweredSends> sends, TaskId task) {
    return std::make_shared<Entry>(std::move(sends), task);
}

void UnansweredSends::remove(TaskId task) noexcept {
    const std::lock_guard lock(mutex_);
    count_.fetch_sub(1, std::memory_order_relaxed);
    const auto found = sends_.find(task);
    if (--found->second.count > 0) return;
    // Under the lock no signal can go away.
    for (Signal* signal : found->second.waiting) signal->set();
    sends_.erase(found);
}

Async<void> UnansweredSends::wait(TaskId task, SteadyTime until) {
    Signal signal;
    if (!enter(task, signal)) co_return;
    co_await signal.wait_until(until);
    leave(task, signal);
}

bool UnansweredSends::enter(TaskId task, Signal& signal) {
    const std::lock_guard lock(mutex_);
    const auto found = sends_.find(task);
    if (found == sends_.end()) return false;
    found->second.waiting.push_back(&signal);
    return true;
}

void UnansweredSends::leave(TaskId task, Signal& signal) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = sends_.find(task);
    if (found != sends_.end()) std::erase(found->second.waiting, &signal);
}

}  // namespace a2akit
