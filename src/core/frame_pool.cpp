#include <a2akit/core/async.hpp>

#include <array>
#include <new>

namespace a2akit::detail {
namespace {

// Frames are short-lived and of few sizes; glibc's per-thread cache ends at 1 KiB and most of ours
// are larger.
constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 64;       // up to 4 KiB
constexpr std::size_t kKeepPerClass = 64;  // what a thread keeps when its burst is over

struct FreeFrame {
    FreeFrame* next;
};

/// Without a constructor or destructor of its own, so that using it costs no check of whether the
/// thread has it already.
struct FramePool {
    struct Class {
        FreeFrame* first;
        std::size_t count;
    };
    std::array<Class, kClasses> classes;
    std::size_t keep;  ///< Per class; 0 until the thread's `Ender` exists, and once it has run.
};
constinit thread_local FramePool pool{};

/// Frees what the thread has kept when the thread ends.
struct Ender {
    Ender() noexcept { pool.keep = kKeepPerClass; }
    ~Ender() {
        for (auto& size_class : pool.classes) {
            while (size_class.first != nullptr) {
                ::operator delete(std::exchange(size_class.first, size_class.first->next));
            }
            size_class.count = 0;
        }
        pool.keep = 0;
    }
    void exist() const noexcept {}
};
thread_local const Ender ender;

constexpr std::size_t class_of(std::size_t size) noexcept { return (size + kStep - 1) / kStep - 1; }

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define A2AKIT_SEES_FRAMES
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define A2AKIT_SEES_FRAMES
#endif
#ifdef A2AKIT_SEES_FRAMES
constexpr bool kPooled = false;  // the sanitizer has to see every frame's end
#else
constexpr bool kPooled = true;
#endif

void keep(void* frame, FramePool::Class& size_class) noexcept {
    ++size_class.count;
    size_class.first = new (frame) FreeFrame{size_class.first};
}

/// The frame of a thread that keeps none yet, or enough of them.
[[gnu::noinline]] void free_rarely(void* frame, FramePool::Class& size_class) noexcept {
    ender.exist();  // From the first frame on; after the thread's end this does nothing.
    if (size_class.count >= pool.keep) return ::operator delete(frame);
    keep(frame, size_class);
}

}  // namespace

void* allocate_frame(std::size_t size) {
    const std::size_t index = class_of(size);
    if (!kPooled || index >= kClasses) return ::operator new(size);
    auto& size_class = pool.classes[index];
    if (size_class.first == nullptr) return ::operator new((index + 1) * kStep);
    --size_class.count;
    return std::exchange(size_class.first, size_class.first->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
    const std::size_t index = class_of(size);
    if (!kPooled || index >= kClasses) return ::operator delete(frame);
    auto& size_class = pool.classes[index];
    if (size_class.count >= pool.keep) return free_rarely(frame, size_class);
    keep(frame, size_class);
}

}  // namespace a2akit::detail
