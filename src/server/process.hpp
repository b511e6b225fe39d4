#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>

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

/// Lets the process open as many descriptors as it is allowed to.
void raise_descriptor_limit() noexcept;

}  // namespace a2akit
