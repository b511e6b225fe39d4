#include "security/rate_limiter.hpp"
#include "security/login_guard.hpp"

#include <gtest/gtest.h>

#include <string>

namespace a2akit::security {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart = SteadyTime(seconds(1000));

TEST(RateLimiter, AllowsABurstAndThenTheRate) {
    RateLimiter limiter(2, 3);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("alice", kStart)) << i;
    const auto wait = limiter.take("alice", kStart);
    ASSERT_TRUE(wait);
    EXPECT_EQ(*wait, milliseconds(500));
    EXPECT_TRUE(limiter.take("alice", kStart + milliseconds(499)));
    EXPECT_FALSE(limiter.take("alice", kStart + milliseconds(500)));
    EXPECT_TRUE(limiter.take("alice", kStart + milliseconds(500)));
}

TEST(RateLimiter, ACallerThatWaitsGetsItsBurstBackButNoMore) {
    RateLimiter limiter(1, 2);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(limiter.take("alice", kStart));
    const SteadyTime later = kStart + seconds(3600);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(limiter.take("alice", later));
    EXPECT_TRUE(limiter.take("alice", later));
}

TEST(RateLimiter, CallersDoNotShareALimit) {
    RateLimiter limiter(1, 1);
    EXPECT_FALSE(limiter.take("alice", kStart));
    EXPECT_TRUE(limiter.take("alice", kStart));
    EXPECT_FALSE(limiter.take("bob", kStart));
}

TEST(RateLimiter, ARefusedCallIsNotCounted) {
    RateLimiter limiter(1, 1);
    EXPECT_FALSE(limiter.take("alice", kStart));
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.take("alice", kStart));
    EXPECT_FALSE(limiter.take("alice", kStart + seconds(1)));
}

TEST(RateLimiter, AskingDoesNotCount) {
    RateLimiter limiter(1, 1);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.ask("alice", kStart));
    EXPECT_FALSE(limiter.take("alice", kStart));
    EXPECT_TRUE(limiter.ask("alice", kStart));
}

TEST(RateLimiter, AFloodOfCallersDoesNotLetOneOfThemPastItsLimitWhileItIsRemembered) {
    RateLimiter limiter(1, 1);
    for (std::size_t i = 0; i < 4 * RateLimiter::kMostCallers; ++i)
        (void)limiter.take(std::to_string(i), kStart);
    EXPECT_FALSE(limiter.take("alice", kStart));
    EXPECT_TRUE(limiter.take("alice", kStart));
}

TEST(LoginGuard, AnAddressThatSendsManyWrongCredentialsHasToWait) {
    LoginGuard guard;
    int before = 0;
    while (!guard.count_failure("192.0.2.1", kStart)) ASSERT_LT(++before, 100);
    EXPECT_EQ(before, 20);
    const auto slowed = guard.count_failure("192.0.2.1", kStart);
    ASSERT_TRUE(slowed);
    EXPECT_EQ(slowed->code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(slowed->details->retry_after, seconds(1));
    EXPECT_FALSE(guard.count_failure("192.0.2.2", kStart));
    EXPECT_FALSE(guard.count_failure("192.0.2.1", kStart + seconds(1)));
}

TEST(LoginGuard, AddressesOfOneHostInIpv6AreOne) {
    LoginGuard guard;
    int before = 0;
    while (!guard.count_failure("2001:db8::" + std::to_string(before), kStart))
        ASSERT_LT(++before, 100);
    EXPECT_EQ(before, 20);
}

}  // namespace
}  // namespace a2akit::security
