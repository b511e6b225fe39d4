#include "backends/sqlite/work_queue.hpp"

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
        const std::lock_guard lock(mutex_);
        if (queued_ < kMaxQueued) {
            (last_ == nullptr ? first_ : last_->next) = &operation;
            last_ = &operation;
            ++queued_;
            wake_.notify_one();
            return;
        }
    }
    operation.fail(Error::unavailable(
        std::string("too many ") + what_ + " are waiting for the disk; try again later",
        kRetryWhenFull));
    Answers answers(unanswered_);
    answers.add(operation);
}

Operation* OperationQueue::take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return first_ != nullptr || stopping_; });
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
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
}

}  // namespace a2akit::sqlite
