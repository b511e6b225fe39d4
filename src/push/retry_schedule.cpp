#include "push/retry_schedule.hpp"

#include <algorithm>
#include <array>

namespace a2akit::push {
namespace {

constexpr std::array<int, 9> kMultiples{1, 60, 360, 1440, 3600, 7200, 10'080, 14'400, 17'280};
constexpr double kJitter = 0.2;
constexpr double kLongestMs = 1000.0 * 3600 * 24 * 365;

}  // namespace

Duration retry_delay(const RetrySchedule& schedule, int failed, double random) {
    const auto place = static_cast<std::size_t>(
        std::clamp(failed - 1, 0, static_cast<int>(kMultiples.size()) - 1));
    const double ms =
        static_cast<double>(schedule.delay.count()) * kMultiples[place] * (1 + kJitter * random);
    return Duration(static_cast<std::int64_t>(std::min(ms, kLongestMs)));
}

}  // namespace a2akit::push
