#include "client/caller_loop.hpp"

#include "client/waiting.hpp"

namespace a2akit::client {

CallerLoop::CallerLoop() noexcept : former_(current()) { set_current(this); }
CallerLoop::~CallerLoop() { set_current(former_); }

void CallerLoop::post(Work& work) noexcept {
    const std::lock_guard lock(mutex_);
    work.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &work;
    last_ = &work;
    posted_.notify_one();
}

void CallerLoop::run(const TaskGroup& group) {
    while (group.size() != 0) {
        if (Work* work = next(timers_.next())) work->run(*work);
        timers_.fire_due(now());
    }
}

Work* CallerLoop::next(std::optional<SteadyTime> until) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return first_ != nullptr; };
    if (until) {
        posted_.wait_until(lock, *until, ready);
    } else {
        posted_.wait(lock, ready);
    }
    Work* const work = first_;
    if (work != nullptr) {
        first_ = work->next;
        if (first_ == nullptr) last_ = nullptr;
    }
    return work;
}

Async<bool> wait_for(Signal& signal, std::optional<SteadyTime> until) {
    detail::StopScope* scope = co_await detail::current_scope();
    if (scope == nullptr) scope = &detail::never_stopped();
    if (!signal.is_set() && !scope->stop_requested()) co_await scope->wait(signal, until);
    if (signal.is_set()) co_return true;
    if (scope->stop_requested()) throw Cancelled();
    co_return false;
}

}  // namespace a2akit::client
