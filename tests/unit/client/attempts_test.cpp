#include "client/attempts.hpp"

#include <gtest/gtest.h>

namespace a2akit::client {
namespace {

constexpr RetryPolicy kPolicy{
    .attempts = 5, .first_delay = Duration(100), .max_delay = Duration(300)};

TEST(BackoffTest, DelaysDoubleUpToTheLargestAndAreShortenedByAtMostAHalf) {
    for (std::uint64_t seed = 1; seed < 200; ++seed) {
        Backoff backoff(kPolicy, seed);
        for (const int whole : {100, 200, 300, 300}) {
            const auto delay = backoff.next();
            ASSERT_TRUE(delay);
            EXPECT_LE(*delay, Duration(whole));
            EXPECT_GE(*delay, Duration(whole / 2));
        }
        EXPECT_FALSE(backoff.next()) << "the fifth attempt was the last one";
        backoff.reset();
        EXPECT_TRUE(backoff.next());
    }
}

TEST(BackoffTest, WaitsAsLongAsTheAgentAsksForButNotLongerThanThePolicySays) {
    EXPECT_EQ(*Backoff(kPolicy, 1).next(Duration(250)), Duration(250));
    EXPECT_FALSE(Backoff(kPolicy, 1).next(Duration(301)));
}

TEST(BackoffTest, OneAttemptIsNeverRepeated) { EXPECT_FALSE(Backoff({.attempts = 1}, 1).next()); }

TEST(MayRepeatTest, OnlyWhatWasRefusedOrChangesNothing) {
    const Failure not_sent{{ErrorCode::kUnavailable, "", nullptr}, 0, false, {}};
    const Failure lost{{ErrorCode::kUnavailable, "", nullptr}, 0, true, {}};
    const Failure busy{{ErrorCode::kUnavailable, "", nullptr}, 503, true, {}};
    const Failure gateway{{ErrorCode::kUnavailable, "", nullptr}, 504, true, {}};
    const Failure limited{{ErrorCode::kResourceExhausted, "", nullptr}, 429, true, {}};
    const Failure wrong{{ErrorCode::kInvalidParams, "", nullptr}, 400, true, {}};
    RetryPolicy policy;
    for (const Operation operation : {Operation::kSendMessage, Operation::kCancelTask}) {
        EXPECT_TRUE(may_repeat(not_sent, operation, policy));
        EXPECT_TRUE(may_repeat(busy, operation, policy));
        EXPECT_TRUE(may_repeat(limited, operation, policy));
        EXPECT_FALSE(may_repeat(lost, operation, policy));
        EXPECT_FALSE(may_repeat(gateway, operation, policy));
        EXPECT_FALSE(may_repeat(wrong, operation, policy));
    }
    EXPECT_TRUE(may_repeat(lost, Operation::kGetTask, policy));
    EXPECT_TRUE(may_repeat(gateway, Operation::kListTasks, policy));
    EXPECT_FALSE(may_repeat(wrong, Operation::kGetTask, policy));
    policy.repeat_lost_sends = true;
    EXPECT_TRUE(may_repeat(lost, Operation::kSendMessage, policy));
    EXPECT_FALSE(may_repeat(lost, Operation::kCancelTask, policy));
}

TEST(RetryAfterTest, IsANumberOfSecondsOrADate) {
    const Timestamp now{std::chrono::seconds(784'111'777)};  // Sun, 06 Nov 1994 08:49:37 GMT
    EXPECT_EQ(parse_retry_after("120", now), std::chrono::minutes(2));
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), std::chrono::minutes(1));
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Duration::zero());
    EXPECT_EQ(parse_retry_after("-1", now), std::nullopt);
    EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
    EXPECT_EQ(parse_retry_after("", now), std::nullopt);
}

}  // namespace
}  // namespace a2akit::client
