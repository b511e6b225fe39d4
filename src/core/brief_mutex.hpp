#pragma once

#include <atomic>

namespace a2akit {

/// A mutex for sections of a few dozen instructions that hardly ever meet. It takes four bytes, and
/// while nobody waits it is taken and left with one atomic instruction each, in line. A thread that
/// has to wait sleeps.
class BriefMutex {
public:
    BriefMutex() noexcept = default;
    BriefMutex(const BriefMutex&) = delete;
    BriefMutex& operator=(const BriefMutex&) = delete;

    void lock() noexcept {
        int state = kFree;
        if (!state_.compare_exchange_strong(state, kHeld)) wait();
    }
    void unlock() noexcept {
        if (state_.exchange(kFree) == kAwaited) wake_one();
    }

private:
    enum : int { kFree, kHeld, kAwaited };

    void wait() noexcept;
    void wake_one() noexcept;

    std::atomic<int> state_{kFree};
};

}  // namespace a2akit
