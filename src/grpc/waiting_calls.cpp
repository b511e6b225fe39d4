#include "grpc/waiting_calls.hpp"

namespace a2akit::rpc {

void WaitingCalls::add(Entry& entry, SteadyTime now) noexcept {
    const std::lock_guard lock(mutex_);
    entry.since_ = now;
    entry.list_ = this;
    entry.before_ = last_;
    entry.behind_ = nullptr;
    (last_ != nullptr ? last_->behind_ : first_) = &entry;
    last_ = &entry;
}

void WaitingCalls::remove(Entry& entry) noexcept {
    const std::lock_guard lock(mutex_);
    if (entry.list_ == this) unlink(entry);
}

void WaitingCalls::unlink(Entry& entry) noexcept {
    (entry.before_ != nullptr ? entry.before_->behind_ : first_) = entry.behind_;
    (entry.behind_ != nullptr ? entry.behind_->before_ : last_) = entry.before_;
    entry.list_ = nullptr;
}

void WaitingCalls::give_up_those_before(SteadyTime limit) noexcept {
    const std::lock_guard lock(mutex_);
    while (first_ != nullptr && first_->since_ < limit) {
        Entry& oldest = *first_;
        unlink(oldest);
        oldest.give_up();
    }
}

}  // namespace a2akit::rpc
