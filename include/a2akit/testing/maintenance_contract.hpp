#pragma once

#include <a2akit/testing/maintenance_fixture.hpp>
#include <a2akit/testing/retention_contract.hpp>

#include <algorithm>

// MaintenanceContract: what every Maintenance does. Instantiated like StorageContract, with the
// same harness.

namespace a2akit::testing {

// -- Sweeps

TEST_P(MaintenanceContract, AFreshTurnIsNotDueToASweep) {
    make_task();
    advance(Duration(999));
    EXPECT_TRUE(due().empty());
}

TEST_P(MaintenanceContract, ATurnThatNobodyRunsIsDueAfterASecondThenAtDoublingIntervals) {
    const TaskId task = make_task();
    EXPECT_EQ(looks_within(std::chrono::seconds(92), Due::Kind::kTurn),
              (std::vector<double>{1, 3, 7, 15, 31, 61, 91}));
    advance(std::chrono::seconds(30));
    const auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].task, task);
    EXPECT_EQ(found[0].turn, 1U);
    EXPECT_EQ(found[0].attempts, 0) << "looks do not count as attempts";
}

TEST_P(MaintenanceContract, OneOfTwoSweepsGetsIt) {
    make_task();
    advance(std::chrono::seconds(1));
    EXPECT_EQ(due().size(), 1U);
    EXPECT_TRUE(due().empty());
}

TEST_P(MaintenanceContract, ASweepAnswersNoMoreThanAskedAndTheNextGoesOn) {
    for (int i = 0; i < 5; ++i) make_task();
    advance(std::chrono::seconds(1));
    EXPECT_EQ(due(3).size(), 3U);
    EXPECT_EQ(due(3).size(), 2U);
    EXPECT_TRUE(due(3).empty());
}

TEST_P(MaintenanceContract, AHealthyRunIsNeverDue) {
    const TaskId task = make_task();
    claim(task);
    for (int i = 0; i < 20; ++i) {
        advance(std::chrono::seconds(5));
        renew(node_);
        EXPECT_TRUE(due().empty());
    }
    EXPECT_TRUE(load(task).live_run);
}

TEST_P(MaintenanceContract, AnExpiredRunIsDueAtItsDeadline) {
    const TaskId task = make_task();
    const Run run = claim(task);
    advance(kLease - Duration(1));
    EXPECT_TRUE(due().empty());
    advance(Duration(1));
    const auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, Due::Kind::kExpiredRun);
    EXPECT_EQ(found[0].task, task);
    EXPECT_EQ(found[0].turn, 1U);
    EXPECT_EQ(found[0].epoch, run.epoch);
    EXPECT_EQ(found[0].attempts, 1);
    EXPECT_TRUE(due().empty());
    advance(std::chrono::seconds(1));
    EXPECT_EQ(due().size(), 1U) << "nobody took it over";
    append(task, under(run.epoch, with_status(TaskState::kCompleted)));
    advance(std::chrono::hours(1));
    EXPECT_TRUE(due().empty());
}

TEST_P(MaintenanceContract, AnExpiredRunThatRenewsIsDueAtItsNewDeadline) {
    const TaskId task = make_task();
    claim(task);
    advance(kLease);
    EXPECT_EQ(due().size(), 1U);
    renew(node_);
    advance(kLease - Duration(1));
    EXPECT_TRUE(due().empty());
    advance(Duration(1));
    EXPECT_EQ(due().size(), 1U);
}

TEST_P(MaintenanceContract, APausedTaskIsNotDue) {
    make_paused_task();
    advance(std::chrono::hours(1));
    EXPECT_TRUE(due().empty());
}

TEST_P(MaintenanceContract, AnEndedTaskIsNotDue) {
    make_ended_task();
    advance(std::chrono::hours(1));
    EXPECT_TRUE(due().empty());
}

TEST_P(MaintenanceContract, AnExpiredPausingRunIsDeletedAndItsFollowUpComesForth) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_FALSE(append(task, with_turn("more")).turn_due);
    advance(std::chrono::seconds(10));
    EXPECT_TRUE(due().empty()) << "the handler may still return";
    advance(std::chrono::seconds(5));
    const auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, Due::Kind::kTurn);
    EXPECT_EQ(found[0].turn, 2U);
    EXPECT_TRUE(renew(node_).empty());
    claim(task, 2);
}

TEST_P(MaintenanceContract, ARetriedTurnIsNotDueBeforeItsTime) {
    const TaskId task = make_task();
    const Run run = claim(task);
    release(task, run.epoch, Release::kRetry, now() + std::chrono::seconds(20));
    advance(std::chrono::seconds(20));
    EXPECT_TRUE(due().empty());
    advance(std::chrono::seconds(1));
    const auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].attempts, 1);
}

TEST_P(MaintenanceContract, AnOverdueCancelIsDueUntilItIsForced) {
    const TaskId task = make_task();
    const Run run = claim(task);
    TaskUpdate cancel = blank();
    cancel.cancel_by = now() + std::chrono::seconds(10);
    append(task, std::move(cancel));
    advance(std::chrono::seconds(10) - Duration(1));
    EXPECT_TRUE(due().empty());
    advance(Duration(1));
    auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, Due::Kind::kCancel);
    EXPECT_EQ(found[0].epoch, run.epoch);
    EXPECT_TRUE(due().empty());
    advance(std::chrono::seconds(2));
    EXPECT_EQ(due().size(), 1U) << "the node that got it may have died";
    TaskUpdate forced = with_status(TaskState::kCanceled);
    forced.raise_epoch = true;
    append(task, std::move(forced));
    advance(std::chrono::hours(1));
    EXPECT_TRUE(due().empty());
}

TEST_P(MaintenanceContract, ACancelIsDueOnceItsRunIsGivenBackUnfinished) {
    for (const Release how : {Release::kHandBack, Release::kRetry}) {
        const TaskId task = make_task();
        const Run run = claim(task);
        TaskUpdate cancel = blank();
        cancel.cancel_by = now() + std::chrono::seconds(60);
        append(task, std::move(cancel));
        EXPECT_TRUE(due().empty()) << "its handler may still end it";
        EXPECT_EQ(release(task, run.epoch, how), 1U);
        const auto found = due();
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].task, task);
        EXPECT_EQ(found[0].kind, Due::Kind::kCancel);
        append(task, with_status(TaskState::kCanceled));
    }
}

TEST_P(MaintenanceContract, OfSweepsAtOnceOneGetsEach) {
    for (int i = 0; i < 20; ++i) make_task();
    advance(std::chrono::seconds(1));
    std::vector<AsyncResult<std::vector<Due>>> sweeps;
    for (int i = 0; i < 4; ++i) sweeps.push_back(maintenance().due(100));
    std::vector<TaskId> found;
    for (const auto& sweep : at_once(std::move(sweeps))) {
        ASSERT_TRUE(ok(sweep));
        for (const Due& one : *sweep) found.push_back(one.task);
    }
    // Concurrent sweeps may leave entries for the next sweep, but lose none, and none is returned
    // twice.
    for (const Due& one : due()) found.push_back(one.task);
    EXPECT_EQ(found.size(), 20U);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end());
}

TEST_P(MaintenanceContract, AHandedBackTurnIsDueAgainWhenNobodyTakesIt) {
    const TaskId task = make_task();
    release(task, claim(task).epoch, Release::kHandBack);
    advance(std::chrono::seconds(2));
    const auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, Due::Kind::kTurn);
    EXPECT_EQ(found[0].attempts, 0) << "a drain does not count";
}

TEST_P(MaintenanceContract, AFollowUpIsDueAfterASecondLikeAnyTurn) {
    const TaskId task = make_paused_task();
    advance(std::chrono::hours(1));
    append(task, with_turn("more"));
    advance(Duration(999));
    EXPECT_TRUE(due().empty());
    advance(Duration(1));
    const auto found = due();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].turn, 2U);
}

TEST_P(MaintenanceContract, ARunThatExpiresAgainCountsItsAttempts) {
    const TaskId task = make_task();
    for (int attempt = 1; attempt <= 3; ++attempt) {
        claim(task);
        advance(kLease);
        const auto found = due();
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].attempts, attempt);
    }
}

TEST_P(MaintenanceContract, WhatAnOwnerHasStoredIsCountedInAllTenants) {
    make_task();
    const StoredUse one = must(maintenance().stored_use(alice_.owner, true));
    EXPECT_EQ(one.tasks, 1);
    EXPECT_GT(one.bytes, 0);

    const TaskId large = make_task_of({alice_.owner, "a tenant", false});
    append(large, with_chunk("a", std::string(100'000, 'x'), false));
    append(large, with_status(TaskState::kCompleted));
    make_task_of(bob_);
    const StoredUse two = must(maintenance().stored_use(alice_.owner, true));
    EXPECT_EQ(two.tasks, 2) << "an ended task counts until it is erased";
    EXPECT_GE(two.bytes, one.bytes + 100'000);
    EXPECT_LT(two.bytes, one.bytes + 300'000);
    EXPECT_EQ(must(maintenance().stored_use(alice_.owner, false)).tasks, 2);

    must(maintenance().erase(keep(0)));
    EXPECT_EQ(must(maintenance().stored_use(alice_.owner, false)).tasks, 1);
    EXPECT_EQ(must(maintenance().stored_use("nobody", true)).tasks, 0);
}

TEST_P(MaintenanceContract, StalePausedTasksAreFound) {
    const TaskId input = make_paused_task();
    const TaskId auth = make_paused_task(TaskState::kAuthRequired);
    make_task();
    make_ended_task();
    advance(std::chrono::hours(1));
    make_paused_task();
    auto stale = must(maintenance().stale_paused(now() - std::chrono::minutes(1), 10));
    std::vector<TaskId> expected = {input, auth};
    std::sort(stale.begin(), stale.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(stale, expected);
    EXPECT_EQ(must(maintenance().stale_paused(now(), 1)).size(), 1U);
    append(input, with_status(TaskState::kCanceled));
    EXPECT_EQ(must(maintenance().stale_paused(now(), 10)), std::vector{auth});
}

}  // namespace a2akit::testing
