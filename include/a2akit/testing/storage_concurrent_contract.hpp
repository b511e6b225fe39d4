#pragma once

#include <a2akit/testing/storage_task_contract.hpp>

#include <set>

// StorageContract: calls that are under way at the same time.

namespace a2akit::testing {

constexpr int kAtOnce = 8;

TEST_P(StorageContract, OfClaimsAtOnceOneGetsTheRun) {
    const TaskId task = make_task();
    std::vector<AsyncResult<Claimed>> calls;
    for (int i = 0; i < kAtOnce; ++i) {
        calls.push_back(storage().claim(WriteId::next(), task, 1, NodeId::generate(), kLease));
    }
    int runs = 0;
    for (const Result<Claimed>& claimed : at_once(std::move(calls))) {
        ASSERT_TRUE(ok(claimed));
        if (std::holds_alternative<Run>(*claimed)) {
            ++runs;
        } else {
            EXPECT_EQ(std::get<Refusal>(*claimed), Refusal::kDuplicate);
        }
    }
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(load(task).epoch, 1U);
    EXPECT_EQ(log_of(task), "SUBMITTED WORKING");
}

TEST_P(StorageContract, OfTakeOversAtOnceOneGetsTheRun) {
    const TaskId task = make_task();
    claim(task);
    advance(kLease);
    std::vector<AsyncResult<Claimed>> calls;
    for (int i = 0; i < kAtOnce; ++i) {
        calls.push_back(storage().claim(WriteId::next(), task, 1, NodeId::generate(), kLease));
    }
    int runs = 0;
    for (const Result<Claimed>& claimed : at_once(std::move(calls))) {
        ASSERT_TRUE(ok(claimed));
        runs += std::holds_alternative<Run>(*claimed) ? 1 : 0;
    }
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(load(task).epoch, 2U);
}

TEST_P(StorageContract, OfEndsAtOnceOneCounts) {
    const TaskId task = make_task();
    std::vector<AsyncResult<Appended>> calls;
    for (int i = 0; i < kAtOnce; ++i) {
        const auto state = i % 2 == 0 ? TaskState::kCompleted : TaskState::kFailed;
        calls.push_back(storage().append(task, all_, with_status(state)));
    }
    int ended = 0;
    for (const Result<Appended>& appended : at_once(std::move(calls))) {
        if (appended) {
            ++ended;
        } else {
            EXPECT_EQ(appended.error().code, ErrorCode::kTaskTerminal);
        }
    }
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(events(task).size(), 2U);
}

TEST_P(StorageContract, AppendsAtOnceAreAllAppliedAndNumberedWithoutGap) {
    const TaskId task = make_task();
    std::vector<AsyncResult<Appended>> calls;
    for (int i = 0; i < 5 * kAtOnce; ++i) {
        calls.push_back(storage().append(task, all_, with_chunk("a", "x", true)));
    }
    std::set<Sequence> numbers;
    for (const Result<Appended>& appended : at_once(std::move(calls))) {
        ASSERT_TRUE(ok(appended));
        EXPECT_EQ(appended->first, appended->last);
        EXPECT_TRUE(numbers.insert(appended->last).second);
    }
    Sequence expected = 0;
    for (const TaskEvent& event : events(task)) EXPECT_EQ(event.sequence, ++expected);
    EXPECT_EQ(expected, 1U + 5 * kAtOnce);
    EXPECT_EQ(load(task).artifacts.at(0)->text(), std::string(5 * kAtOnce, 'x'));
}

TEST_P(StorageContract, AWriteThatIsRepeatedWhileItIsUnderWayIsAppliedOnce) {
    const TaskId task = make_task();
    const TaskUpdate update = with_chunk("a", "x", true);
    std::vector<AsyncResult<Appended>> calls;
    for (int i = 0; i < kAtOnce; ++i) calls.push_back(storage().append(task, all_, update));
    int first = 0;
    for (const Result<Appended>& appended : at_once(std::move(calls))) {
        ASSERT_TRUE(ok(appended));
        EXPECT_EQ(appended->last, 2U);
        first += appended->repeated ? 0 : 1;
    }
    EXPECT_EQ(first, 1);
    EXPECT_EQ(load(task).artifacts.at(0)->text(), "x");
}

TEST_P(StorageContract, OfWritesAtOnceUnderOneRevisionOneIsApplied) {
    const TaskId task = make_task();
    TaskUpdate update = with_status(TaskState::kWorking);
    update.guard.revision = load(task).revision;
    std::vector<AsyncResult<Appended>> calls;
    for (int i = 0; i < kAtOnce; ++i) {
        update.id = WriteId::next();
        calls.push_back(storage().append(task, all_, update));
    }
    int applied = 0;
    for (const Result<Appended>& appended : at_once(std::move(calls))) {
        if (appended) {
            ++applied;
        } else {
            EXPECT_EQ(appended.error().code, ErrorCode::kRevisionConflict);
        }
    }
    EXPECT_EQ(applied, 1);
}

TEST_P(StorageContract, CreatesAtOnceUnderOneKeyMakeOneTask) {
    std::vector<AsyncResult<Created>> calls;
    for (int i = 0; i < kAtOnce; ++i) {
        calls.push_back(storage().create(fresh_task(), alice_, once("k", 1, with_turn("hello"))));
    }
    std::set<TaskId> made;
    int first = 0;
    for (const Result<Created>& created : at_once(std::move(calls))) {
        ASSERT_TRUE(ok(created));
        made.insert(created->appended.task);
        EXPECT_EQ(created->snapshot->id, created->appended.task);
        first += created->appended.repeated ? 0 : 1;
    }
    EXPECT_EQ(first, 1);
    EXPECT_EQ(made.size(), 1U);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
}

TEST_P(StorageContract, OfFollowUpsAtOnceOneStartsATurn) {
    const TaskId task = make_paused_task();
    std::vector<AsyncResult<Appended>> calls;
    for (int i = 0; i < kAtOnce; ++i) {
        calls.push_back(storage().append(task, alice_, with_turn("more")));
    }
    int made = 0;
    for (const Result<Appended>& appended : at_once(std::move(calls))) {
        if (appended) {
            ++made;
        } else {
            EXPECT_EQ(appended.error().code, ErrorCode::kUnsupportedOperation);
        }
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(load(task).turn, 2U);
}

TEST_P(StorageContract, ManyTasksMadeAtOnceAreAllThere) {
    std::vector<AsyncResult<Created>> calls;
    for (int i = 0; i < 10 * kAtOnce; ++i) {
        calls.push_back(storage().create(fresh_task(), i % 2 == 0 ? alice_ : bob_, with_turn("x")));
    }
    for (const Result<Created>& created : at_once(std::move(calls))) EXPECT_TRUE(ok(created));
    EXPECT_EQ(must(storage().list(alice_, {})).total, 5 * kAtOnce);
    EXPECT_EQ(must(storage().list(bob_, {})).total, 5 * kAtOnce);
}

}  // namespace a2akit::testing
