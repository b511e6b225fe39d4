#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <optional>

namespace a2akit {

class Loop;

/// Something for a loop to run, linked into the loop's own queue: posting allocates nothing.
/// REQUIRES: lives until it has run; is posted at most once at a time.
struct Work {
    using Run = void (*)(Work&) noexcept;
    explicit Work(Run r) noexcept : run(r) {}
    Run run;
    Work* next = nullptr;
};

/// A call at a later time. Belongs to one loop: started, cancelled and fired on that loop's thread
/// only. Its destructor cancels it.
class Timer {
public:
    using Fire = void (*)(Timer&) noexcept;
    explicit Timer(Fire fire) noexcept : fire_(fire) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    /// Calls `fire` at `at` or some milliseconds later (see Loop). Starting a started timer moves
    /// it. REQUIRES: called on the thread of `loop`.
    void start(Loop& loop, SteadyTime at);
    void cancel() noexcept;
    [[nodiscard]] bool started() const noexcept { return loop_ != nullptr; }

private:
    friend class TimerQueue;
    Fire fire_;
    Loop* loop_ = nullptr;
    SteadyTime at_{};
    std::size_t slot_ = 0;
};

/// An event loop: one thread on which coroutines run, one after the other, and on which timers
/// fire.
///
/// `post` is safe from any thread; everything else is called on the loop's own thread. Work runs in
/// the order in which it was posted from one thread. A post from another thread wakes the loop
/// once, however many follow before it runs. Timers are coarse: one is up to 10 ms late, never
/// early.
class Loop {
public:
    virtual ~Loop() = default;

    /// The loop whose thread this is; null on a thread that runs none.
    [[nodiscard]] static Loop* current() noexcept;

    virtual void post(Work& work) noexcept = 0;
    [[nodiscard]] virtual SteadyTime now() const noexcept = 0;

protected:
    friend class Timer;
    virtual void start_timer(Timer& timer, SteadyTime at) = 0;
    virtual void cancel_timer(Timer& timer) noexcept = 0;
    /// For implementations: says which loop this thread runs from now on (null: none).
    static void set_current(Loop* loop) noexcept;
};

/// Awaiting it lets everything that is ready on this loop run first: what was emitted so far leaves
/// for the clients.
[[nodiscard]] inline auto yield() noexcept {
    struct Yield : Work {
        Yield() noexcept : Work([](Work& w) noexcept { static_cast<Yield&>(w).handle.resume(); }) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) noexcept {
            handle = h;
            Loop::current()->post(*this);
        }
        void await_resume() const noexcept {}
        std::coroutine_handle<> handle;
    };
    return Yield{};
}

/// Awaiting it continues the coroutine on the thread of `loop`; immediately if it is already there.
[[nodiscard]] inline auto resume_on(Loop& loop) noexcept {
    struct Switch : Work {
        explicit Switch(Loop& l) noexcept
            : Work([](Work& w) noexcept { static_cast<Switch&>(w).handle.resume(); }), target(l) {}
        bool await_ready() const noexcept { return Loop::current() == &target; }
        void await_suspend(std::coroutine_handle<> h) noexcept {
            handle = h;
            target.post(*this);
        }
        void await_resume() const noexcept {}
        Loop& target;
        std::coroutine_handle<> handle;
    };
    return Switch{loop};
}

/// Awaiting it pauses the coroutine for `span` of the current loop's time; nothing cuts it short.
/// In a handler use `sleep` (core/when.hpp), which a cancel ends early.
Async<void> sleep_for(Duration span);

/// A flag that one coroutine waits for and any thread raises.
///
/// `set` wakes the waiter through its loop's queue, never by running it in place; setting a set
/// signal does nothing. At most one coroutine waits at a time. REQUIRES: outlives its waiter.
class Signal {
public:
    Signal() noexcept = default;
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    void set() noexcept;
    [[nodiscard]] bool is_set() const noexcept;
    /// Lowers the flag, so that it can be waited for again. REQUIRES: no coroutine waits.
    void reset() noexcept;

    class [[nodiscard]] Wait;
    class [[nodiscard]] Either;
    /// Returns immediately when the signal is already raised.
    Wait wait() noexcept;
    /// The same, at `until` at the latest: false when the time was up first.
    Wait wait_until(SteadyTime until) noexcept;
    /// Returns when one of the two is raised, or at `until`: false when the time was up first.
    /// REQUIRES: no other coroutine waits for either of them meanwhile.
    static Either either(Signal& one, Signal& other,
                         std::optional<SteadyTime> until = std::nullopt) noexcept;

private:
    std::atomic<void*> state_{nullptr};  ///< null: lowered; this: raised; else the waiting Wait
};

class Signal::Wait : protected Work, Timer {
public:
    Wait(Signal& signal, std::optional<SteadyTime> until) noexcept;
    [[nodiscard]] bool await_ready() const noexcept { return signal_.is_set(); }
    bool await_suspend(std::coroutine_handle<> handle);
    /// True when the signal was raised.
    bool await_resume() noexcept { return !timed_out_; }

protected:
    /// Calls `raised` on the loop instead of resuming a coroutine.
    Wait(Signal& signal, Work::Run raised) noexcept;
    /// False: raised already.
    bool begin() noexcept;
    /// False: raised meanwhile, and `raised` is about to be called.
    bool withdraw() noexcept;

private:
    friend class Signal;
    Signal& signal_;
    std::optional<SteadyTime> until_;
    Loop* loop_ = nullptr;
    std::coroutine_handle<> handle_;
    bool timed_out_ = false;
};

class Signal::Either : Timer {
public:
    Either(Signal& one, Signal& other, std::optional<SteadyTime> until) noexcept;
    Either(const Either&) = delete;
    Either& operator=(const Either&) = delete;
    [[nodiscard]] bool await_ready() const noexcept {
        return one_.await_ready() || other_.await_ready();
    }
    bool await_suspend(std::coroutine_handle<> handle);
    /// True when one of the signals was raised.
    bool await_resume() const noexcept { return !timed_out_; }

private:
    class Half : public Wait {
    public:
        Half(Signal& signal, Either& whole, Half& sibling) noexcept;
        bool begin() noexcept { return waits_ = Wait::begin(); }
        bool withdraw() noexcept {
            const bool withdrawn = Wait::withdraw();
            if (withdrawn) waits_ = false;
            return withdrawn;
        }
        [[nodiscard]] bool waits() const noexcept { return waits_; }

    private:
        void raised() noexcept;
        Either& whole_;
        Half& sibling_;
        bool waits_ = false;
    };
    void time_is_up() noexcept;
    void resume() noexcept {
        Timer::cancel();
        handle_.resume();
    }
    Half one_;
    Half other_;
    std::optional<SteadyTime> until_;
    std::coroutine_handle<> handle_;
    bool timed_out_ = false;
};

inline Signal::Either Signal::either(Signal& one, Signal& other,
                                     std::optional<SteadyTime> until) noexcept {
    return {one, other, until};
}

/// The coroutines that somebody started and has to wait for. Nothing in a2akit is detached.
///
/// Belongs to one loop. A coroutine that lets an exception escape ends the process: catch what you
/// expect.
class TaskGroup {
public:
    TaskGroup() noexcept = default;
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    ~TaskGroup();  ///< REQUIRES: empty.

    /// Runs `coroutine` on this thread, now, up to its first suspension.
    void spawn(Async<void> coroutine);
    /// Returns when the group is empty. At most one waiter.
    Async<void> join();
    [[nodiscard]] std::size_t size() const noexcept { return running_; }

private:
    struct Runner;
    std::size_t running_ = 0;
    Signal empty_;
    bool joining_ = false;
};

}  // namespace a2akit
