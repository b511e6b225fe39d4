#pragma once

#include <a2akit/testing/storage_fixture.hpp>

// StorageContract: tasks, their updates, their logs and who sees them.

namespace a2akit::testing {

class StorageContract : public StorageFixture {};

// -- Creating and loading

TEST_P(StorageContract, ACreatedTaskIsFoundAsItWasMade) {
    const NewTask task = fresh_task("talk");
    TaskUpdate update = with_turn("hello");
    update.metadata = RawJson(R"({"k":1})");
    const Created created = must(storage().create(task, alice_, std::move(update)));
    EXPECT_EQ(created.appended.task, task.id);
    EXPECT_EQ(created.appended.turn, 1U);
    EXPECT_EQ(created.appended.first, 1U);
    EXPECT_EQ(created.appended.last, 1U);
    EXPECT_TRUE(created.appended.turn_due);
    EXPECT_FALSE(created.appended.repeated);
    EXPECT_EQ(created.appended.before, TaskState::kUnspecified);
    EXPECT_EQ(created.appended.after, TaskState::kSubmitted);

    const TaskSnapshot found = must(storage().load(task.id, alice_));
    EXPECT_EQ(found.id, task.id);
    EXPECT_EQ(found.owner, alice_);
    EXPECT_EQ(found.context_id, "talk");
    EXPECT_EQ(found.status.state, TaskState::kSubmitted);
    EXPECT_EQ(found.status.timestamp, now());
    EXPECT_EQ(found.metadata.text(), R"({"k":1})");
    ASSERT_EQ(found.history.size(), 1U);
    EXPECT_EQ(found.history[0]->text(), "hello");
    EXPECT_EQ(found.turn, 1U);
    EXPECT_FALSE(found.turn_ended);
    EXPECT_FALSE(found.live_run);
    EXPECT_TRUE(found.revealed);
    EXPECT_EQ(found.last_sequence, 1U);
    EXPECT_EQ(found.revision, created.snapshot->revision);
}

TEST_P(StorageContract, ATaskMayBeMadeWithoutATurn) {
    const Created created =
        must(storage().create(fresh_task(), alice_, with_status(TaskState::kRejected)));
    EXPECT_EQ(created.appended.turn, 0U);
    EXPECT_FALSE(created.appended.turn_due);
    EXPECT_EQ(created.snapshot->status.state, TaskState::kRejected);
}

TEST_P(StorageContract, ANewTaskIsReturnedOnlyWhenItIsWanted) {
    NewTask task = fresh_task();
    task.wants_snapshot = false;
    const Created created = must(storage().create(task, alice_, once("k", 1, with_turn("hello"))));
    EXPECT_EQ(created.appended.task, task.id);
    EXPECT_FALSE(created.snapshot);

    NewTask repeat = fresh_task();
    repeat.wants_snapshot = false;
    const Created again = must(storage().create(repeat, alice_, once("k", 1, with_turn("hello"))));
    EXPECT_TRUE(again.appended.repeated);
    EXPECT_EQ(again.appended.task, task.id);
    EXPECT_FALSE(again.snapshot);
}

TEST_P(StorageContract, AnIdThatIsTakenIsNotTakenOver) {
    const TaskId task = make_task();
    EXPECT_TRUE(
        error_of(storage().create(NewTask{task, "context", true}, bob_, with_turn("mine now"))));
    EXPECT_EQ(load(task).owner, alice_);
}

TEST_P(StorageContract, AnUnknownTaskIsNotFound) {
    const TaskId nobody = TaskId::generate();
    EXPECT_EQ(error_of(storage().load(nobody, all_)), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(storage().append(nobody, all_, with_status(TaskState::kCanceled))),
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(storage().events(nobody, all_, 0, 10)), ErrorCode::kTaskNotFound);
    EXPECT_EQ(refusal(nobody), Refusal::kEnded);
    EXPECT_EQ(release(nobody, 1, Release::kPaused), std::nullopt);
    EXPECT_FALSE(must(storage().tails({nobody})).at(0).exists);
}

TEST_P(StorageContract, ATaskOfAnotherOwnerOrTenantIsNotFound) {
    const TaskId task = make_task();
    const OwnerScope other_tenant{"alice", "shop", false};
    for (const OwnerScope& scope : {bob_, other_tenant, OwnerScope{}}) {
        EXPECT_EQ(error_of(storage().load(task, scope)), ErrorCode::kTaskNotFound);
        EXPECT_EQ(error_of(storage().append(task, scope, with_status(TaskState::kCanceled))),
                  ErrorCode::kTaskNotFound);
        EXPECT_EQ(error_of(storage().events(task, scope, 0, 10)), ErrorCode::kTaskNotFound);
        EXPECT_EQ(must(storage().list(scope, {})).total, 0);
    }
    EXPECT_EQ(load(task).status.state, TaskState::kSubmitted);
}

TEST_P(StorageContract, ALoadCarriesAsMuchHistoryAsAskedFor) {
    const TaskId task = make_task();
    TaskUpdate update = blank();
    update.history = {message_of("two"), message_of("three")};
    append(task, std::move(update));
    EXPECT_EQ(load(task).history.size(), 3U);
    EXPECT_TRUE(must(storage().load(task, all_, 0)).history.empty());
    const auto newest = must(storage().load(task, all_, 2)).history;
    ASSERT_EQ(newest.size(), 2U);
    EXPECT_EQ(newest[0]->text(), "two");
    EXPECT_EQ(newest[1]->text(), "three");
}

TEST_P(StorageContract, ALoadLeavesArtifactsBehindWhenTheyAreNotAskedFor) {
    const TaskId task = make_ended_task();
    EXPECT_EQ(load(task).artifacts.size(), 1U);
    EXPECT_TRUE(must(storage().load(task, all_, {}, false)).artifacts.empty());
}

// -- Appending

TEST_P(StorageContract, EventsAreNumberedFromOneArtifactsBeforeTheStatus) {
    const TaskId task = make_task();
    TaskUpdate update = with_status(TaskState::kCompleted);
    update.artifacts = {chunk_of("a", "1", false), chunk_of("b", "2", false)};
    const Appended appended = append(task, std::move(update));
    EXPECT_EQ(appended.first, 2U);
    EXPECT_EQ(appended.last, 4U);
    EXPECT_EQ(appended.before, TaskState::kSubmitted);
    EXPECT_EQ(appended.after, TaskState::kCompleted);
    EXPECT_EQ(log_of(task), "SUBMITTED =a =b COMPLETED");
    Sequence expected = 0;
    for (const TaskEvent& event : events(task)) EXPECT_EQ(event.sequence, ++expected);
}

TEST_P(StorageContract, AWriteWithoutEventsAddsNoneButRaisesTheRevision) {
    const TaskId task = make_task();
    const TaskSnapshot before = load(task);
    TaskUpdate update = blank();
    update.checkpoint = RawJson("{}");
    const Appended appended = append(task, std::move(update));
    EXPECT_EQ(appended.first, appended.last + 1);
    EXPECT_EQ(appended.last, before.last_sequence);
    EXPECT_GT(appended.revision, before.revision);
    EXPECT_EQ(load(task).checkpoint.text(), "{}");
}

TEST_P(StorageContract, ChunksAppendToTheirArtifactOrReplaceIt) {
    const TaskId task = make_task();
    append(task, with_chunk("a", "one ", false));
    append(task, with_chunk("b", "x", false));
    append(task, with_chunk("a", "two", true));
    auto artifacts = load(task).artifacts;
    ASSERT_EQ(artifacts.size(), 2U);
    EXPECT_EQ(artifacts[0]->text(), "one two");
    EXPECT_EQ(artifacts[1]->text(), "x");
    append(task, with_chunk("a", "new", false));
    artifacts = load(task).artifacts;
    ASSERT_EQ(artifacts.size(), 2U);
    EXPECT_EQ(artifacts[0]->text(), "new");
}

TEST_P(StorageContract, EventsKeepWhatTheirUpdateSaid) {
    const TaskId task = make_task();
    TaskUpdate update = with_status(TaskState::kWorking);
    update.status->message = message_of("half way");
    update.status_metadata = RawJson(R"({"s":1})");
    ArtifactChunk chunk = chunk_of("a", "text", true);
    chunk.last_chunk = true;
    chunk.metadata = RawJson(R"({"c":1})");
    update.artifacts.push_back(std::move(chunk));
    append(task, std::move(update));
    const auto log = events(task, 1);
    ASSERT_EQ(log.size(), 2U);
    const auto& stored = std::get<ArtifactChunk>(log[0].change);
    EXPECT_EQ(stored.artifact->text(), "text");
    EXPECT_TRUE(stored.append);
    EXPECT_TRUE(stored.last_chunk);
    EXPECT_EQ(stored.metadata.text(), R"({"c":1})");
    const auto& status = std::get<StatusChange>(log[1].change);
    EXPECT_EQ(status.status.state, TaskState::kWorking);
    EXPECT_EQ((*status.status.message)->text(), "half way");
    EXPECT_EQ(status.status.timestamp, now());
    EXPECT_EQ(status.metadata.text(), R"({"s":1})");
    EXPECT_EQ((*load(task).status.message)->text(), "half way");
    append(task, with_status(TaskState::kWorking));
    EXPECT_FALSE(load(task).status.message) << "a status without a message has none";
}

TEST_P(StorageContract, ARefusedWriteLeavesItsUpdateToTheCaller) {
    const TaskId task = make_task();
    append(task, with_status(TaskState::kCompleted));
    TaskUpdate late = with_chunk("a", "late", false);
    late.metadata = RawJson(R"({"k":1})");
    EXPECT_EQ(error_of(storage().append_or_leave(task, alice_, late)), ErrorCode::kTaskTerminal);
    ASSERT_EQ(late.artifacts.size(), 1U);
    EXPECT_EQ(late.artifacts[0].artifact->text(), "late");
    EXPECT_EQ(late.metadata->text(), R"({"k":1})");
    const TaskId other = make_task();
    late.id = WriteId::next();
    must(storage().append_or_leave(other, alice_, late));
    EXPECT_EQ(load(other).artifacts.at(0)->text(), "late") << "and it can be written elsewhere";
    EXPECT_EQ(load(other).metadata.text(), R"({"k":1})");
}

TEST_P(StorageContract, ATaskIsMadeOfWhatItsCallerMayKeep) {
    NewTask fresh{TaskId::generate(), "context", true};
    TaskUpdate update = with_turn("hello");
    must(storage().create_or_leave(fresh, alice_, update));
    const TaskSnapshot made = load(fresh.id);
    EXPECT_EQ(made.context_id, "context");
    EXPECT_EQ(made.history.at(0)->text(), "hello");
}

TEST_P(StorageContract, OneTaskHasOneTerminalState) {
    const TaskId task = make_task();
    append(task, with_status(TaskState::kCompleted));
    EXPECT_EQ(append_error(task, with_status(TaskState::kCanceled)), ErrorCode::kTaskTerminal);
    EXPECT_EQ(append_error(task, with_chunk("a", "late", false)), ErrorCode::kTaskTerminal);
    EXPECT_EQ(append_error(task, with_turn("again")), ErrorCode::kTaskTerminal);
    EXPECT_EQ(load(task).status.state, TaskState::kCompleted);
    EXPECT_EQ(log_of(task), "SUBMITTED COMPLETED");
}

TEST_P(StorageContract, ARefusedWriteChangesNothing) {
    const TaskId task = make_task();
    const TaskSnapshot before = load(task);
    TaskUpdate update = with_status(TaskState::kCompleted);
    update.guard.revision = before.revision + 1;
    update.artifacts.push_back(chunk_of("a", "x", false));
    update.history.push_back(message_of("x"));
    update.metadata = RawJson("{}");
    EXPECT_EQ(append_error(task, std::move(update)), ErrorCode::kRevisionConflict);
    const TaskSnapshot after = load(task);
    EXPECT_EQ(after.revision, before.revision);
    EXPECT_EQ(after.last_sequence, before.last_sequence);
    EXPECT_EQ(after.status.state, before.status.state);
    EXPECT_EQ(after.history.size(), before.history.size());
    EXPECT_TRUE(after.artifacts.empty());
    EXPECT_TRUE(after.metadata.empty());
}

TEST_P(StorageContract, AWriteUnderTheRevisionThatWasSeenIsApplied) {
    const TaskId task = make_task();
    TaskUpdate first = with_status(TaskState::kWorking);
    first.guard.revision = load(task).revision;
    TaskUpdate second = with_status(TaskState::kWorking);
    second.guard.revision = first.guard.revision;
    append(task, std::move(first));
    EXPECT_EQ(append_error(task, std::move(second)), ErrorCode::kRevisionConflict);
}

TEST_P(StorageContract, StatusTimesNeverDecrease) {
    const TaskId task = make_task();
    const Timestamp before = *load(task).status.timestamp;
    advance(std::chrono::seconds(1));
    append(task, with_status(TaskState::kWorking));
    const Timestamp later = *load(task).status.timestamp;
    EXPECT_EQ(later, before + std::chrono::seconds(1));
    harness_->clock()->advance(std::chrono::seconds(-5));
    append(task, with_status(TaskState::kWorking));
    EXPECT_GE(*load(task).status.timestamp, later);
    harness_->clock()->advance(std::chrono::seconds(5));
}

// -- Lost answers

TEST_P(StorageContract, ACreateRepeatedUnderItsWriteIdReturnsTheFirstAnswer) {
    const NewTask task = fresh_task();
    const TaskUpdate update = with_turn("hello");
    const Created first = must(storage().create(task, alice_, update));
    const Run run = claim(task.id);
    append(task.id, under(run.epoch, with_status(TaskState::kCompleted)));
    const Created again = must(storage().create(task, alice_, update));
    EXPECT_TRUE(again.appended.repeated);
    EXPECT_EQ(again.appended.revision, first.appended.revision);
    EXPECT_EQ(again.appended.last, first.appended.last);
    EXPECT_EQ(again.snapshot->status.state, TaskState::kCompleted);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
}

TEST_P(StorageContract, AnAppendRepeatedUnderItsWriteIdIsAppliedOnce) {
    const TaskId task = make_task();
    const TaskUpdate update = with_chunk("a", "x", true);
    const Appended first = append(task, update);
    append(task, with_chunk("a", "y", true));
    const Appended again = append(task, update);
    EXPECT_TRUE(again.repeated);
    EXPECT_FALSE(first.repeated);
    EXPECT_EQ(again.first, first.first);
    EXPECT_EQ(again.last, first.last);
    EXPECT_EQ(again.revision, first.revision);
    EXPECT_EQ(load(task).artifacts.at(0)->text(), "xy");
}

TEST_P(StorageContract, ATerminalAppendRepeatedUnderItsWriteIdReturnsTheFirstAnswer) {
    const TaskId task = make_task();
    const Run run = claim(task);
    const TaskUpdate update = under(run.epoch, with_status(TaskState::kCompleted));
    const Appended first = append(task, update);
    const Appended again = append(task, update);
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.after, TaskState::kCompleted);
    EXPECT_EQ(again.last, first.last);
    EXPECT_TRUE(again.turn_ended);
    EXPECT_EQ(log_of(task), "SUBMITTED WORKING COMPLETED");
}

TEST_P(StorageContract, AFollowUpRepeatedUnderItsWriteIdMakesOneTurn) {
    const TaskId task = make_paused_task();
    const TaskUpdate update = with_turn("more");
    const Appended first = append(task, update);
    const Run run = claim(task, 2);
    for (int i = 0; i < 20; ++i) append(task, under(run.epoch, with_chunk("a", "x", true)));
    const Appended again = append(task, update);
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.turn, 2U);
    EXPECT_EQ(again.first, first.first);
    EXPECT_EQ(load(task).turn, 2U);
}

TEST_P(StorageContract, AClaimRepeatedUnderItsWriteIdReturnsTheSameRun) {
    const TaskId task = make_task();
    const WriteId id = WriteId::next();
    const auto first = must(storage().claim(id, task, 1, node_, kLease));
    const auto again = must(storage().claim(id, task, 1, node_, kLease));
    ASSERT_TRUE(std::holds_alternative<Run>(first));
    ASSERT_TRUE(std::holds_alternative<Run>(again));
    EXPECT_EQ(std::get<Run>(again).epoch, std::get<Run>(first).epoch);
    EXPECT_EQ(std::get<Run>(again).attempt, 1);
    EXPECT_EQ(std::get<Run>(again).input.message->text(), "hello");
    EXPECT_EQ(log_of(task), "SUBMITTED WORKING");
}

// -- Idempotency keys

TEST_P(StorageContract, AKeyMakesOneTaskHoweverOftenTheRequestComes) {
    const Created first =
        must(storage().create(fresh_task(), alice_, once("k", 1, with_turn("hello"))));
    claim(first.appended.task);
    const Created again =
        must(storage().create(fresh_task(), alice_, once("k", 1, with_turn("hello"))));
    EXPECT_TRUE(again.appended.repeated);
    EXPECT_EQ(again.appended.task, first.appended.task);
    EXPECT_EQ(again.appended.turn, 1U);
    EXPECT_EQ(again.snapshot->id, first.appended.task);
    EXPECT_EQ(again.snapshot->status.state, TaskState::kWorking) << "as it stands now";
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
}

TEST_P(StorageContract, AKeyWithAnotherRequestIsRefused) {
    must(storage().create(fresh_task(), alice_, once("k", 1, with_turn("hello"))));
    EXPECT_EQ(error_of(storage().create(fresh_task(), alice_, once("k", 2, with_turn("other")))),
              ErrorCode::kIdempotencyConflict);
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
}

TEST_P(StorageContract, KeysOfOwnersAndTenantsAreApart) {
    const OwnerScope shop{"alice", "shop", false};
    for (const OwnerScope& scope : {alice_, bob_, shop}) {
        EXPECT_FALSE(must(storage().create(fresh_task(), scope, once("k", 1, with_turn("x"))))
                         .appended.repeated);
    }
    EXPECT_EQ(error_of(storage().create(fresh_task(), bob_, once("k", 2, with_turn("y")))),
              ErrorCode::kIdempotencyConflict);
}

TEST_P(StorageContract, AKeyIsForgottenAfterItsLifetime) {
    TaskUpdate update = once("k", 1, with_turn("hello"));
    update.once->lifetime = std::chrono::seconds(60);
    const Created first = must(storage().create(fresh_task(), alice_, update));
    advance(std::chrono::seconds(59));
    update.id = WriteId::next();
    EXPECT_EQ(must(storage().create(fresh_task(), alice_, update)).appended.task,
              first.appended.task);
    advance(std::chrono::seconds(1));
    update.id = WriteId::next();
    EXPECT_NE(must(storage().create(fresh_task(), alice_, update)).appended.task,
              first.appended.task);
}

TEST_P(StorageContract, AKeyMakesOneFollowUpTurnAndARepeatJoinsIt) {
    const TaskId task = make_paused_task();
    const auto follow_up = [&] { return once("k", 1, with_turn("more")); };
    const Appended first = must(storage().append(task, alice_, follow_up()));
    EXPECT_EQ(first.turn, 2U);
    const Run run = claim(task, 2);
    Appended again = must(storage().append(task, alice_, follow_up()));
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.turn, 2U);
    EXPECT_EQ(again.first, first.first);
    EXPECT_FALSE(again.turn_ended);
    append(task, under(run.epoch, with_status(TaskState::kCompleted)));
    again = must(storage().append(task, alice_, follow_up()));
    EXPECT_EQ(again.turn, 2U);
    EXPECT_TRUE(again.turn_ended) << "seen at the repetition";
    EXPECT_EQ(must(storage().list(alice_, {})).total, 1);
}

TEST_P(StorageContract, AKeyOfARefusedWriteIsNotUsedUp) {
    const TaskId task = make_paused_task();
    TaskUpdate update = once("k", 1, with_turn("more"));
    update.guard.revision = load(task).revision + 7;
    EXPECT_EQ(error_of(storage().append(task, alice_, update)), ErrorCode::kRevisionConflict);
    update.guard.revision.reset();
    EXPECT_FALSE(must(storage().append(task, alice_, update)).repeated);
}

TEST_P(StorageContract, AKeyOfAnotherTaskIsRefused) {
    const TaskId one = make_paused_task();
    const TaskId two = make_paused_task();
    must(storage().append(one, alice_, once("k", 1, with_turn("more"))));
    EXPECT_EQ(error_of(storage().append(two, alice_, once("k", 1, with_turn("more")))),
              ErrorCode::kIdempotencyConflict);
}

// -- The log

TEST_P(StorageContract, EventsAreReadFromAnyPlaceInPages) {
    const TaskId task = make_task();
    for (int i = 0; i < 9; ++i) append(task, with_chunk("a", std::to_string(i), true));
    EventPage page = must(storage().events(task, all_, 0, 4));
    EXPECT_EQ(page.events.size(), 4U);
    EXPECT_EQ(page.events.back().sequence, 4U);
    EXPECT_EQ(page.last, 10U);
    page = must(storage().events(task, all_, 4, 100));
    EXPECT_EQ(page.events.front().sequence, 5U);
    EXPECT_EQ(page.events.back().sequence, 10U);
    EXPECT_EQ(page.turn, 1U);
    EXPECT_EQ(page.state, TaskState::kSubmitted);
    EXPECT_FALSE(page.turn_ended);
}

TEST_P(StorageContract, AReadOfTheLogEndsAtItsBytesAndBringsOneEventAtLeast) {
    const TaskId task = make_task();
    const std::string large(20'000, 'x');
    for (int i = 0; i < 5; ++i) append(task, with_chunk("a", large, i > 0));
    TaskUpdate two_at_once = with_chunk("b", large, false);
    two_at_once.artifacts.push_back(with_chunk("c", large, false).artifacts.front());
    append(task, std::move(two_at_once));
    EventPage page = must(storage().events(task, all_, 1, {100, 50'000}));
    ASSERT_EQ(page.events.size(), 2U);
    EXPECT_EQ(page.events.back().sequence, 3U);
    EXPECT_EQ(page.last, 8U);
    page = must(storage().events(task, all_, 3, {100, 1}));
    ASSERT_EQ(page.events.size(), 1U);
    EXPECT_EQ(page.events.back().sequence, 4U);
    for (const Sequence after : {6U, 7U}) {
        page = must(storage().events(task, all_, after, {100, 30'000}));
        ASSERT_EQ(page.events.size(), 1U) << "only some of the events of one write";
        EXPECT_EQ(page.events.back().sequence, after + 1);
    }
    EXPECT_EQ(must(storage().events(task, all_, 0, {100, 200'000})).events.size(), 8U);
}

TEST_P(StorageContract, BehindTheLastEventThereIsNothingYet) {
    const TaskId task = make_task();
    EXPECT_TRUE(events(task, 1).empty());
    const EventPage ahead = must(storage().events(task, all_, 99, 10));
    EXPECT_TRUE(ahead.events.empty());
    EXPECT_EQ(ahead.last, 1U) << "so that the caller sees that it asked for too much";
}

TEST_P(StorageContract, TailsSayWhereLogsEndInTheOrderAsked) {
    const TaskId one = make_task();
    const TaskId two = make_ended_task();
    const TaskId none = TaskId::generate();
    const auto tails = must(storage().tails({two, none, one}));
    ASSERT_EQ(tails.size(), 3U);
    EXPECT_EQ(tails[0].task, two);
    EXPECT_EQ(tails[0].last, 4U);
    EXPECT_TRUE(tails[0].turn_ended);
    EXPECT_TRUE(tails[0].exists);
    EXPECT_EQ(tails[1].task, none);
    EXPECT_FALSE(tails[1].exists);
    EXPECT_EQ(tails[2].task, one);
    EXPECT_EQ(tails[2].last, 1U);
    EXPECT_EQ(tails[2].turn, 1U);
    EXPECT_FALSE(tails[2].turn_ended);
}

TEST_P(StorageContract, TheClockIsTheEngines) {
    const Timestamp before = now();
    advance(std::chrono::seconds(3));
    EXPECT_EQ(now(), before + std::chrono::seconds(3));
    EXPECT_TRUE(ok(loop_.await(storage().check())));
}

}  // namespace a2akit::testing
