#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace a2akit {

/// A limit on the bytes that the whole server holds at the same time. Safe from any thread.
class ByteBudget {
public:
    explicit ByteBudget(std::size_t limit) noexcept : limit_(limit) {}

    [[nodiscard]] std::size_t used() const noexcept {
        return used_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    friend class ByteShare;
    [[nodiscard]] bool take(std::size_t bytes, std::size_t reserve) noexcept {
        const std::size_t limit = limit_ - reserve;
        if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit) return true;
        give_back(bytes);
        return false;
    }
    void give_back(std::size_t bytes) noexcept {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
    }

    const std::size_t limit_;
    std::atomic<std::size_t> used_{0};
};

/// The share of a budget that one request or response holds; given back when it ends. Used by one
/// thread at a time.
///
/// Large shares may not use the last part of the budget, so that large requests cannot keep small
/// ones out.
class ByteShare {
public:
    /// A request or response up to this size is small.
    static constexpr std::size_t kSmall = std::size_t{64} * 1024;

    explicit ByteShare(ByteBudget& budget) noexcept : budget_(&budget) {}
    ByteShare(const ByteShare&) = delete;
    ByteShare& operator=(const ByteShare&) = delete;
    ~ByteShare() { release(); }

    /// Makes the share at least this large. False: the budget is exhausted, and the share stays as
    /// it was.
    [[nodiscard]] bool grow_to(std::size_t bytes) noexcept {
        if (bytes <= held_) return true;
        const std::size_t reserve = bytes > kSmall ? budget_->limit() / 8 : 0;
        if (!budget_->take(bytes - held_, reserve)) return false;
        held_ = bytes;
        return true;
    }
    void release() noexcept {
        if (held_ != 0) budget_->give_back(std::exchange(held_, 0));
    }
    [[nodiscard]] std::size_t held() const noexcept { return held_; }

private:
    ByteBudget* budget_;
    std::size_t held_ = 0;
};

}  // namespace a2akit
