#pragma once

#include "net/asio_loop.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace a2akit::net {

/// Loops, each on a thread of its own.
class LoopGroup {
public:
    /// `name` begins the names of the threads. Throws std::system_error when the system allows no
    /// further threads or descriptors. REQUIRES: threads >= 1; `name` is short enough for Linux
    /// together with a number.
    explicit LoopGroup(std::size_t threads, const std::string& name = "a2akit-io");
    /// Stops the loops and joins their threads.
    ~LoopGroup();
    LoopGroup(const LoopGroup&) = delete;
    LoopGroup& operator=(const LoopGroup&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return loops_.size(); }
    [[nodiscard]] AsioLoop& operator[](std::size_t index) noexcept { return *loops_[index]; }
    [[nodiscard]] std::vector<Loop*> loops() const;

private:
    void stop() noexcept;

    std::vector<std::unique_ptr<AsioLoop>> loops_;
    std::vector<std::jthread> threads_;
};

/// Keeps the loops running until the process ends, for coroutines that could not be ended and may
/// still be resumed. Safe from any thread.
void leave_running(std::unique_ptr<LoopGroup> loops);

/// Runs each coroutine on its loop, all at the same time, and blocks the calling thread until they
/// have ended; throws what one of them threw. REQUIRES: called on a thread that runs no loop.
void run_on_each(std::vector<std::pair<Loop*, Async<void>>> coroutines);

/// Runs `coroutine` on `loop` and blocks the calling thread until it has ended; throws what it
/// threw. REQUIRES: called on a thread that runs no loop.
void run_on(Loop& loop, Async<void> coroutine);

namespace detail {
template <class T>
Async<void> store(Async<T> coroutine, std::optional<T>& result) {
    result.emplace(co_await std::move(coroutine));
}
}  // namespace detail

/// The same for a coroutine that returns something.
template <class T>
    requires(!std::is_void_v<T>)
T run_on(Loop& loop, Async<T> coroutine) {
    std::optional<T> result;
    run_on(loop, detail::store(std::move(coroutine), result));
    return std::move(*result);
}

/// The cores that this process may use.
[[nodiscard]] std::size_t available_cores() noexcept;

}  // namespace a2akit::net
