#pragma once

#include <a2akit/core/clock.hpp>

namespace a2akit::push {

struct RetrySchedule {
    int max_retries = 9;                      ///< Further attempts after the first.
    Duration delay{std::chrono::seconds(5)};  ///< Before the first of them; scales all others.
};

/// How long to wait after the `failed`th failed attempt (1, 2…): the schedule of Standard Webhooks,
/// which is 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h where the first delay is 5 s.
/// `random` from 0 to 1 adds up to a fifth, so that receivers that come back are not met by
/// everything at once.
[[nodiscard]] Duration retry_delay(const RetrySchedule& schedule, int failed, double random);

}  // namespace a2akit::push
