#pragma once

#include <a2akit/core/loop.hpp>

#include "core/handler_mark.hpp"
#include "core/timer_queue.hpp"
#include "net/handler_memory.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <coroutine>

namespace a2akit::net {

/// A Loop over one io_context: sockets, timers and posted work, all on the thread that calls `run`.
///
/// Work posted on the loop's own thread goes through a list without lock or allocation; work from
/// other threads through a second one, which wakes the loop by one Asio post, however many follow
/// before it runs.
class AsioLoop final : public Loop {
public:
    using Executor = boost::asio::io_context::executor_type;

    AsioLoop();
    ~AsioLoop() override;
    AsioLoop(const AsioLoop&) = delete;
    AsioLoop& operator=(const AsioLoop&) = delete;

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

    void post(Work& work) noexcept override;
    [[nodiscard]] SteadyTime now() const noexcept override {
        return std::chrono::steady_clock::now();
    }

    /// The mark of the handler that runs now.
    [[nodiscard]] const HandlerMark& handler_mark() const noexcept { return mark_; }

    /// Runs the work when nothing else is ready, or when the limit on such waiting work is reached.
    /// From this loop's thread.
    void post_last(Work& work) noexcept;

    /// Runs until `stop`, then what is ready. Called once.
    void run();
    /// Safe from any thread.
    void stop() noexcept;

protected:
    void start_timer(Timer& timer, SteadyTime at) override { timers_.start(timer, at); }
    void cancel_timer(Timer& timer) noexcept override { timers_.cancel(timer); }

private:
    struct TakeRemote;
    struct StopWork : Work {
        explicit StopWork(AsioLoop& l) noexcept;
        AsioLoop& loop;
    };

    struct WorkList {
        void append(Work& work) noexcept;
        void append_all(WorkList& others) noexcept;
        Work* take() noexcept;
        [[nodiscard]] bool empty() const noexcept { return first == nullptr; }
        Work* first = nullptr;
        Work* last = nullptr;
    };

    void take_remote() noexcept;
    void run_local() noexcept;
    void end_turn() noexcept;
    void wait_for_events();
    void poll_events();

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<Executor> guard_;
    WorkList ready_;
    WorkList last_;  ///< See `post_last`.
    int last_waiting_ = 0;
    TimerQueue timers_;
    HandlerMark mark_;
    std::atomic<Work*> remote_{nullptr};  ///< Newest first.
    std::atomic<int> posting_{0};         ///< Other threads that are in `post`.
    HandlerMemory wake_memory_;
    StopWork stop_work_;
    std::atomic<bool> stop_asked_{false};
    bool stopping_ = false;
};

/// Awaiting it continues by AsioLoop::post_last. REQUIRES: runs on that loop.
[[nodiscard]] inline auto end_of_turn(AsioLoop& loop) noexcept {
    struct EndOfTurn : Work {
        explicit EndOfTurn(AsioLoop& l) noexcept
            : Work([](Work& w) noexcept { static_cast<EndOfTurn&>(w).handle.resume(); }), loop(l) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) noexcept {
            handle = h;
            loop.post_last(*this);
        }
        void await_resume() const noexcept {}
        AsioLoop& loop;
        std::coroutine_handle<> handle;
    };
    return EndOfTurn{loop};
}

}  // namespace a2akit::net
