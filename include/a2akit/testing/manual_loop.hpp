#pragma once

#include <a2akit/core/loop.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace a2akit::testing {

/// A clock that stands still until a test moves it. Safe from any thread.
class FakeClock final : public Clock {
public:
    explicit FakeClock(Timestamp start = Timestamp(std::chrono::hours(24 * 365 * 55))) : now_(start) {}
    [[nodiscard]] Timestamp now() const noexcept override { return now_.load(std::memory_order_relaxed); }
    void advance(Duration by) noexcept { now_.store(now() + by, std::memory_order_relaxed); }

private:
    std::atomic<Timestamp> now_;
};

/// A loop that runs on the test's own thread, in virtual time: nothing sleeps, and every run is the same.
///
/// Becomes the current loop of the thread that makes it, until it is destroyed. `advance` moves its own time and, when
/// it was given one, the FakeClock of the backends with it.
///
/// A backend that works on threads of its own says by `busy` whether it will still post something to this loop; until
/// it says no, the loop waits for it, really, and its own time stands still.
class ManualLoop final : public Loop {
public:
    using Busy = std::function<bool()>;
    explicit ManualLoop(std::shared_ptr<FakeClock> clock = nullptr, Busy busy = {});
    ~ManualLoop() override;

    void post(Work& work) noexcept override;
    [[nodiscard]] SteadyTime now() const noexcept override { return now_; }

    /// Runs everything that is ready, and what that makes ready, without moving the time. Throws std::runtime_error
    /// when a busy backend posts nothing for half a minute.
    void run_ready();
    /// Moves the time by `span`, firing the timers on the way in order, and runs what gets ready.
    void advance(Duration span);

    /// Runs `coroutine` to its end and returns what it returned; throws what it threw. Moves the time only as far as
    /// it has to, `at_most` in all; past that it throws std::runtime_error: the coroutine waits for something that
    /// nobody will do.
    template <class T>
    T await(Async<T> coroutine, Duration at_most = std::chrono::minutes(10)) {
        std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
        std::exception_ptr thrown;
        TaskGroup group;
        group.spawn(capture(std::move(coroutine), result, thrown));
        run_until([&] { return group.size() == 0; }, at_most);
        if (thrown) std::rethrow_exception(thrown);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

protected:
    void start_timer(Timer& timer, SteadyTime at) override;
    void cancel_timer(Timer& timer) noexcept override;

private:
    template <class T, class R>
    static Async<void> capture(Async<T> coroutine, std::optional<R>& result, std::exception_ptr& thrown) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(coroutine);
                result.emplace(true);
            } else {
                result.emplace(co_await std::move(coroutine));
            }
        } catch (const std::exception&) {
            thrown = std::current_exception();
        }
    }
    void run_until(const std::function<bool()>& done, Duration at_most);
    void move_to(SteadyTime time);

    struct State;
    std::unique_ptr<State> state_;
    std::shared_ptr<FakeClock> clock_;
    Busy busy_;
    SteadyTime now_{std::chrono::hours(1)};
};

}  // namespace a2akit::testing
