#include "backends/sqlite/operation.hpp"

#include "core/end_of_turn.hpp"

#include <chrono>

namespace a2akit::sqlite {
namespace {

// What callers do with large answers, such as encoding them, does not keep the sockets waiting for
// longer.
constexpr std::chrono::milliseconds kLongestDelivery(2);

}  // namespace

/// The answers for one loop. Frees itself once it has run.
struct Answers::Batch : Work {
    explicit Batch(Loop& l) noexcept : Work(&Batch::deliver), loop(l) {}

    static void deliver(Work& work) noexcept {
        auto& self = static_cast<Batch&>(work);
        const auto began = std::chrono::steady_clock::now();
        while (self.first != nullptr) {
            // Once resumed, it may end immediately.
            Operation& operation = *std::exchange(self.first, self.first->next);
            operation.waiter_.resume();
            if (self.first != nullptr &&
                std::chrono::steady_clock::now() - began >= kLongestDelivery &&
                post_at_end_of_turn(self)) {
                return;
            }
        }
        if (self.taken_up) {
            if (!std::exchange(self.at_end_of_turn, true) && post_at_end_of_turn(self)) return;
            self.taken_up->one_is_done();
        }
        delete &self;
    }

    Loop& loop;
    Operation* first = nullptr;
    Operation* last = nullptr;
    Batch* after = nullptr;
    std::shared_ptr<TakenUp> taken_up;
    bool at_end_of_turn = false;
};

void TakenUp::expect_one() {
    const std::lock_guard lock(mutex_);
    ++expected_;
}

void TakenUp::one_is_done() {
    const std::lock_guard lock(mutex_);
    if (--expected_ == 0) wake_.notify_all();
}

bool TakenUp::wait_until(std::chrono::steady_clock::time_point time) {
    std::unique_lock lock(mutex_);
    return wake_.wait_until(lock, time, [this] { return expected_ == 0; });
}

void Answers::add(Operation& operation) {
    operation.next = nullptr;
    ++answered_;
    if (operation.loop_ == nullptr) {
        std::promise<void> waiting = std::move(*operation.unlooped_);
        waiting.set_value();
        return;
    }
    Batch* batch = first_;
    while (batch != nullptr && &batch->loop != operation.loop_) batch = batch->after;
    if (batch == nullptr) {
        batch = new Batch(*operation.loop_);
        batch->after = std::exchange(first_, batch);
    }
    (batch->last == nullptr ? batch->first : batch->last->next) = &operation;
    batch->last = &operation;
}

void Answers::send(const std::shared_ptr<TakenUp>& taken_up) noexcept {
    while (first_ != nullptr) {
        Batch& batch = *std::exchange(first_, first_->after);
        if (taken_up) taken_up->expect_one();
        batch.taken_up = taken_up;
        batch.loop.post(batch);
    }
    unanswered_ -= std::exchange(answered_, 0);
}

}  // namespace a2akit::sqlite
