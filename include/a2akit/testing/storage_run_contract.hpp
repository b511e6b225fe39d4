#pragma once

#include <a2akit/testing/storage_task_contract.hpp>

// StorageContract: who runs a turn, for how long, and how that ends.

namespace a2akit::testing {

// -- Claims

TEST_P(StorageContract, AClaimMovesTheTaskToWorkingAndHandsOutTheInput) {
    TaskUpdate update = with_turn("do it");
    update.turn->metadata = RawJson(R"({"m":1})");
    update.turn->accepted_output_modes = {"text/plain"};
    update.turn->extensions = {"urn:x"};
    const TaskId task =
        must(storage().create(fresh_task(), alice_, std::move(update))).appended.task;
    const Run run = claim(task);
    EXPECT_EQ(run.epoch, 1U);
    EXPECT_EQ(run.attempt, 1);
    EXPECT_EQ(run.input.message->text(), "do it");
    EXPECT_EQ(run.input.metadata.text(), R"({"m":1})");
    EXPECT_EQ(run.input.accepted_output_modes, std::vector<std::string>{"text/plain"});
    EXPECT_EQ(run.input.extensions, std::vector<std::string>{"urn:x"});
    EXPECT_EQ(run.snapshot.status.state, TaskState::kWorking);
    EXPECT_TRUE(run.snapshot.live_run);
    EXPECT_EQ(run.snapshot.owner, alice_);
    EXPECT_EQ(run.appended.first, 2U);
    EXPECT_EQ(run.appended.last, 2U);
    EXPECT_EQ(run.appended.before, TaskState::kSubmitted);
    EXPECT_EQ(run.appended.after, TaskState::kWorking);
    EXPECT_EQ(log_of(task), "SUBMITTED WORKING");
}

TEST_P(StorageContract, AContextIsPassedOnInProcessAndDroppedElsewhere) {
    TaskUpdate update = with_turn("do it");
    auto context = std::make_shared<RequestContext>();
    context->request_id = "r-1";
    update.turn->context = context;
    update.turn->sealed_context = SealedContext{"sealed"};
    const TaskId task =
        must(storage().create(fresh_task(), alice_, std::move(update))).appended.task;
    const Run run = claim(task);
    EXPECT_EQ(run.input.context != nullptr, storage().capabilities().in_process);
    ASSERT_TRUE(run.input.sealed_context);
    EXPECT_EQ(run.input.sealed_context->bytes, "sealed");
}

TEST_P(StorageContract, AContextLivesNoLongerThanItsTurn) {
    TaskUpdate update = with_turn("do it");
    const auto context = std::make_shared<RequestContext>();
    update.turn->context = context;
    const TaskId task =
        must(storage().create(fresh_task(), alice_, std::move(update))).appended.task;
    {
        const Run run = claim(task);
        append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    }
    EXPECT_EQ(context.use_count(), 1);
}

TEST_P(StorageContract, AClaimOfARunningTurnIsADuplicate) {
    const TaskId task = make_task();
    claim(task);
    EXPECT_EQ(refusal(task), Refusal::kDuplicate);
    EXPECT_EQ(load(task).epoch, 1U);
}

TEST_P(StorageContract, AClaimOfAnEndedTurnIsStale) {
    const TaskId task = make_paused_task();
    EXPECT_EQ(refusal(task), Refusal::kStale);
    append(task, with_turn("more"));
    EXPECT_EQ(refusal(task), Refusal::kStale);
    EXPECT_EQ(refusal(task, 3), Refusal::kStale) << "nobody made that turn";
}

TEST_P(StorageContract, AClaimOfAnEndedTaskIsRefused) {
    EXPECT_EQ(refusal(make_ended_task()), Refusal::kEnded);
}

TEST_P(StorageContract, AClaimIsBusyWhileThePausingRunIsNotReleased) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    append(task, with_turn("more"));
    EXPECT_EQ(refusal(task, 2), Refusal::kBusy);
    EXPECT_EQ(release(task, run.epoch, Release::kPaused), 2U);
    EXPECT_EQ(claim(task, 2).epoch, 2U);
}

TEST_P(StorageContract, APausingRunThatExpiredHoldsNobodyUp) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    append(task, with_turn("more"));
    advance(kLease);
    const Run next = claim(task, 2);
    EXPECT_EQ(next.attempt, 1);
    EXPECT_GT(next.epoch, run.epoch);
}

TEST_P(StorageContract, AnExpiredRunIsTakenOver) {
    const TaskId task = make_task();
    const Run first = claim(task);
    append(task, under(first.epoch, with_chunk("a", "kept", false)));
    advance(kLease);
    const Run second = claim_as(other_node_, task);
    EXPECT_EQ(second.epoch, first.epoch + 1);
    EXPECT_EQ(second.attempt, 2);
    EXPECT_EQ(second.snapshot.artifacts.size(), 1U);
    EXPECT_EQ(second.input.message->text(), "hello");
}

TEST_P(StorageContract, ARunIsNotTakenOverBeforeItsLeaseIsOver) {
    const TaskId task = make_task();
    claim(task);
    advance(kLease - Duration(1));
    EXPECT_EQ(refusal(task), Refusal::kDuplicate);
}

// -- Epochs

TEST_P(StorageContract, AnExpiredRunThatNobodyTookOverMayStillWrite) {
    const TaskId task = make_task();
    const Run run = claim(task);
    advance(kLease * 10);
    EXPECT_FALSE(load(task).live_run);
    append(task, under(run.epoch, with_chunk("a", "late", false)));
    append(task, under(run.epoch, with_status(TaskState::kCompleted)));
    EXPECT_EQ(load(task).status.state, TaskState::kCompleted);
}

TEST_P(StorageContract, ARunThatWasTakenOverCannotWrite) {
    const TaskId task = make_task();
    const Run first = claim(task);
    advance(kLease);
    const Run second = claim_as(other_node_, task);
    EXPECT_EQ(append_error(task, under(first.epoch, with_chunk("a", "x", false))),
              ErrorCode::kLeaseLost);
    EXPECT_EQ(append_error(task, under(first.epoch, with_status(TaskState::kCompleted))),
              ErrorCode::kLeaseLost);
    append(task, under(second.epoch, with_status(TaskState::kCompleted)));
}

TEST_P(StorageContract, ARunThatWasGivenBackCannotWrite) {
    const TaskId task = make_task();
    const Run run = claim(task);
    release(task, run.epoch, Release::kHandBack);
    EXPECT_EQ(append_error(task, under(run.epoch, with_chunk("a", "x", false))),
              ErrorCode::kLeaseLost);
}

TEST_P(StorageContract, ARunWhoseTurnHasEndedCannotWrite) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_EQ(append_error(task, under(run.epoch, with_status(TaskState::kCompleted))),
              ErrorCode::kLeaseLost);
    append(task, with_turn("more"));
    EXPECT_EQ(append_error(task, under(run.epoch, with_status(TaskState::kFailed))),
              ErrorCode::kLeaseLost);
    EXPECT_EQ(load(task).status.state, TaskState::kSubmitted);
}

TEST_P(StorageContract, OnlyClaimsAndForcedEndsRaiseTheEpoch) {
    const TaskId task = make_task();
    EXPECT_EQ(load(task).epoch, 0U);
    const Run run = claim(task);
    append(task, under(run.epoch, with_chunk("a", "x", false)));
    renew(node_);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    release(task, run.epoch, Release::kPaused);
    append(task, with_turn("more"));
    EXPECT_EQ(load(task).epoch, 1U);
    const Run next = claim(task, 2);
    EXPECT_EQ(next.epoch, 2U);
    TaskUpdate forced = with_status(TaskState::kFailed);
    forced.raise_epoch = true;
    append(task, std::move(forced));
    EXPECT_EQ(load(task).epoch, 3U);
}

TEST_P(StorageContract, AForcedEndEndsTheRunAsWell) {
    const TaskId task = make_task();
    const Run run = claim(task);
    TaskUpdate forced = with_status(TaskState::kCanceled);
    forced.raise_epoch = true;
    forced.guard.epoch = run.epoch;
    append(task, std::move(forced));
    EXPECT_FALSE(load(task).live_run);
    EXPECT_TRUE(append_error(task, under(run.epoch, with_status(TaskState::kCompleted))));
    EXPECT_EQ(load(task).status.state, TaskState::kCanceled);
}

TEST_P(StorageContract, AForcedEndOfARunThatChangedHandsIsRefused) {
    const TaskId task = make_task();
    const Run first = claim(task);
    advance(kLease);
    claim_as(other_node_, task);
    TaskUpdate forced = with_status(TaskState::kFailed);
    forced.raise_epoch = true;
    forced.guard.epoch = first.epoch;
    EXPECT_EQ(append_error(task, std::move(forced)), ErrorCode::kLeaseLost);
}

TEST_P(StorageContract, AWriteThatWantsNoLiveRunIsRefusedWhileOneLives) {
    const TaskId task = make_task();
    const Run run = claim(task);
    TaskUpdate update = with_status(TaskState::kFailed);
    update.guard.no_live_run = true;
    EXPECT_EQ(append_error(task, update), ErrorCode::kLiveRun);
    advance(kLease);
    renew(node_);
    EXPECT_EQ(append_error(task, update), ErrorCode::kLiveRun);
    advance(kLease);
    append(task, update);
    EXPECT_EQ(append_error(task, under(run.epoch, with_status(TaskState::kCompleted))),
              ErrorCode::kTaskTerminal);
}

// -- Renewal

TEST_P(StorageContract, ARenewalKeepsAllRunsOfItsNodeAndNoOthers) {
    const TaskId one = make_task();
    const TaskId two = make_task();
    const TaskId other = make_task();
    claim(one);
    claim(two);
    claim_as(other_node_, other);
    advance(std::chrono::seconds(10));
    const auto renewals = renew(node_);
    ASSERT_EQ(renewals.size(), 2U);
    for (const Renewal& renewal : renewals) {
        EXPECT_TRUE(renewal.kept);
        EXPECT_TRUE(renewal.task == one || renewal.task == two);
        EXPECT_EQ(renewal.epoch, 1U);
    }
    advance(std::chrono::seconds(10));
    EXPECT_TRUE(load(one).live_run);
    EXPECT_TRUE(load(two).live_run);
    EXPECT_FALSE(load(other).live_run);
}

TEST_P(StorageContract, AnExpiredRunThatNobodyTookOverIsRenewed) {
    const TaskId task = make_task();
    claim(task);
    advance(kLease * 4);
    ASSERT_EQ(renew(node_).size(), 1U);
    EXPECT_TRUE(load(task).live_run);
    EXPECT_EQ(refusal(task), Refusal::kDuplicate);
}

TEST_P(StorageContract, ARenewalTellsWhatWasTakenOver) {
    const TaskId task = make_task();
    const Run run = claim(task);
    advance(kLease);
    claim_as(other_node_, task);
    const auto renewals = renew(node_);
    for (const Renewal& renewal : renewals) {
        EXPECT_FALSE(renewal.kept && renewal.task == task) << "it is another node's run now";
        if (renewal.task == task) {
            EXPECT_EQ(renewal.epoch, run.epoch);
        }
    }
    ASSERT_EQ(renew(other_node_).size(), 1U);
    EXPECT_TRUE(renew(other_node_)[0].kept);
}

TEST_P(StorageContract, ARenewalTellsOfAPendingCancel) {
    const TaskId task = make_task();
    claim(task);
    EXPECT_FALSE(renew(node_).at(0).cancel_by);
    TaskUpdate cancel = blank();
    cancel.cancel_by = now() + std::chrono::seconds(60);
    append(task, cancel);
    EXPECT_EQ(renew(node_).at(0).cancel_by, cancel.cancel_by);
}

TEST_P(StorageContract, ReleasedAndEndedRunsAreNotRenewed) {
    const TaskId released = make_task();
    release(released, claim(released).epoch, Release::kHandBack);
    make_ended_task();
    EXPECT_TRUE(renew(node_).empty());
}

TEST_P(StorageContract, APausingRunIsRenewedUntilItIsReleased) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_EQ(renew(node_).size(), 1U);
    release(task, run.epoch, Release::kPaused);
    EXPECT_TRUE(renew(node_).empty());
}

// -- Turns and release

TEST_P(StorageContract, AFollowUpOfAPausedTaskMakesTheNextTurn) {
    const TaskId task = make_paused_task();
    const Sequence pause = load(task).last_sequence;
    const Appended appended = append(task, with_turn("more"));
    EXPECT_EQ(appended.turn, 2U);
    EXPECT_EQ(appended.first, pause + 1) << "so that a waiter does not read the pause before";
    EXPECT_TRUE(appended.turn_due);
    EXPECT_FALSE(appended.turn_ended);
    EXPECT_EQ(appended.before, TaskState::kInputRequired);
    const Run run = claim(task, 2);
    EXPECT_EQ(run.attempt, 1);
    EXPECT_EQ(run.input.message->text(), "more");
    EXPECT_EQ(run.snapshot.history.size(), 2U);
}

TEST_P(StorageContract, ATaskThatIsNotPausedTakesNoFollowUp) {
    const TaskId task = make_task();
    EXPECT_EQ(append_error(task, with_turn("too early")), ErrorCode::kUnsupportedOperation);
    claim(task);
    EXPECT_EQ(append_error(task, with_turn("too early")), ErrorCode::kUnsupportedOperation);
    EXPECT_EQ(load(task).turn, 1U);
}

TEST_P(StorageContract, AFollowUpIsNotDueUntilThePausingRunIsReleased) {
    const TaskId task = make_task();
    const Run run = claim(task);
    const Appended pause = append(task, under(run.epoch, with_status(TaskState::kAuthRequired)));
    EXPECT_TRUE(pause.turn_ended);
    const Appended follow_up = append(task, with_turn("more"));
    EXPECT_EQ(follow_up.turn, 2U);
    EXPECT_FALSE(follow_up.turn_due);
    EXPECT_EQ(release(task, run.epoch, Release::kPaused), 2U);
}

TEST_P(StorageContract, AReleaseAfterAPauseMakesNothingDueWithoutAFollowUp) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_EQ(release(task, run.epoch, Release::kPaused), std::nullopt);
    EXPECT_FALSE(load(task).live_run);
}

TEST_P(StorageContract, AReleaseIsIdempotent) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    append(task, with_turn("more"));
    EXPECT_EQ(release(task, run.epoch, Release::kPaused), 2U);
    const auto again = release(task, run.epoch, Release::kPaused);
    EXPECT_TRUE(!again || *again == 2U);
    const Run next = claim(task, 2);
    EXPECT_EQ(release(task, run.epoch, Release::kPaused), std::nullopt) << "another run's task";
    append(task, under(next.epoch, with_status(TaskState::kCompleted)));
    EXPECT_EQ(release(task, next.epoch, Release::kPaused), std::nullopt);
}

TEST_P(StorageContract, AHandedBackRunIsDueAtOnceAndDoesNotCount) {
    const TaskId task = make_task();
    const Run first = claim(task);
    EXPECT_EQ(release(task, first.epoch, Release::kHandBack), 1U);
    const Run second = claim_as(other_node_, task);
    EXPECT_EQ(second.attempt, 1);
    EXPECT_EQ(second.epoch, 2U);
}

TEST_P(StorageContract, ARunThatIsToBeRetriedCounts) {
    const TaskId task = make_task();
    const Run first = claim(task);
    EXPECT_EQ(release(task, first.epoch, Release::kRetry, now() + std::chrono::seconds(3)), 1U);
    advance(std::chrono::seconds(3));
    EXPECT_EQ(claim(task).attempt, 2);
}

TEST_P(StorageContract, EachTurnCountsItsOwnAttempts) {
    const TaskId task = make_task();
    release(task, claim(task).epoch, Release::kRetry, now());
    const Run run = claim(task);
    EXPECT_EQ(run.attempt, 2);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    release(task, run.epoch, Release::kPaused);
    append(task, with_turn("more"));
    EXPECT_EQ(claim(task, 2).attempt, 1);
}

TEST_P(StorageContract, ACheckpointReachesTheNextRun) {
    const TaskId task = make_task();
    const Run first = claim(task);
    TaskUpdate update = blank();
    update.checkpoint = RawJson(R"({"page":7})");
    append(task, under(first.epoch, std::move(update)));
    advance(kLease);
    EXPECT_EQ(claim(task).snapshot.checkpoint.text(), R"({"page":7})");
}

}  // namespace a2akit::testing
