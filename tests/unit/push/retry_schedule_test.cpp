#include "push/retry_schedule.hpp"

#include <gtest/gtest.h>

namespace a2akit::push {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(RetrySchedule, IsThatOfStandardWebhooks) {
    const RetrySchedule schedule;
    const std::vector<Duration> expected{seconds(5), minutes(5), minutes(30), hours(2), hours(5),
                                         hours(10),  hours(14),  hours(20),   hours(24)};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(retry_delay(schedule, static_cast<int>(i) + 1, 0), expected[i]);
    EXPECT_EQ(retry_delay(schedule, 50, 0), hours(24));
}

TEST(RetrySchedule, IsScaledByItsFirstDelay) {
    const RetrySchedule schedule{9, Duration(10)};
    EXPECT_EQ(retry_delay(schedule, 1, 0), Duration(10));
    EXPECT_EQ(retry_delay(schedule, 2, 0), Duration(600));
}

TEST(RetrySchedule, JitterOnlyAdds) {
    const RetrySchedule schedule;
    EXPECT_EQ(retry_delay(schedule, 1, 1), seconds(6));
    EXPECT_EQ(retry_delay(schedule, 1, 0.5), Duration(5500));
}

}  // namespace
}  // namespace a2akit::push
