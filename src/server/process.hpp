#pragma once

#include <a2akit/core/result.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <thread>

namespace a2akit {

/// SIGTERM and SIGINT as events, whichever thread gets them: those of the application, started before, have them unblocked.
/// One at a time per process.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Waits for a signal, and returns its number; 0 after `notify`; with a limit, kTimeout when nothing came.
    int wait(std::optional<std::chrono::milliseconds> at_most = std::nullopt);
    static constexpr int kTimeout = -1;
    /// From any thread.
    void notify() noexcept;

private:
    static constexpr std::array<int, 2> kStops{SIGTERM, SIGINT};
    std::array<struct sigaction, 2> former_{};
    std::array<int, 2> signals_{-1, -1};  ///< A pipe: the numbers that came.
    int notified_ = -1;
};

/// A crash leaves no image of the process's memory, in which the secrets of its requests would be.
void forbid_core_dumps() noexcept;
/// A write to a pipe that nobody reads any more, or beyond the limit of a file's size, fails instead of ending the process.
void ignore_write_signals() noexcept;

/// Large blocks go back to the system when they are freed, however large others were before. For a process of its own.
void return_freed_memory() noexcept;
/// What was freed in between goes back as well. Takes the allocator's locks: seldom, and on no loop.
void trim_memory() noexcept;
/// What the process takes of the machine's memory; 0: unknown.
[[nodiscard]] std::size_t resident_bytes() noexcept;

/// Why something could not be started, from what it threw, and what would help: for a limit on
/// threads, descriptors or memory it says which.
[[nodiscard]] Error start_error(const std::exception& thrown);

/// A thread that exists before it is needed, because a limit may allow no further one by then.
class Deputy {
public:
    /// Throws std::system_error when the system allows no further thread.
    explicit Deputy(std::function<void()> job);
    /// Waits for the job, if it was begun.
    ~Deputy();
    Deputy(const Deputy&) = delete;
    Deputy& operator=(const Deputy&) = delete;

    /// Has the job done. Called once.
    void begin();
    /// Waits for the job. REQUIRES: it was begun.
    void join() { thread_.join(); }

private:
    std::promise<bool> begin_;
    bool begun_ = false;
    std::jthread thread_;
};

/// Lets the process open as many descriptors as it is allowed to.
void raise_descriptor_limit() noexcept;

}  // namespace a2akit
