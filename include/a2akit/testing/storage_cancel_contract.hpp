#pragma once

#include <a2akit/testing/storage_task_contract.hpp>

// StorageContract: cancels, tasks that are not revealed, and direct replies.

namespace a2akit::testing {

// -- Cancellation

TEST_P(StorageContract, ACancelWithoutALiveRunEndsTheTaskAtOnce) {
    const TaskId unclaimed = make_task();
    const TaskId paused = make_paused_task();
    const TaskId expired = make_task();
    claim(expired);
    advance(kLease);
    for (const TaskId task : {unclaimed, paused, expired}) {
        TaskUpdate cancel = blank();
        cancel.cancel_by = now() + std::chrono::seconds(60);
        const Appended appended = append(task, std::move(cancel));
        EXPECT_EQ(appended.after, TaskState::kCanceled);
        EXPECT_TRUE(appended.turn_ended);
        EXPECT_EQ(appended.first, appended.last);
        EXPECT_EQ(load(task).status.state, TaskState::kCanceled);
        EXPECT_FALSE(load(task).cancel_by);
    }
}

TEST_P(StorageContract, ACancelOfAPausedTaskDoesNotWaitForItsHandlerToReturn) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    TaskUpdate cancel = blank();
    cancel.cancel_by = now() + std::chrono::seconds(60);
    EXPECT_EQ(append(task, std::move(cancel)).after, TaskState::kCanceled);
}

TEST_P(StorageContract, ACancelOfARunningTaskIsKept) {
    const TaskId task = make_task();
    const Run run = claim(task);
    TaskUpdate cancel = blank();
    cancel.cancel_by = now() + std::chrono::seconds(60);
    const Appended appended = append(task, cancel);
    EXPECT_EQ(appended.after, TaskState::kWorking);
    EXPECT_EQ(appended.first, appended.last + 1) << "no event";
    EXPECT_EQ(load(task).cancel_by, cancel.cancel_by);
    append(task, under(run.epoch, with_chunk("a", "still working", false)));
    append(task, under(run.epoch, with_status(TaskState::kCanceled)));
    EXPECT_FALSE(load(task).cancel_by);
}

TEST_P(StorageContract, ASecondCancelDoesNotPutOffTheFirst) {
    const TaskId task = make_task();
    claim(task);
    TaskUpdate first = blank();
    first.cancel_by = now() + std::chrono::seconds(10);
    TaskUpdate second = blank();
    second.cancel_by = now() + std::chrono::seconds(60);
    append(task, first);
    append(task, second);
    EXPECT_EQ(load(task).cancel_by, first.cancel_by);
}

TEST_P(StorageContract, ATaskWithAPendingCancelIsClaimedAndSaysSo) {
    const TaskId task = make_task();
    const Run first = claim(task);
    TaskUpdate cancel = blank();
    cancel.cancel_by = now() + std::chrono::seconds(60);
    append(task, cancel);
    release(task, first.epoch, Release::kHandBack);
    EXPECT_EQ(claim_as(other_node_, task).snapshot.cancel_by, cancel.cancel_by);
}

TEST_P(StorageContract, AnEndedTaskCannotBeCanceled) {
    const TaskId task = make_ended_task();
    TaskUpdate cancel = blank();
    cancel.cancel_by = now();
    EXPECT_EQ(append_error(task, std::move(cancel)), ErrorCode::kTaskTerminal);
}

// -- Direct replies

TEST_P(StorageContract, AnUnrevealedTaskIsFoundByTheRuntimeOnly) {
    const TaskId task = make_unrevealed_task();
    EXPECT_EQ(error_of(storage().load(task, alice_)), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(storage().events(task, alice_, 0, 10)), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(storage().append(task, alice_, with_status(TaskState::kCanceled))),
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 0);
    EXPECT_FALSE(load(task).revealed);
    EXPECT_EQ(claim(task).epoch, 1U);
}

TEST_P(StorageContract, ARevealMakesATaskVisibleForGood) {
    const TaskId task = make_unrevealed_task();
    const Run run = claim(task);
    TaskUpdate update = with_chunk("a", "x", false);
    update.reveal = true;
    append(task, under(run.epoch, update));
    EXPECT_TRUE(must(storage().load(task, alice_)).revealed);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
}

TEST_P(StorageContract, ADirectReplyIsTheAnswerOfATaskThatNobodySees) {
    const TaskId task = make_unrevealed_task();
    const Run run = claim(task);
    TaskUpdate update = with_status(TaskState::kCompleted);
    update.reply = message_of("hi");
    const Appended appended = append(task, under(run.epoch, update));
    EXPECT_TRUE(appended.turn_ended);
    const TaskSnapshot found = load(task);
    ASSERT_TRUE(found.reply);
    EXPECT_EQ((*found.reply)->text(), "hi");
    EXPECT_FALSE(found.revealed);
    EXPECT_EQ(error_of(storage().load(task, alice_)), ErrorCode::kTaskNotFound);
    TaskUpdate reveal = blank();
    reveal.reveal = true;
    EXPECT_EQ(append_error(task, std::move(reveal)), ErrorCode::kTaskTerminal)
        << "the reply was first";
}

TEST_P(StorageContract, ADirectReplyComesTooLateForARevealedTask) {
    const TaskId task = make_unrevealed_task();
    const Run run = claim(task);
    TaskUpdate reveal = blank();
    reveal.reveal = true;
    append(task, std::move(reveal));
    TaskUpdate reply = with_status(TaskState::kCompleted);
    reply.reply = message_of("hi");
    EXPECT_EQ(append_error(task, under(run.epoch, reply)), ErrorCode::kRevealed);
    EXPECT_EQ(load(task).status.state, TaskState::kWorking);
}

TEST_P(StorageContract, ADirectReplyLivesAsLongAsItsKey) {
    TaskUpdate update = once("k", 1, with_turn("hello"));
    update.once->lifetime = std::chrono::hours(1);
    const TaskId task =
        must(storage().create(fresh_task("context", false), alice_, update)).appended.task;
    const Run run = claim(task);
    TaskUpdate reply = with_status(TaskState::kCompleted);
    reply.reply = message_of("hi");
    append(task, under(run.epoch, std::move(reply)));
    advance(std::chrono::minutes(59));
    due();
    update.id = WriteId::next();
    const Created again = must(storage().create(fresh_task("context", false), alice_, update));
    EXPECT_TRUE(again.appended.repeated);
    ASSERT_TRUE(again.snapshot->reply);
    EXPECT_EQ((*again.snapshot->reply)->text(), "hi");
    advance(std::chrono::minutes(1));
    due();
    EXPECT_EQ(error_of(storage().load(task, all_)), ErrorCode::kTaskNotFound);
}

TEST_P(StorageContract, ADirectReplyWithoutAKeyLivesForADay) {
    const TaskId task = make_unrevealed_task();
    const Run run = claim(task);
    TaskUpdate reply = with_status(TaskState::kCompleted);
    reply.reply = message_of("hi");
    append(task, under(run.epoch, std::move(reply)));
    advance(std::chrono::hours(24) - Duration(1));
    due();
    EXPECT_TRUE(load(task).reply);
    advance(Duration(1));
    due();
    EXPECT_EQ(error_of(storage().load(task, all_)), ErrorCode::kTaskNotFound);
}

}  // namespace a2akit::testing
