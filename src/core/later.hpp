#pragma once

#include <a2akit/core/clock.hpp>

#include <chrono>

namespace a2akit {

/// The time `span` after `now`; the last one that there is for a span that goes beyond it, such as
/// Duration::max(), and `now` for one that is negative.
[[nodiscard]] inline SteadyTime later(SteadyTime now, Duration span) noexcept {
    if (span <= Duration::zero()) return now;
    const auto most = std::chrono::floor<Duration>(SteadyTime::max() - now);
    return span < most ? now + span : SteadyTime::max();
}

}  // namespace a2akit
