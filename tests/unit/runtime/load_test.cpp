#include "runtime/limits/load.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace a2akit {
namespace {

constexpr LoadLimits kOneOfEach{
    .connections = 1, .streams = 1, .pending_requests = 1, .waiting_sends = 1};

TEST(LoadTest, WaitingSendsAndStreamsDoNotKeepOutTheCallsThatCouldEndThem) {
    Load load(kOneOfEach);
    const Permit send = load.take_call(Operation::kSendMessage);
    const Permit stream = load.take_call(Operation::kSendStreamingMessage);
    EXPECT_TRUE(send);
    EXPECT_TRUE(stream);
    EXPECT_FALSE(load.take_call(Operation::kSendMessage));
    EXPECT_FALSE(load.take_call(Operation::kSubscribeToTask));
    const Permit cancel = load.take_call(Operation::kCancelTask);
    EXPECT_TRUE(cancel);
    EXPECT_FALSE(load.take_call(Operation::kGetTask));
}

TEST(LoadTest, APermitIsGivenBackWhenItEnds) {
    Load load(kOneOfEach);
    for (int i = 0; i < 3; ++i) {
        Permit first = load.take_connection();
        ASSERT_TRUE(first);
        EXPECT_FALSE(load.take_connection());
        const Permit moved = std::move(first);
        EXPECT_FALSE(load.take_connection()) << "moving a permit does not give it back";
    }
    EXPECT_TRUE(load.take_connection());
}

TEST(LoadTest, ARefusedCallLearnsWhichLimitItMetAndThatItMayTryAgain) {
    const std::vector<std::pair<Operation, std::string>> cases{
        {Operation::kSendMessage, "waiting sends"},
        {Operation::kSendStreamingMessage, "open streams"},
        {Operation::kSubscribeToTask, "open streams"},
        {Operation::kListTasks, "pending requests"}};
    for (const auto& [operation, limit] : cases) {
        const Error error = Load::at_limit(operation);
        EXPECT_EQ(error.code, ErrorCode::kUnavailable);
        EXPECT_EQ(error.message, "the server is at its limit of " + limit);
        ASSERT_NE(error.details, nullptr);
        EXPECT_TRUE(error.details->retry_after);
    }
}

}  // namespace
}  // namespace a2akit
