#include <a2akit/testing/manual_loop.hpp>

#include "core/timer_queue.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace a2akit::testing {

namespace {

constexpr auto kPatience = std::chrono::minutes(2);
constexpr auto kAskAgain = std::chrono::milliseconds(2);  // a backend may get idle without a post

}  // namespace

struct ManualLoop::State {
    // Posts from other threads (a BlockingWorker's) come in under the lock; without any the test is
    // single-threaded.
    std::mutex mutex;
    Work* first = nullptr;
    Work* last = nullptr;
    std::condition_variable posted;
    TimerQueue timers;
    Loop* former = nullptr;

    Work* pop() {
        const std::lock_guard lock(mutex);
        Work* work = first;
        if (work != nullptr) {
            first = work->next;
            if (first == nullptr) last = nullptr;
        }
        return work;
    }
    void wait_for_post() {
        std::unique_lock lock(mutex);
        posted.wait_for(lock, kAskAgain, [this] { return first != nullptr; });
    }
};

ManualLoop::ManualLoop(std::shared_ptr<FakeClock> clock, Busy busy,
                       std::optional<std::chrono::milliseconds> moment)
    : state_(std::make_unique<State>()),
      clock_(std::move(clock)),
      busy_(std::move(busy)),
      moment_(moment) {
    state_->former = Loop::current();
    set_current(this);
}

ManualLoop::~ManualLoop() {
    set_current(state_->former);
    // These are never ended any more.
    for (auto& awaited : abandoned_) {
        if (awaited->group.size() != 0) (void)awaited.release();
    }
}

void ManualLoop::post(Work& work) noexcept {
    const std::lock_guard lock(state_->mutex);
    work.next = nullptr;
    (state_->last == nullptr ? state_->first : state_->last->next) = &work;
    state_->last = &work;
    state_->posted.notify_one();
}

void ManualLoop::run_ready() {
    run_ready_unless([] { return false; });
}

void ManualLoop::run_ready_unless(const std::function<bool()>& done) {
    auto last_run = std::chrono::steady_clock::now();
    for (;;) {
        // Asked first: what it posted before it said no is run below.
        const bool busy = busy_ && busy_();
        bool ran = false;
        while (Work* work = state_->pop()) {
            work->run(*work);
            ran = true;
        }
        if (!busy && !ran) return;
        const auto now = std::chrono::steady_clock::now();
        if (ran) {
            last_run = now;
        } else if (moment_ && now > last_run + *moment_ && done()) {
            return;
        } else if (now > last_run + kPatience) {
            throw std::runtime_error(
                "ManualLoop: a backend or a handler is busy, but posts nothing");
        } else {
            state_->wait_for_post();
        }
    }
}

void ManualLoop::move_to(SteadyTime time) {
    if (time <= now_) return;
    if (clock_) clock_->advance(std::chrono::duration_cast<Duration>(time - now_));
    now_ = time;
}

void ManualLoop::advance(Duration span) {
    const SteadyTime end = now_ + span;
    run_ready();
    for (auto next = state_->timers.next(); next && *next <= end; next = state_->timers.next()) {
        move_to(*next);
        state_->timers.fire_due(now_);
        run_ready();
    }
    move_to(end);
}

void ManualLoop::run_until(const std::function<bool()>& done, Duration at_most) {
    const SteadyTime end = now_ + at_most;
    run_ready_unless(done);
    while (!done()) {
        const auto next = state_->timers.next();
        if (!next || *next > end) {
            throw std::runtime_error(
                "ManualLoop::await: nothing left that could end the coroutine");
        }
        move_to(*next);
        state_->timers.fire_due(now_);
        run_ready_unless(done);
    }
}

void ManualLoop::start_timer(Timer& timer, SteadyTime at) { state_->timers.start(timer, at); }
void ManualLoop::cancel_timer(Timer& timer) noexcept { state_->timers.cancel(timer); }

}  // namespace a2akit::testing
