#include "server/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace a2akit {
namespace {

Settings defaults() {
    return *Settings{}.resolved([](std::string_view) { return std::nullopt; });
}

TEST(RetentionTest, NothingIsErasedUnlessItIsAskedFor) {
    const auto options = housekeeping_options(defaults());
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->retention.empty());
    EXPECT_FALSE(options->cancel_paused_after);
    EXPECT_EQ(options->compact_after, std::chrono::hours(24));
}

TEST(RetentionTest, OneNumberIsForEveryEndedTask) {
    Settings settings = defaults();
    settings.retain_for = "3600";
    settings.retain_at_most = "1000";
    const auto options = housekeeping_options(settings);
    ASSERT_TRUE(options);
    ASSERT_EQ(options->retention.size(), 2U);
    EXPECT_FALSE(options->retention[0].state);
    EXPECT_EQ(options->retention[0].age, std::chrono::hours(1));
    EXPECT_EQ(options->retention[1].count, 1000);
}

TEST(RetentionTest, StatesMayHaveNumbersOfTheirOwn) {
    Settings settings = defaults();
    settings.retain_for = "completed=60,failed=120";
    const auto options = housekeeping_options(settings);
    ASSERT_TRUE(options);
    ASSERT_EQ(options->retention.size(), 2U);
    EXPECT_EQ(options->retention[0].state, TaskState::kCompleted);
    EXPECT_EQ(options->retention[1].state, TaskState::kFailed);
    EXPECT_EQ(options->retention[1].age, std::chrono::minutes(2));
}

TEST(RetentionTest, AnythingElseIsRefusedNamingTheVariable) {
    for (const char* wrong : {"soon", "-1", "working=5", "completed=", "completed=5;failed=6"}) {
        Settings settings = defaults();
        settings.retain_at_most = wrong;
        const auto options = housekeeping_options(settings);
        ASSERT_FALSE(options) << wrong;
        EXPECT_EQ(options.error().code, ErrorCode::kInvalidParams);
        EXPECT_THAT(options.error().details->violations.at(0).field, "A2AKIT_RETAIN_AT_MOST");
    }
}

}  // namespace
}  // namespace a2akit
