#include "runtime/tasks/task_state_machine.hpp"

#include <gtest/gtest.h>

#include <array>

namespace a2akit {
namespace {

using enum TaskState;

constexpr std::array kStates{kUnspecified, kSubmitted,     kWorking,  kCompleted,   kFailed,
                             kCanceled,    kInputRequired, kRejected, kAuthRequired};

TEST(TaskStateMachineTest, OnlyAPausedTaskTakesAFollowUp) {
    const TaskId task = TaskId::generate();
    for (const TaskState state : kStates) {
        const FollowUpFacts facts{state, "c", ""};
        const auto refusal = refuse_follow_up(task, facts);
        EXPECT_EQ(refusal.has_value(), !is_interrupted(state)) << to_string(state);
        if (!refusal) continue;
        EXPECT_EQ(refusal->code, ErrorCode::kUnsupportedOperation);
        EXPECT_NE(refusal->message.find(to_string(state)), std::string::npos) << refusal->message;
    }
}

TEST(TaskStateMachineTest, AFollowUpUnderAnotherContextIsAWrongField) {
    const FollowUpFacts facts{kInputRequired, "mine", "other"};
    const auto refusal = refuse_follow_up(TaskId::generate(), facts);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, ErrorCode::kInvalidParams);
    EXPECT_EQ(refusal->details->violations.at(0).field, "message.contextId");
    EXPECT_FALSE(
        refuse_follow_up(TaskId::generate(), FollowUpFacts{kInputRequired, "mine", "mine"}));
}

TEST(TaskStateMachineTest, AnEndedTaskIsNotCancelable) {
    for (const TaskState state : kStates) {
        const auto refusal = refuse_cancel(TaskId::generate(), state);
        EXPECT_EQ(refusal.has_value(), is_terminal(state)) << to_string(state);
        if (!refusal) continue;
        EXPECT_EQ(refusal->code, ErrorCode::kTaskNotCancelable);
    }
}

TEST(TaskStateMachineTest, StreamsEndAsSection4OfTheDesignSays) {
    for (const TaskState state : kStates) {
        EXPECT_EQ(ends_stream(StreamKind::kSubscription, state), is_terminal(state))
            << to_string(state);
        EXPECT_EQ(ends_stream(StreamKind::kSend, state),
                  is_terminal(state) || state == kInputRequired)
            << to_string(state);
    }
}

TEST(TaskStateMachineTest, AWaiterWaitsForItsOwnTurn) {
    EXPECT_FALSE(turn_has_ended(
        {.waited_for = 2, .newest = 1, .newest_ended = true, .state = kInputRequired}));
    EXPECT_FALSE(
        turn_has_ended({.waited_for = 2, .newest = 2, .newest_ended = false, .state = kWorking}));
    EXPECT_TRUE(turn_has_ended(
        {.waited_for = 2, .newest = 2, .newest_ended = true, .state = kInputRequired}));
    EXPECT_TRUE(
        turn_has_ended({.waited_for = 2, .newest = 3, .newest_ended = false, .state = kWorking}));
    EXPECT_TRUE(
        turn_has_ended({.waited_for = 2, .newest = 1, .newest_ended = false, .state = kCanceled}));
}

}  // namespace
}  // namespace a2akit
