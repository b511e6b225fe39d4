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

/// SIGTERM and SIGINT as events, whichever thread gets them: those of the application, started
/// before, have them unblocked. One at a time per process.
class StopSignals {
public:
    /// `reloads`: SIGHUP too, which otherwise ends the process, as when its terminal closes.
    explicit StopSignals(bool reloads = false);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Waits for a signal, and returns its number; 0 after `notify`; with a limit, kTimeout when
    /// nothing came.
    int wait(std::optional<std::chrono::milliseconds> at_most = std::nullopt);
    static constexpr int kTimeout = -1;
    /// From any thread.
    void notify() noexcept;

private:
    static constexpr std::array<int, 3> kSignals{SIGTERM, SIGINT, SIGHUP};
    const std::size_t count_;  ///< How many of them are taken.
    std::array<struct sigaction, 3> former_{};
    std::array<int, 2> signals_{-1, -1};  ///< A pipe that carries the numbers.
    int notified_ = -1;
};

/// A crash must not leave a core dump, which would hold the secrets of requests.
void forbid_core_dumps() noexcept;
/// A write to a pipe without a reader, or beyond the limit on file sizes, fails instead of ending
/// the process.
void ignore_write_signals() noexcept;

/// Large blocks go back to the system when they are freed, even if larger ones were freed before.
/// Changes the whole process.
void return_freed_memory() noexcept;
/// Also returns freed memory between used blocks to the system. Takes the allocator's locks: call
/// it seldom, and not on a loop.
void trim_memory() noexcept;
/// The resident memory of the process in bytes; 0: unknown.
[[nodiscard]] std::size_t resident_bytes() noexcept;

/// Explains an exception that was thrown at a start, and says what would help: it names the limit
/// if threads, descriptors or memory ran out.
[[nodiscard]] Error start_error(const std::exception& thrown);

/// A thread that is started before it is needed, because a limit may not allow another thread by
/// then.
class Deputy {
public:
    /// Throws std::system_error when the system allows no further thread.
    explicit Deputy(std::function<void()> job);
    /// Waits for the job, if it was begun.
    ~Deputy();
    Deputy(const Deputy&) = delete;
    Deputy& operator=(const Deputy&) = delete;

    /// Runs the job on the thread. Called once.
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
