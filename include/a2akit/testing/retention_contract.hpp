#pragma once

#include <a2akit/testing/maintenance_fixture.hpp>

#include <algorithm>

// MaintenanceContract: what is erased and compacted, and when, and dead letters.

namespace a2akit::testing {

// -- Erasing

TEST_P(MaintenanceContract, ErasesWhatEndedBefore) {
    const TaskId old = make_ended_task();
    const TaskId running = make_task();
    const TaskId paused = make_paused_task();
    advance(std::chrono::hours(1));
    const TaskId young = make_ended_task();
    EraseQuery query;
    query.ended_before = now();
    EXPECT_EQ(must(maintenance().erase(query)), std::vector{old});
    EXPECT_EQ(error_of(storage().load(old, all_)), ErrorCode::kTaskNotFound);
    for (const TaskId task : {running, paused, young}) EXPECT_EQ(load(task).id, task);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 3);
    EXPECT_FALSE(must(storage().tails({old})).at(0).exists);
}

TEST_P(MaintenanceContract, KeepsTheNewestSoMany) {
    std::vector<TaskId> ended;
    for (int i = 0; i < 6; ++i) {
        ended.push_back(make_ended_task(i % 2 == 0 ? TaskState::kCompleted : TaskState::kFailed));
        advance(Duration(1));
    }
    const auto erased = must(maintenance().erase(keep(2)));
    EXPECT_EQ(erased, (std::vector<TaskId>(ended.begin(), ended.begin() + 4)));
    EXPECT_TRUE(must(maintenance().erase(keep(2))).empty());
}

TEST_P(MaintenanceContract, DirectRepliesAreNotAmongThoseThatAreCounted) {
    std::vector<TaskId> replies;
    const auto reply = [&] {
        TaskUpdate update = blank();
        update.reply = message_of("hello");
        replies.push_back(make_unrevealed_task());
        append(replies.back(), std::move(update));
        EXPECT_EQ(load(replies.back()).status.state, TaskState::kCompleted);
    };
    for (int i = 0; i < 5; ++i) reply();
    advance(std::chrono::minutes(1));
    for (int i = 0; i < 5; ++i) {
        make_ended_task();
        advance(Duration(1));
    }
    for (int i = 0; i < 5; ++i) reply();
    EraseQuery query = keep(2);
    query.limit = 4;
    EXPECT_EQ(must(maintenance().erase(query)).size(), 3U) << "old ones are in nobody's way";
    EXPECT_EQ(must(storage().list(alice_, {})).total, 2);
    EXPECT_TRUE(must(maintenance().erase(query)).empty());
    for (const TaskId task : replies) EXPECT_EQ(load(task).id, task);

    query = keep(1);
    query.ended_before = now() - std::chrono::seconds(30);
    EXPECT_EQ(must(maintenance().erase(query)).size(), 6U) << "by their age they are";
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
    for (int i = 5; i < 10; ++i)
        EXPECT_EQ(load(replies[static_cast<std::size_t>(i)]).id,
                  replies[static_cast<std::size_t>(i)]);
}

TEST_P(MaintenanceContract, ErasesOnlyTheStateAskedFor) {
    const TaskId done = make_ended_task();
    const TaskId failed = make_ended_task(TaskState::kFailed);
    EraseQuery query = keep(0);
    query.state = TaskState::kFailed;
    EXPECT_EQ(must(maintenance().erase(query)), std::vector{failed});
    EXPECT_EQ(load(done).id, done);
}

TEST_P(MaintenanceContract, BothLimitsApplyWhicheverErasesMore) {
    for (int i = 0; i < 4; ++i) {
        make_ended_task();
        advance(std::chrono::minutes(1));
    }
    EraseQuery query = keep(3);
    query.ended_before = now() - std::chrono::seconds(150);
    EXPECT_EQ(must(maintenance().erase(query)).size(), 2U);
    query = keep(0);
    query.ended_before = now() - std::chrono::hours(1);
    EXPECT_EQ(must(maintenance().erase(query)).size(), 2U);
}

TEST_P(MaintenanceContract, WithoutALimitNothingIsErased) {
    make_ended_task();
    EXPECT_TRUE(must(maintenance().erase({})).empty());
}

TEST_P(MaintenanceContract, ErasesAtMostTheLimitInOneCall) {
    for (int i = 0; i < 5; ++i) make_ended_task();
    EraseQuery query = keep(0);
    query.limit = 3;
    EXPECT_EQ(must(maintenance().erase(query)).size(), 3U);
    EXPECT_EQ(must(maintenance().erase(query)).size(), 2U);
}

TEST_P(MaintenanceContract, ErasuresAtOnceLeaveWhatIsToBeKept) {
    for (int i = 0; i < 12; ++i) make_ended_task();
    std::vector<AsyncResult<std::vector<TaskId>>> erasures;
    for (int i = 0; i < 4; ++i) erasures.push_back(maintenance().erase(keep(5)));
    std::size_t erased = 0;
    for (const auto& some : at_once(std::move(erasures))) erased += ok(some) ? some->size() : 0;
    EXPECT_EQ(erased, 7U);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 5);
}

TEST_P(MaintenanceContract, TheKeyOfAnErasedTaskMakesANewOne) {
    const auto request = [&] { return once("k", 1, with_turn("hello")); };
    const TaskId task = must(storage().create(fresh_task(), alice_, request())).appended.task;
    append(task, under(claim(task).epoch, with_status(TaskState::kCompleted)));
    EXPECT_EQ(must(maintenance().erase(keep(0))).size(), 1U);
    const Created again = must(storage().create(fresh_task(), alice_, request()));
    EXPECT_FALSE(again.appended.repeated);
    EXPECT_NE(again.appended.task, task);
}

// -- Compaction

TEST_P(MaintenanceContract, ACompactedTaskKeepsItsSnapshot) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_chunk("a", "one ", false)));
    append(task, under(run.epoch, with_chunk("a", "two", true)));
    TaskUpdate end = with_status(TaskState::kCompleted);
    end.status->message = message_of("that's it");
    append(task, under(run.epoch, std::move(end)));
    const TaskSnapshot before = load(task);
    advance(std::chrono::hours(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 1);
    const TaskSnapshot after = load(task);
    EXPECT_EQ(after.last_sequence, before.last_sequence);
    EXPECT_EQ(after.status.state, TaskState::kCompleted);
    EXPECT_EQ(after.status.timestamp, before.status.timestamp);
    ASSERT_TRUE(after.status.message);
    EXPECT_EQ((*after.status.message)->text(), "that's it");
    ASSERT_EQ(after.artifacts.size(), 1U);
    EXPECT_EQ(after.artifacts[0]->text(), "one two");
    EXPECT_EQ(after.history.size(), 1U);
}

TEST_P(MaintenanceContract, ALargeStreamedArtifactIsReadableAfterCompaction) {
    constexpr std::size_t kChunks = 70;
    const std::string chunk(1 << 20, 'x');
    const TaskId task = make_task();
    const Run run = claim(task);
    for (std::size_t i = 0; i < kChunks; ++i) {
        append(task, under(run.epoch, with_chunk("a", chunk, i > 0)));
    }
    append(task, under(run.epoch, with_status(TaskState::kCompleted)));
    advance(std::chrono::hours(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 1);
    const TaskSnapshot after = load(task);
    ASSERT_EQ(after.artifacts.size(), 1U);
    EXPECT_EQ(after.artifacts[0]->text().size(), kChunks * chunk.size());
}

TEST_P(MaintenanceContract, LargeArtifactsThatWereReplacedAndInterleavedSurviveCompaction) {
    const std::string chunk(2 << 20, 'x');
    const TaskId task = make_task();
    const Run run = claim(task);
    const auto write = [&](const char* artifact, const std::string& text, bool append_it) {
        append(task, under(run.epoch, with_chunk(artifact, text, append_it)));
    };
    write("replaced", chunk, false);
    for (int i = 0; i < 4; ++i) {
        write("grown", chunk, true);
        write("replaced", chunk, true);
    }
    write("late", "short", false);
    write("replaced", "new ", false);
    write("grown", "end", true);
    write("replaced", "words", true);
    TaskUpdate end = with_status(TaskState::kCompleted);
    end.status->message = message_of("that's it");
    append(task, under(run.epoch, std::move(end)));
    const TaskSnapshot before = load(task);
    advance(std::chrono::hours(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 1);
    const TaskSnapshot after = load(task);
    ASSERT_EQ(after.artifacts.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(*after.artifacts[i], *before.artifacts[i]);
    EXPECT_EQ(after.artifacts[0]->text(), "new words");
    EXPECT_EQ((*after.status.message)->text(), "that's it");
    EXPECT_EQ(must(storage().events(task, all_, after.last_sequence, 10)).events.size(), 0U);
}

TEST_P(MaintenanceContract, BehindTheCompactionHorizonReadersAreTold) {
    const TaskId task = make_ended_task();
    advance(Duration(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 1);
    EXPECT_EQ(error_of(storage().events(task, all_, 0, 10)), ErrorCode::kCompacted);
    EXPECT_EQ(error_of(storage().events(task, all_, 3, 10)), ErrorCode::kCompacted);
    const EventPage end = must(storage().events(task, all_, 4, 10));
    EXPECT_TRUE(end.events.empty());
    EXPECT_EQ(end.last, 4U);
    EXPECT_EQ(end.state, TaskState::kCompleted);
}

TEST_P(MaintenanceContract, OnlyTasksThatEndedBeforeAreCompactedAndOnlyOnce) {
    for (int i = 0; i < 3; ++i)
        make_ended_task(i == 0 ? TaskState::kFailed : TaskState::kCompleted);
    const TaskId paused = make_paused_task();
    advance(Duration(1));
    const Timestamp limit = now();
    const TaskId young = make_ended_task();
    EXPECT_EQ(must(maintenance().compact(limit, 2)), 2);
    EXPECT_EQ(must(maintenance().compact(limit, 2)), 1);
    EXPECT_EQ(must(maintenance().compact(limit, 2)), 0);
    EXPECT_EQ(events(young).size(), 4U);
    EXPECT_FALSE(events(paused).empty());
}

TEST_P(MaintenanceContract, ALostAnswerIsStillKnownAfterCompaction) {
    const TaskId task = make_task();
    const TaskUpdate end = under(claim(task).epoch, with_status(TaskState::kCompleted));
    append(task, end);
    advance(Duration(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 1);
    const Appended again = append(task, end);
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.last, 3U);
}

// -- Dead letters and stale tasks

TEST_P(MaintenanceContract, ATurnThatFailedForGoodIsADeadLetter) {
    const TaskId task = make_dead_letter("gave up after 4 attempts");
    const auto letters = must(maintenance().dead_letters({}, 10));
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].task, task);
    EXPECT_EQ(letters[0].turn, 1U);
    EXPECT_EQ(letters[0].owner, alice_);
    EXPECT_EQ(letters[0].context_id, "context");
    EXPECT_EQ(letters[0].reason, "gave up after 4 attempts");
    EXPECT_EQ(letters[0].attempts, 1);
    EXPECT_EQ(letters[0].at, *load(task).status.timestamp);
    EXPECT_EQ(letters[0].message->text(), "hello");
    EXPECT_FALSE(letters[0].redriven);
}

TEST_P(MaintenanceContract, DeadLettersAreReadInPages) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(make_dead_letter());
    std::sort(tasks.begin(), tasks.end());
    std::vector<TaskId> read;
    std::optional<TaskId> after;
    for (;;) {
        const auto page = must(maintenance().dead_letters(after, 2));
        if (page.empty()) break;
        for (const DeadLetter& letter : page) read.push_back(letter.task);
        after = read.back();
    }
    EXPECT_EQ(read, tasks);
}

TEST_P(MaintenanceContract, TheFirstRedriveOfADeadLetterWins) {
    const TaskId task = make_dead_letter();
    const TaskId first = TaskId::generate();
    EXPECT_EQ(must(maintenance().mark_redriven(task, first)), first);
    EXPECT_EQ(must(maintenance().mark_redriven(task, TaskId::generate())), first);
    EXPECT_EQ(must(maintenance().dead_letters({}, 10)).at(0).redriven, first);
}

TEST_P(MaintenanceContract, WhatIsNoDeadLetterIsNotRedriven) {
    EXPECT_EQ(error_of(maintenance().mark_redriven(make_ended_task(), TaskId::generate())),
              ErrorCode::kTaskNotFound);
}

TEST_P(MaintenanceContract, ADeadLetterIsErasedWithItsTask) {
    make_dead_letter();
    must(maintenance().erase(keep(0)));
    EXPECT_TRUE(must(maintenance().dead_letters({}, 10)).empty());
}

}  // namespace a2akit::testing
