#pragma once

#include "core/brief_mutex.hpp"

#include <a2akit/core/loop.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>

namespace a2akit {

/// All calls in this server that wait on behalf of a client, so that a drain can wake them. Safe
/// from any thread.
class Waiters {
public:
    /// One call that waits on `signal`, from construction to destruction. After each wake-up it
    /// asks `draining()`.
    class Entry {
    public:
        /// REQUIRES: `waiters` and `signal` outlive it.
        Entry(Waiters& waiters, Signal& signal) noexcept;
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry();

    private:
        friend class Waiters;
        Waiters& waiters_;
        Signal& signal_;
        Entry* before_ = nullptr;
        Entry* after_ = nullptr;
        std::size_t shard_;
    };

    [[nodiscard]] bool empty() noexcept;
    /// From now on `draining()` holds. Wakes all waiters; idempotent.
    void drain() noexcept;
    [[nodiscard]] bool draining() const noexcept {
        return draining_.load(std::memory_order_acquire);
    }
    /// Wakes all waiters because Storage has been away for a while: those that would wait without
    /// end have to ask it.
    void notice_outage() noexcept;
    /// How often that was noticed.
    [[nodiscard]] unsigned outages() const noexcept {
        return outages_.load(std::memory_order_acquire);
    }

private:
    struct alignas(64) Shard {
        BriefMutex mutex;
        Entry* first = nullptr;
    };

    // One shard per thread, as long as there are enough, so that no thread waits for a lock.
    static constexpr std::size_t kShards = 16;
    static std::size_t own_shard() noexcept;
    void wake_all() noexcept;

    std::array<Shard, kShards> shards_;
    std::atomic<bool> draining_{false};
    std::atomic<unsigned> outages_{0};
};

}  // namespace a2akit
