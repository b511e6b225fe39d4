#pragma once

#include "core/brief_mutex.hpp"

#include <a2akit/core/loop.hpp>

#include <algorithm>
#include <deque>
#include <mutex>

namespace a2akit {

/// The limit on handlers that run at the same time, counted over all loops of a server. Safe from
/// any thread.
class RunSlots {
public:
    explicit RunSlots(int count) noexcept : free_(count) {}

    /// Takes a slot; or, when none is free, remembers `waiter`, which is raised once a slot is
    /// taken for it.
    bool take_or_wait(Signal& waiter) {
        const std::lock_guard lock(mutex_);
        if (free_ > 0) {
            --free_;
            return true;
        }
        waiters_.push_back(&waiter);
        return false;
    }

    /// Takes as many slots as are free, at most `wanted`.
    int take(int wanted) {
        const std::lock_guard lock(mutex_);
        const int taken = std::min(wanted, free_);
        free_ -= taken;
        return taken;
    }

    void give_back() {
        const std::lock_guard lock(mutex_);
        if (waiters_.empty()) {
            ++free_;
            return;
        }
        Signal* next = waiters_.front();
        waiters_.pop_front();
        next->set();
    }

    /// Stops waiting. False: too late, a slot was taken for the waiter.
    bool forget(Signal& waiter) {
        const std::lock_guard lock(mutex_);
        return std::erase(waiters_, &waiter) != 0;
    }

private:
    BriefMutex mutex_;
    int free_;
    std::deque<Signal*> waiters_;
};

}  // namespace a2akit
