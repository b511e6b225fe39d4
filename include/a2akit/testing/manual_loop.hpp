#pragma once

#include <a2akit/core/loop.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace a2akit::testing {

/// A clock that stands still until a test moves it. Safe from any thread.
class FakeClock final : public Clock {
public:
    explicit FakeClock(Timestamp start = Timestamp(std::chrono::hours(24 * 365 * 55)))
        : now_(start) {}
    [[nodiscard]] Timestamp now() const noexcept override {
        return now_.load(std::memory_order_relaxed);
    }
    void advance(Duration by) noexcept { now_.store(now() + by, std::memory_order_relaxed); }

private:
    std::atomic<Timestamp> now_;
};

/// A loop that runs on the test's own thread, in virtual time: nothing sleeps, and every run is the
/// same.
///
/// Becomes the current loop of the thread that makes it, until it is destroyed. `advance` moves its
/// own time and, when it was given one, the FakeClock of the backends with it.
///
/// Code with its own threads (a backend, a BlockingWorker) reports through `busy` whether it may
/// still post something to this loop. While it may, the loop waits for it in real time, and its own
/// time stands still.
class ManualLoop final : public Loop {
public:
    using Busy = std::function<bool()>;
    /// With `moment`, once its coroutine has ended, `await` waits for code that is still busy for
    /// no longer than that in real time.
    explicit ManualLoop(std::shared_ptr<FakeClock> clock = nullptr, Busy busy = {},
                        std::optional<std::chrono::milliseconds> moment = std::nullopt);
    ~ManualLoop() override;

    void post(Work& work) noexcept override;
    [[nodiscard]] SteadyTime now() const noexcept override { return now_; }

    /// Runs everything that is ready, and what that makes ready, without moving the time. Throws
    /// std::runtime_error when a busy backend posts nothing for two minutes.
    void run_ready();
    /// Moves the time by `span`, firing the timers on the way in order, and runs what gets ready.
    void advance(Duration span);

    /// Runs `coroutine` to its end and returns what it returned; throws what it threw. Moves the
    /// time only as far as it has to, `at_most` in all; past that it throws std::runtime_error: the
    /// coroutine waits for something that will never happen.
    template <class T>
    T await(Async<T> coroutine, Duration at_most = std::chrono::minutes(10)) {
        auto made = std::make_unique<Awaited<T>>();
        Awaited<T>& awaited = *made;
        const Abandon unless_done(*this, std::move(made));
        awaited.group.spawn(capture(std::move(coroutine), awaited));
        run_until([&] { return awaited.group.size() == 0; }, at_most);
        if (awaited.thrown) std::rethrow_exception(awaited.thrown);
        if constexpr (!std::is_void_v<T>) return std::move(*awaited.result);
    }

protected:
    void start_timer(Timer& timer, SteadyTime at) override;
    void cancel_timer(Timer& timer) noexcept override;

private:
    struct AnyAwaited {
        virtual ~AnyAwaited() = default;
        TaskGroup group;
        std::exception_ptr thrown;
    };
    template <class T>
    struct Awaited : AnyAwaited {
        std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
    };
    /// A coroutine that was awaited in vain may run as long as the loop does, so it keeps its
    /// place.
    class Abandon {
    public:
        Abandon(ManualLoop& loop, std::unique_ptr<AnyAwaited> awaited) noexcept
            : loop_(loop), awaited_(std::move(awaited)) {}
        Abandon(const Abandon&) = delete;
        Abandon& operator=(const Abandon&) = delete;
        ~Abandon() {
            if (awaited_->group.size() != 0) loop_.abandoned_.push_back(std::move(awaited_));
        }

    private:
        ManualLoop& loop_;
        std::unique_ptr<AnyAwaited> awaited_;
    };
    template <class T>
    static Async<void> capture(Async<T> coroutine, Awaited<T>& awaited) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(coroutine);
                awaited.result.emplace(true);
            } else {
                awaited.result.emplace(co_await std::move(coroutine));
            }
        } catch (...) {
            awaited.thrown = std::current_exception();
        }
    }
    void run_until(const std::function<bool()>& done, Duration at_most);
    void run_ready_unless(const std::function<bool()>& done);
    void move_to(SteadyTime time);

    struct State;
    std::unique_ptr<State> state_;
    std::shared_ptr<FakeClock> clock_;
    Busy busy_;
    std::optional<std::chrono::milliseconds> moment_;
    std::vector<std::unique_ptr<AnyAwaited>> abandoned_;
    SteadyTime now_{std::chrono::hours(1)};
};

}  // namespace a2akit::testing
