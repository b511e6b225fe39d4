#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace a2akit {

/// An immutable value that is copied by counting references. Reads like a `const T`; made from a T.
///
/// Messages and artifacts are held this way wherever a task, its events and its readers share them:
/// handing one on costs nothing, and no holder can change it behind another's back. Never null,
/// except after it was moved from; then it can only be assigned to, copied or destroyed. One object
/// is one pointer. Copies of the same value may be used on different threads.
template <class T>
class Shared {
public:
    Shared() : Shared(empty()) {}
    Shared(const T& value) : block_(new Block{value}) {}        // NOLINT
    Shared(T&& value) : block_(new Block{std::move(value)}) {}  // NOLINT
    Shared(const Shared& other) noexcept : block_(other.block_) {
        if (block_ != nullptr) block_->holders.fetch_add(1, std::memory_order_relaxed);
    }
    Shared(Shared&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Shared& operator=(Shared other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Shared() {
        // What other holders read happens before the value is destroyed.
        if (block_ != nullptr && block_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete block_;
    }

    const T& operator*() const noexcept { return block_->value; }
    const T* operator->() const noexcept { return &block_->value; }
    operator const T&() const noexcept { return block_->value; }  // NOLINT

    /// True when both are the very same object, not merely equal.
    [[nodiscard]] bool same_as(const Shared& other) const noexcept {
        return block_ == other.block_;
    }

private:
    struct Block {
        const T value;
        std::atomic<std::size_t> holders{1};
    };

    static const Shared& empty() {
        static const Shared kEmpty{T()};
        return kEmpty;
    }

    Block* block_;
};

}  // namespace a2akit
