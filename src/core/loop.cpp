#include <a2akit/core/loop.hpp>

#include "core/handler_mark.hpp"
#include "core/later.hpp"
#include "core/log.hpp"

#include <cassert>
#include <cstdlib>

namespace a2akit {
namespace {

thread_local Loop* current_loop = nullptr;

}  // namespace

Loop* Loop::current() noexcept { return current_loop; }
void Loop::set_current(Loop* loop) noexcept { current_loop = loop; }

void Timer::start(Loop& loop, SteadyTime at) {
    if (loop_ != nullptr && loop_ != &loop) cancel();
    loop_ = &loop;
    loop.start_timer(*this, at);
}

void Timer::cancel() noexcept {
    if (loop_ == nullptr) return;
    std::exchange(loop_, nullptr)->cancel_timer(*this);
}

Async<void> sleep_for(Duration span) {
    HandlerMark* const mark = HandlerMark::current();
    const std::optional<TaskId> handler = mark != nullptr ? mark->read() : std::nullopt;
    Signal never;
    co_await never.wait_until(later(Loop::current()->now(), span));
    if (handler) mark_handler(*handler);
}

// state_ is null while lowered, `this` while raised, and else points to the one waiter. The side
// that exchanges the waiter out of it, `set` or the waiter's own timer, resumes the waiter.

void Signal::set() noexcept {
    void* before = state_.load(std::memory_order_relaxed);
    do {
        if (before == this) {
            // Raised already. Publish the caller's earlier writes to the thread that lowers it
            // next.
            if (state_.compare_exchange_weak(before, this, std::memory_order_acq_rel)) return;
            continue;
        }
    } while (!state_.compare_exchange_weak(before, this, std::memory_order_acq_rel));
    if (before == nullptr || before == this) return;
    auto& waiter = *static_cast<Wait*>(before);
    waiter.loop_->post(waiter);
}

bool Signal::is_set() const noexcept { return state_.load(std::memory_order_acquire) == this; }

void Signal::reset() noexcept {
    void* raised = this;
    state_.compare_exchange_strong(raised, nullptr, std::memory_order_acq_rel);
}

Signal::Wait Signal::wait() noexcept { return Wait(*this, std::nullopt); }
Signal::Wait Signal::wait_until(SteadyTime until) noexcept { return Wait(*this, until); }

Signal::Wait::Wait(Signal& signal, std::optional<SteadyTime> until) noexcept
    : Work([](Work& work) noexcept {
          auto& self = static_cast<Wait&>(work);
          self.Timer::cancel();
          self.handle_.resume();
      }),
      Timer([](Timer& timer) noexcept {
          auto& self = static_cast<Wait&>(timer);
          // `set` was first: the work is posted already and resumes the coroutine.
          if (!self.withdraw()) return;
          self.timed_out_ = true;
          self.handle_.resume();
      }),
      signal_(signal),
      until_(until) {}

Signal::Wait::Wait(Signal& signal, Work::Run raised) noexcept
    : Work(raised), Timer([](Timer&) noexcept {}), signal_(signal) {}

bool Signal::Wait::await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    // The timer first: as soon as the waiter is visible, another thread may post it.
    if (until_) Timer::start(*Loop::current(), *until_);
    if (begin()) return true;
    Timer::cancel();
    return false;
}

bool Signal::Wait::begin() noexcept {
    loop_ = Loop::current();
    assert(loop_ != nullptr && "waiting needs a loop");
    void* lowered = nullptr;
    if (signal_.state_.compare_exchange_strong(lowered, this, std::memory_order_acq_rel))
        return true;
    assert(lowered == &signal_ && "a signal has one waiter");
    return false;
}

bool Signal::Wait::withdraw() noexcept {
    void* waiting = this;
    return signal_.state_.compare_exchange_strong(waiting, nullptr, std::memory_order_acq_rel);
}

Signal::Either::Half::Half(Signal& signal, Either& whole, Half& sibling) noexcept
    : Wait(signal, [](Work& work) noexcept { static_cast<Half&>(work).raised(); }),
      whole_(whole),
      sibling_(sibling) {}

// If both halves are raised, the second one leaves the coroutine to the first: its work is already
// posted and still refers to this object.
void Signal::Either::Half::raised() noexcept {
    waits_ = false;
    if (sibling_.waits_ && !sibling_.withdraw()) return;
    whole_.resume();
}

Signal::Either::Either(Signal& one, Signal& other, std::optional<SteadyTime> until) noexcept
    : Timer([](Timer& timer) noexcept { static_cast<Either&>(timer).time_is_up(); }),
      one_(one, *this, other_),
      other_(other, *this, one_),
      until_(until) {}

// A half that can't be withdrawn was raised: its work is posted already and resumes the coroutine.
void Signal::Either::time_is_up() noexcept {
    const bool one_is_quiet = !one_.waits() || one_.withdraw();
    const bool other_is_quiet = !other_.waits() || other_.withdraw();
    if (!one_is_quiet || !other_is_quiet) return;
    timed_out_ = true;
    handle_.resume();
}

bool Signal::Either::await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    // The timer first: as soon as a half is visible, another thread may post it.
    if (until_) Timer::start(*Loop::current(), *until_);
    const bool one_waits = one_.begin();
    if (one_waits && other_.begin()) return true;
    if (one_waits && !one_.withdraw()) return true;
    Timer::cancel();
    return false;
}

struct TaskGroup::Runner {
    struct promise_type {
        static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
        static void operator delete(void* frame, std::size_t size) noexcept {
            detail::free_frame(frame, size);
        }
        Runner get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept {
            try {
                throw;
            } catch (const std::exception& e) {
                log::error("a coroutine let an exception escape: {}", e.what());
                log::flush();
            }
            std::abort();
        }
    };

    static Runner run(TaskGroup& group, Async<void> coroutine) {
        co_await std::move(coroutine);
        // Its frame, with all that it holds, ends before the group may.
        {
            const Async<void> ended = std::move(coroutine);
        }
        if (--group.running_ == 0 && group.joining_) group.empty_.set();
    }
};

TaskGroup::~TaskGroup() { assert(running_ == 0 && "a group is joined before it ends"); }

void TaskGroup::spawn(Async<void> coroutine) {
    ++running_;
    Runner::run(*this, std::move(coroutine));
}

Async<void> TaskGroup::join() {
    while (running_ != 0) {
        joining_ = true;
        empty_.reset();
        co_await empty_.wait();
    }
    joining_ = false;
}

}  // namespace a2akit
