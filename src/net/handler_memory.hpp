#pragma once

#include <a2akit/core/async.hpp>

#include <cstddef>
#include <new>

namespace a2akit::net {

/// Memory for the handler of the one asynchronous operation that its owner has under way, so that
/// starting an operation allocates nothing. A handler that does not fit, or a second one, is
/// allocated on the heap.
class HandlerMemory {
public:
    HandlerMemory() noexcept = default;
    HandlerMemory(const HandlerMemory&) = delete;
    HandlerMemory& operator=(const HandlerMemory&) = delete;

    void* allocate(std::size_t size) {
        if (taken_ || size > kSize) return ::operator new(size);
        taken_ = true;
        return bytes_;
    }
    void free(void* memory) noexcept {
        if (memory == bytes_)
            taken_ = false;
        else
            ::operator delete(memory);
    }

private:
    static constexpr std::size_t kSize = 144;
    alignas(std::max_align_t) std::byte bytes_[kSize];
    bool taken_ = false;
};

/// The allocator of a handler that lives in a HandlerMemory.
template <class T>
struct HandlerAllocator {
    using value_type = T;
    explicit HandlerAllocator(HandlerMemory& m) noexcept : memory(&m) {}
    template <class U>
    HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory(other.memory) {}  // NOLINT

    T* allocate(std::size_t count) { return static_cast<T*>(memory->allocate(count * sizeof(T))); }
    void deallocate(T* pointer, std::size_t) noexcept { memory->free(pointer); }
    template <class U>
    bool operator==(const HandlerAllocator<U>& other) const noexcept {
        return memory == other.memory;
    }

    HandlerMemory* memory;
};

/// The allocator of a handler whose operation is rare: its memory comes from the pool of the
/// coroutines' frames, so that idle owners do not hold it.
template <class T>
struct FrameAllocator {
    using value_type = T;
    FrameAllocator() noexcept = default;
    template <class U>
    FrameAllocator(const FrameAllocator<U>& /*other*/) noexcept {}  // NOLINT

    T* allocate(std::size_t count) {
        return static_cast<T*>(detail::allocate_frame(count * sizeof(T)));
    }
    void deallocate(T* pointer, std::size_t count) noexcept {
        detail::free_frame(pointer, count * sizeof(T));
    }
    template <class U>
    bool operator==(const FrameAllocator<U>& /*other*/) const noexcept {
        return true;
    }
};

}  // namespace a2akit::net
