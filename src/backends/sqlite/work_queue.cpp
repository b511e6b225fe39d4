#include "backends/sqlite/work_queue.hpp"

#include "core/end_of_turn.hpp"

#include <string>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kMaxQueued = 65'536;
constexpr std::chrono::milliseconds kRetryWhenFull(200);

}  // namespace

void OperationQueue::submit(Operation& operation) {
    operation.next = nullptr;
    ++unanswered_;
    {
        const std::lock_guard lock(idle_->mutex);
        if (queued_ < kMaxQueued) {
            (last_ == nullptr ? first_ : last_->next) = &operation;
            last_ = &operation;
            ++queued_;
            return wake_idle();
        }
    }
    operation.fail(Error::unavailable(
        std::string("too many ") + what_ + " are waiting for the disk; try again later",
        kRetryWhenFull));
    Answers answers(unanswered_);
    answers.add(operation);
}

// A thread that is at work takes what has queued meanwhile when it is done. The loop that is to
// wake one may be held up by a handler: an operation of another loop does not wait for that.
void OperationQueue::wake_idle() {
    if (idle_->threads == 0) return;
    Loop* const loop = Loop::current();
    if (wake_ == Wake::kAtEndOfTurn && loop != nullptr) {
        if (idle_->waker == loop) return;
        if (idle_->waker == nullptr && post_at_end_of_turn(*idle_)) {
            idle_->waker = loop;
            idle_->self = idle_;
            return;
        }
    }
    idle_->wake.notify_one();
}

void OperationQueue::Idle::wake_one(Work& work) noexcept {
    auto& idle = static_cast<Idle&>(work);
    std::shared_ptr<Idle> self;
    const std::lock_guard lock(idle.mutex);
    self = std::move(idle.self);
    idle.waker = nullptr;
    idle.wake.notify_one();
}

Operation* OperationQueue::take() {
    std::unique_lock lock(idle_->mutex);
    ++idle_->threads;
    idle_->wake.wait(lock, [this] { return first_ != nullptr || stopping_; });
    --idle_->threads;
    if (first_ == nullptr) return nullptr;
    Operation* const batch = first_;
    Operation* end = first_;
    std::size_t taken = 1;
    for (; end->next != nullptr && taken < most_together_; end = end->next) ++taken;
    first_ = std::exchange(end->next, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    queued_ -= taken;
    return batch;
}

void OperationQueue::stop() noexcept {
    {
        const std::lock_guard lock(idle_->mutex);
        stopping_ = true;
    }
    idle_->wake.notify_all();
}

}  // namespace a2akit::sqlite
