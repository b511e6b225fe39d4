#include "core/timer_queue.hpp"

namespace a2akit {

void TimerQueue::place(std::size_t slot, Timer* timer) noexcept {
    heap_[slot] = timer;
    timer->slot_ = slot + 1;  // 0: not in the queue
}

void TimerQueue::rise(std::size_t slot) noexcept {
    Timer* timer = heap_[slot];
    while (slot > 0) {
        const std::size_t parent = (slot - 1) / 2;
        if (heap_[parent]->at_ <= timer->at_) break;
        place(slot, heap_[parent]);
        slot = parent;
    }
    place(slot, timer);
}

void TimerQueue::sink(std::size_t slot) noexcept {
    Timer* timer = heap_[slot];
    for (;;) {
        std::size_t child = 2 * slot + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) ++child;
        if (timer->at_ <= heap_[child]->at_) break;
        place(slot, heap_[child]);
        slot = child;
    }
    place(slot, timer);
}

void TimerQueue::start(Timer& timer, SteadyTime at) {
    if (timer.slot_ == 0) {
        timer.at_ = at;
        heap_.push_back(&timer);
        rise(heap_.size() - 1);
        return;
    }
    timer.at_ = at;
    const std::size_t slot = timer.slot_ - 1;
    rise(slot);
    sink(timer.slot_ - 1);
}

void TimerQueue::cancel(Timer& timer) noexcept {
    if (timer.slot_ == 0) return;
    const std::size_t slot = timer.slot_ - 1;
    timer.slot_ = 0;
    Timer* last = heap_.back();
    heap_.pop_back();
    if (last == &timer) return;
    place(slot, last);
    rise(slot);
    sink(last->slot_ - 1);
}

std::optional<SteadyTime> TimerQueue::next() const noexcept {
    if (heap_.empty()) return std::nullopt;
    return heap_.front()->at_;
}

std::size_t TimerQueue::fire_due(SteadyTime now) noexcept {
    std::size_t fired = 0;
    for (std::size_t left = heap_.size(); left > 0 && !heap_.empty() && heap_.front()->at_ <= now;
         --left) {
        Timer& timer = *heap_.front();
        timer.cancel();
        timer.fire_(timer);
        ++fired;
    }
    return fired;
}

}  // namespace a2akit
