#pragma once

#include <a2akit/core/loop.hpp>

#include <optional>
#include <vector>

namespace a2akit {

/// The timers of one loop, soonest first: a binary heap in which each timer knows its place. For
/// implementations of Loop.
class TimerQueue {
public:
    /// Adds the timer, or moves it when it is in already.
    void start(Timer& timer, SteadyTime at);
    void cancel(Timer& timer) noexcept;
    [[nodiscard]] std::optional<SteadyTime> next() const noexcept;
    /// Fires what is due at `now`; a timer that a fired one starts anew waits for the next call.
    /// Returns how many.
    std::size_t fire_due(SteadyTime now) noexcept;
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }

private:
    void place(std::size_t slot, Timer* timer) noexcept;
    void rise(std::size_t slot) noexcept;
    void sink(std::size_t slot) noexcept;

    std::vector<Timer*> heap_;
};

}  // namespace a2akit
