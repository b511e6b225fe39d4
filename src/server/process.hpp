#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace a2akit {

/// SIGTERM and SIGINT as events, instead of handlers. While it lives they are blocked in this thread and in all that
/// it starts.
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
    sigset_t former_{};
    int signals_;
    int notified_;
};

/// Lets the process open as many descriptors as it is allowed to.
void raise_descriptor_limit() noexcept;

}  // namespace a2akit
