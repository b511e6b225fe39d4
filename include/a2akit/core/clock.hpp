#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace a2akit {

/// A stored or transmitted time: UTC, in milliseconds, as the protocol writes it
/// (specification 1.0, section 5.6.1).
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// A point of a loop's own time, for waits and timers. Never stored, never compared between
/// processes.
using SteadyTime = std::chrono::steady_clock::time_point;

/// A span of time, stored or configured.
using Duration = std::chrono::milliseconds;

/// The time that a backend stamps and compares with: its engine's clock. Safe from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const noexcept = 0;
};

/// The machine's clock. Coarse (a few milliseconds), and so cheap enough for every append.
[[nodiscard]] std::shared_ptr<const Clock> system_clock();

/// "2025-10-28T10:30:00.000Z"
[[nodiscard]] std::string to_string(Timestamp time);

}  // namespace a2akit
