#pragma once

#include "core/timer_queue.hpp"

#include <a2akit/core/loop.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace a2akit::test_support {

/// A Loop on a thread of its own, in real time: for tests that have to see several threads at once.
/// Links with core.
///
/// Its destructor runs what is posted, then ends the thread. REQUIRES: the coroutines run on it
/// have ended by then.
class ThreadLoop final : public Loop {
public:
    ThreadLoop() : thread_([this] { run(); }) {}
    ~ThreadLoop() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }
    ThreadLoop(const ThreadLoop&) = delete;
    ThreadLoop& operator=(const ThreadLoop&) = delete;

    void post(Work& work) noexcept override {
        const std::lock_guard lock(mutex_);
        work.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &work;
        last_ = &work;
        wake_.notify_one();
    }
    [[nodiscard]] SteadyTime now() const noexcept override {
        return std::chrono::steady_clock::now();
    }

    /// Runs `function` on the loop's thread and returns when it has returned. Not from that thread.
    void call(std::function<void()> function) {
        Call call(std::move(function));
        const std::future<void> done = call.done.get_future();
        post(call);
        done.wait();
    }

    /// Starts the coroutine that `make` returns on the loop's thread; the returned handle waits for
    /// its end. `make` is kept until then, so it may own what the coroutine refers to.
    class Running {
    public:
        Running(Running&&) = delete;
        ~Running() { wait(); }
        /// Returns when the coroutine has ended; throws what it threw, once.
        void join() {
            wait();
            if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
        }

    private:
        friend class ThreadLoop;
        Running(ThreadLoop& loop, std::function<Async<void>()> make)
            : loop_(loop), make_(std::move(make)) {
            loop_.call([this] { group_.spawn(run(*this)); });
        }
        static Async<void> run(Running& self) {
            try {
                co_await self.make_();
            } catch (const std::exception&) {
                self.thrown_ = std::current_exception();
            }
            self.ended_.store(true);
            self.ended_.notify_all();
        }
        void wait() {
            if (std::exchange(joined_, true)) return;
            ended_.wait(false);
            loop_.call([] {});  // the group has seen the end as well
        }

        ThreadLoop& loop_;
        std::function<Async<void>()> make_;
        TaskGroup group_;
        std::exception_ptr thrown_;
        std::atomic<bool> ended_{false};
        bool joined_ = false;
    };
    [[nodiscard]] Running start(std::function<Async<void>()> make) {
        return Running(*this, std::move(make));
    }

protected:
    void start_timer(Timer& timer, SteadyTime at) override { timers_.start(timer, at); }
    void cancel_timer(Timer& timer) noexcept override { timers_.cancel(timer); }

private:
    struct Call : Work {
        explicit Call(std::function<void()> f)
            : Work([](Work& work) noexcept {
                  auto& self = static_cast<Call&>(work);
                  // The caller frees the call as soon as it is done.
                  std::promise<void> done = std::move(self.done);
                  self.function();
                  done.set_value();
              }),
              function(std::move(f)) {}
        std::function<void()> function;
        std::promise<void> done;
    };

    [[nodiscard]] Work* next() {
        std::unique_lock lock(mutex_);
        const auto ready = [this] { return first_ != nullptr || stopping_; };
        if (const auto due = timers_.next())
            wake_.wait_until(lock, *due, ready);
        else
            wake_.wait(lock, ready);
        Work* work = first_;
        if (work == nullptr) return nullptr;
        first_ = work->next;
        if (first_ == nullptr) last_ = nullptr;
        return work;
    }

    void run() {
        set_current(this);
        for (;;) {
            Work* work = next();
            if (work != nullptr) work->run(*work);
            timers_.fire_due(now());
            if (work == nullptr && stopped()) break;
        }
        set_current(nullptr);
    }

    [[nodiscard]] bool stopped() {
        const std::lock_guard lock(mutex_);
        return stopping_ && first_ == nullptr;
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    Work* first_ = nullptr;
    Work* last_ = nullptr;
    bool stopping_ = false;
    TimerQueue timers_;
    std::thread thread_;
};

}  // namespace a2akit::test_support
