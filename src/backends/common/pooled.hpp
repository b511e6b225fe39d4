#pragma once

#include <a2akit/core/async.hpp>

#include <cstddef>

namespace a2akit::local {

/// A base for small objects of which every request needs one: they come from the per-thread pool of
/// the coroutine frames, and may be freed on another thread.
struct Pooled {
    static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
    static void operator delete(void* object, std::size_t size) noexcept {
        detail::free_frame(object, size);
    }
};

}  // namespace a2akit::local
