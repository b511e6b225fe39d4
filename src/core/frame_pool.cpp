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

struct FramePool {
    struct Class {
        FreeFrame* first = nullptr;
        std::size_t count = 0;
    };
    std::array<Class, kClasses> classes{};

    ~FramePool() {
        for (auto& size_class : classes) {
            while (size_class.first != nullptr) {
                ::operator delete(std::exchange(size_class.first, size_class.first->next));
            }
            size_class.count = kKeepPerClass;  // nothing is kept from now on
        }
    }
};

thread_local FramePool pool;

constexpr std::size_t class_of(std::size_t size) noexcept { return (size + kStep - 1) / kStep - 1; }

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooled = false;  // the sanitizer has to see every frame's end
#else
constexpr bool kPooled = true;
#endif

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
    if (size_class.count >= kKeepPerClass) return ::operator delete(frame);
    ++size_class.count;
    size_class.first = new (frame) FreeFrame{size_class.first};
}

}  // namespace a2akit::detail
