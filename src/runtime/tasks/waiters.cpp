#include "runtime/tasks/waiters.hpp"

#include <algorithm>

namespace a2akit {

std::size_t Waiters::own_shard() noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t shard =
        threads.fetch_add(1, std::memory_order_relaxed) % kShards;
    return shard;
}

Waiters::Entry::Entry(Waiters& waiters, Signal& signal) noexcept
    : waiters_(waiters), signal_(signal), shard_(own_shard()) {
    Shard& shard = waiters_.shards_[shard_];
    const std::lock_guard lock(shard.mutex);
    after_ = shard.first;
    if (after_ != nullptr) after_->before_ = this;
    shard.first = this;
}

Waiters::Entry::~Entry() {
    Shard& shard = waiters_.shards_[shard_];
    const std::lock_guard lock(shard.mutex);
    (before_ != nullptr ? before_->after_ : shard.first) = after_;
    if (after_ != nullptr) after_->before_ = before_;
}

bool Waiters::empty() noexcept {
    return std::none_of(shards_.begin(), shards_.end(), [](Shard& shard) {
        const std::lock_guard lock(shard.mutex);
        return shard.first != nullptr;
    });
}

void Waiters::drain() noexcept {
    draining_.store(true, std::memory_order_release);
    wake_all();
}

void Waiters::notice_outage() noexcept {
    outages_.fetch_add(1, std::memory_order_release);
    wake_all();
}

void Waiters::wake_all() noexcept {
    for (Shard& shard : shards_) {
        // Under the lock no entry, and so no signal, can go away.
        const std::lock_guard lock(shard.mutex);
        for (Entry* entry = shard.first; entry != nullptr; entry = entry->after_)
            entry->signal_.set();
    }
}

}  // namespace a2akit
