#pragma once

#include <a2akit/core/ids.hpp>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>

namespace a2akit {

/// The task whose handler runs on a loop's thread, for code that finds that thread held. Written on
/// that thread only, with a store or two for each slice of a handler; read by any thread.
///
/// It is a hint only: a handler that was resumed by its own code is not marked.
class HandlerMark {
public:
    /// The mark of the loop whose thread this is; null if marks are not used.
    [[nodiscard]] static HandlerMark* current() noexcept;
    /// Sets the mark that this thread writes from now on (null: none).
    static void set_current(HandlerMark* mark) noexcept;

    void set(const TaskId& task) noexcept {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::memcpy(&high, task.bytes.data(), sizeof high);
        std::memcpy(&low, task.bytes.data() + sizeof high, sizeof low);
        high_.store(high, std::memory_order_relaxed);
        low_.store(low, std::memory_order_relaxed);
    }
    void clear() noexcept { low_.store(0, std::memory_order_relaxed); }
    /// REQUIRES: called on the thread that writes, or that thread has been held for a while.
    [[nodiscard]] std::optional<TaskId> read() const noexcept {
        const std::uint64_t high = high_.load(std::memory_order_relaxed);
        const std::uint64_t low = low_.load(std::memory_order_relaxed);
        if (low == 0) return std::nullopt;
        TaskId task;
        std::memcpy(task.bytes.data(), &high, sizeof high);
        std::memcpy(task.bytes.data() + sizeof high, &low, sizeof low);
        return task;
    }

private:
    std::atomic<std::uint64_t> high_{0};
    std::atomic<std::uint64_t> low_{0};  ///< 0: no task; a UUID's variant bits are set.
};

/// From here on the handler of `task` runs on this thread, until the loop turns to something else.
inline void mark_handler(const TaskId& task) noexcept {
    if (HandlerMark* mark = HandlerMark::current()) mark->set(task);
}

}  // namespace a2akit
