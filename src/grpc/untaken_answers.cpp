#include "grpc/untaken_answers.hpp"

namespace a2akit::rpc {

void UntakenAnswers::add(Entry& entry, SteadyTime now) noexcept {
    const std::lock_guard lock(mutex_);
    entry.since_ = now;
    entry.listed_ = true;
    entry.before_ = last_;
    entry.behind_ = nullptr;
    (last_ != nullptr ? last_->behind_ : first_) = &entry;
    last_ = &entry;
}

void UntakenAnswers::remove(Entry& entry) noexcept {
    const std::lock_guard lock(mutex_);
    if (entry.listed_) unlink(entry);
}

void UntakenAnswers::unlink(Entry& entry) noexcept {
    (entry.before_ != nullptr ? entry.before_->behind_ : first_) = entry.behind_;
    (entry.behind_ != nullptr ? entry.behind_->before_ : last_) = entry.before_;
    entry.listed_ = false;
}

void UntakenAnswers::cancel_those_before(SteadyTime limit) noexcept {
    const std::lock_guard lock(mutex_);
    while (first_ != nullptr && first_->since_ < limit) {
        Entry& oldest = *first_;
        unlink(oldest);
        oldest.cancel();
    }
}

}  // namespace a2akit::rpc
