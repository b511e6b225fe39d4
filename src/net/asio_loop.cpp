#include "net/asio_loop.hpp"

#include "core/end_of_turn.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <thread>

namespace a2akit::net {
namespace {

// How much posted work, and how many socket events, one side may run before the other has its turn.
constexpr int kWorkPerTurn = 256;
constexpr int kEventsPerTurn = 128;
// How much work of `post_last` may wait: at some ten microseconds a request, a fraction of a
// millisecond.
constexpr int kLastPerTurn = 32;

}  // namespace

struct AsioLoop::TakeRemote {
    using allocator_type = HandlerAllocator<char>;
    void operator()() const noexcept { loop->take_remote(); }
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return allocator_type(loop->wake_memory_);
    }
    AsioLoop* loop;
};

AsioLoop::StopWork::StopWork(AsioLoop& l) noexcept
    : Work([](Work& work) noexcept { static_cast<StopWork&>(work).loop.stopping_ = true; }),
      loop(l) {}

AsioLoop::AsioLoop() : guard_(context_.get_executor()), stop_work_(*this) {}

AsioLoop::~AsioLoop() {
    // A thread whose work made the loop end may not have left `post` yet.
    while (posting_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void AsioLoop::WorkList::append(Work& work) noexcept {
    work.next = nullptr;
    (last == nullptr ? first : last->next) = &work;
    last = &work;
}

void AsioLoop::WorkList::append_all(WorkList& others) noexcept {
    if (others.empty()) return;
    (last == nullptr ? first : last->next) = others.first;
    last = others.last;
    others = {};
}

Work* AsioLoop::WorkList::take() noexcept {
    Work* work = first;
    first = work->next;
    if (first == nullptr) last = nullptr;
    return work;
}

void AsioLoop::post(Work& work) noexcept {
    if (Loop::current() == this) {
        ready_.append(work);
        return;
    }
    posting_.fetch_add(1, std::memory_order_relaxed);
    Work* head = remote_.load(std::memory_order_relaxed);
    do {
        work.next = head;
    } while (!remote_.compare_exchange_weak(head, &work, std::memory_order_acq_rel));
    // The thread that finds the list empty wakes the loop; `take_remote` empties the list before it
    // runs anything.
    if (head == nullptr) boost::asio::post(context_, TakeRemote{this});
    posting_.fetch_sub(1, std::memory_order_release);
}

void AsioLoop::take_remote() noexcept {
    Work* newest = remote_.exchange(nullptr, std::memory_order_acq_rel);
    Work* oldest = nullptr;
    while (newest != nullptr) {
        Work* next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != nullptr) {
        Work* next = oldest->next;
        ready_.append(*oldest);
        oldest = next;
    }
}

void AsioLoop::run_local() noexcept {
    for (int left = kWorkPerTurn; left > 0 && !ready_.empty(); --left) {
        Work* work = ready_.take();
        mark_.clear();
        work->run(*work);
    }
}

void AsioLoop::post_last(Work& work) noexcept {
    last_.append(work);
    ++last_waiting_;
}

void AsioLoop::end_turn() noexcept {
    ready_.append_all(last_);
    last_waiting_ = 0;
}

void AsioLoop::poll_events() {
    mark_.clear();
    for (int left = kEventsPerTurn; left > 0 && context_.poll_one() != 0; --left) {
    }
}

void AsioLoop::wait_for_events() {
    mark_.clear();
    const auto next = timers_.next();
    if (!next) {
        context_.run_one();
        return;
    }
    const SteadyTime time = now();
    if (*next > time) {
        context_.run_one_until(*next);
        return;
    }
    timers_.fire_due(time);
    context_.poll_one();
}

void AsioLoop::run() {
    Loop* const former = Loop::current();
    set_current(this);
    HandlerMark::set_current(&mark_);
    set_post_at_end_of_turn(this, [](Loop& loop, Work& work) noexcept {
        static_cast<AsioLoop&>(loop).post_last(work);
    });
    for (;;) {
        run_local();
        if (stopping_) break;
        if (ready_.empty()) {
            if (last_.empty())
                wait_for_events();
            else if (last_waiting_ >= kLastPerTurn || context_.poll_one() == 0)
                end_turn();
            continue;
        }
        if (!last_.empty()) end_turn();
        // Posted work that never ends must not keep the sockets and timers waiting.
        poll_events();
        timers_.fire_due(now());
    }
    context_.poll();
    end_turn();
    while (!ready_.empty()) {
        run_local();
        end_turn();
    }
    set_post_at_end_of_turn(nullptr, nullptr);
    HandlerMark::set_current(nullptr);
    set_current(former);
}

void AsioLoop::stop() noexcept {
    if (!stop_asked_.exchange(true)) post(stop_work_);
}

}  // namespace a2akit::net
