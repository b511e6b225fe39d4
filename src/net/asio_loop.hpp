#pragma once

#include <a2akit/core/loop.hpp>

#include "core/timer_queue.hpp"
#include "net/handler_memory.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>

namespace a2akit::net {

/// A Loop over one io_context: sockets, timers and posted work, all on the thread that calls `run`.
///
/// Work posted on the loop's own thread goes through a list without lock or allocation; work from other threads
/// through a second one, which wakes the loop by one Asio post, however many follow before it runs.
class AsioLoop final : public Loop {
public:
    using Executor = boost::asio::io_context::executor_type;

    AsioLoop();
    ~AsioLoop() override;
    AsioLoop(const AsioLoop&) = delete;
    AsioLoop& operator=(const AsioLoop&) = delete;

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

    void post(Work& work) noexcept override;
    [[nodiscard]] SteadyTime now() const noexcept override { return std::chrono::steady_clock::now(); }

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

    void take_remote() noexcept;
    void append(Work& work) noexcept;
    void run_local() noexcept;
    void wait_for_events();
    void poll_events();

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<Executor> guard_;
    Work* first_ = nullptr;
    Work* last_ = nullptr;
    TimerQueue timers_;
    std::atomic<Work*> remote_{nullptr};  ///< Newest first.
    HandlerMemory wake_memory_;
    StopWork stop_work_;
    std::atomic<bool> stop_asked_{false};
    bool stopping_ = false;
};

}  // namespace a2akit::net
