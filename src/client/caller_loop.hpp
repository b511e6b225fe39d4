#pragma once

#include "core/timer_queue.hpp"

#include <a2akit/core/loop.hpp>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace a2akit::client {

/// A loop on the thread of a blocking call, as long as the call lasts.
class CallerLoop final : public Loop {
public:
    CallerLoop() noexcept;
    CallerLoop(const CallerLoop&) = delete;
    CallerLoop& operator=(const CallerLoop&) = delete;
    ~CallerLoop() override;

    void post(Work& work) noexcept override;
    [[nodiscard]] SteadyTime now() const noexcept override {
        return std::chrono::steady_clock::now();
    }
    /// Runs what is posted and what is due until the group is empty.
    void run(const TaskGroup& group);

protected:
    void start_timer(Timer& timer, SteadyTime at) override { timers_.start(timer, at); }
    void cancel_timer(Timer& timer) noexcept override { timers_.cancel(timer); }

private:
    Work* next(std::optional<SteadyTime> until);

    Loop* const former_;
    std::mutex mutex_;
    std::condition_variable posted_;
    Work* first_ = nullptr;
    Work* last_ = nullptr;
    TimerQueue timers_;
};

/// Runs the coroutine on this thread, and returns what it returns; throws what it throws.
template <class T>
T run_blocking(Async<T> coroutine) {
    using Value = std::conditional_t<std::is_void_v<T>, bool, T>;
    struct Outcome {
        std::optional<Value> value;
        std::exception_ptr thrown;
    };
    const auto capture = [](Async<T> inner, Outcome& outcome) -> Async<void> {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(inner);
                outcome.value.emplace(true);
            } else {
                outcome.value.emplace(co_await std::move(inner));
            }
        } catch (...) {
            outcome.thrown = std::current_exception();
        }
    };
    CallerLoop loop;
    Outcome outcome;
    TaskGroup group;
    group.spawn(capture(std::move(coroutine), outcome));
    loop.run(group);
    if (outcome.thrown) std::rethrow_exception(outcome.thrown);
    if constexpr (!std::is_void_v<T>) return std::move(*outcome.value);
}

}  // namespace a2akit::client
