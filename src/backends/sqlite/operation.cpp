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
        delete &self;
    }

    Loop& loop;
    Operation* first = nullptr;
    Operation* last = nullptr;
    Batch* after = nullptr;
};

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

void Answers::send() noexcept {
    while (first_ != nullptr) {
        Batch& batch = *std::exchange(first_, first_->after);
        batch.loop.post(batch);
    }
    unanswered_ -= std::exchange(answered_, 0);
}

}  // namespace a2akit::sqlite
