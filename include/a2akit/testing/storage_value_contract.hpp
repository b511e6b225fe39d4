#pragma once

#include <a2akit/testing/storage_task_contract.hpp>

// StorageContract: what was stored comes back as it was, and a repeated write answers as the first.

namespace a2akit::testing {

// -- Values

/// Every byte, and what means something to some engine.
inline std::string awkward_text() {
    return "quote ' double \" back \\ percent % _ dollar $1 brace {} \x1f tab\t line\n "
           "\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80 --; NULL";
}
inline std::string every_byte() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    return bytes;
}
inline std::vector<Part> parts_of_every_kind() {
    std::vector<Part> parts = {Part::from_text(awkward_text()), Part::from_text(""),
                               Part::from_data(RawJson(R"({"a":[1,null,"\u0000 x"],"b":1e300})")),
                               Part::from_bytes(every_byte(), "application/x-any", "a b.bin"),
                               Part::from_url("https://a.example/x?y=%27", "image/png", "x.png")};
    parts[0].metadata = RawJson(R"({"part":1})");
    return parts;
}

TEST_P(StorageContract, EveryFieldOfAMessageComesBack) {
    Message message;
    message.message_id = awkward_text();
    message.context_id = "context";
    message.task_id = "task";
    message.role = Role::kAgent;
    message.parts = parts_of_every_kind();
    message.metadata = RawJson(R"({"m":{"n":[true]}})");
    message.extensions = {"urn:a", "urn:b"};
    message.reference_task_ids = {"one", "two"};
    TaskUpdate update = with_turn("x");
    update.history = {message};
    update.turn->message = message;
    update.status->message = message;
    const TaskId task = must(storage().create(fresh_task(), alice_, update)).appended.task;
    const TaskSnapshot found = load(task);
    EXPECT_EQ(*found.history.at(0), message);
    EXPECT_EQ(**found.status.message, message);
    EXPECT_EQ(**std::get<StatusChange>(events(task).at(0).change).status.message, message);
    EXPECT_EQ(*claim(task).input.message, message);
}

TEST_P(StorageContract, EveryFieldOfAnArtifactComesBack) {
    Artifact artifact;
    artifact.artifact_id = awkward_text();
    artifact.name = "name";
    artifact.description = "what it is";
    artifact.parts = parts_of_every_kind();
    artifact.metadata = RawJson(R"({"m":1})");
    artifact.extensions = {"urn:a"};
    const TaskId task = make_task();
    TaskUpdate update = blank();
    update.artifacts.emplace_back().artifact = artifact;
    append(task, std::move(update));
    EXPECT_EQ(*load(task).artifacts.at(0), artifact);
    EXPECT_EQ(*std::get<ArtifactChunk>(events(task).at(1).change).artifact, artifact);
    append(task, with_chunk(awkward_text(), "more", true));
    const TaskSnapshot merged = load(task);
    EXPECT_EQ(merged.artifacts.at(0)->name, "name") << "a chunk of parts only keeps the rest";
    EXPECT_EQ(merged.artifacts.at(0)->description, "what it is");
    EXPECT_EQ(merged.artifacts.at(0)->metadata.text(), R"({"m":1})");
    EXPECT_TRUE(merged.artifacts.at(0)->text().ends_with("more"));
}

TEST_P(StorageContract, DataNestedAsDeepAsAHandlerMayWriteItComesBack) {
    // A handler's value has 64 levels at most; the forms it is stored in wrap it.
    const RawJson deep(std::string(64, '[') + std::string(64, ']'));
    Artifact artifact;
    artifact.artifact_id = "deep";
    artifact.parts = {Part::from_data(deep)};
    const TaskId task = make_task();
    TaskUpdate update = blank();
    update.artifacts.emplace_back().artifact = artifact;
    append(task, std::move(update));
    EXPECT_EQ(*load(task).artifacts.at(0), artifact);
    EXPECT_EQ(*std::get<ArtifactChunk>(events(task).at(1).change).artifact, artifact);
}

TEST_P(StorageContract, BigValuesComeBackWhole) {
    const std::string big(3'000'000, 'x');
    const TaskId task = must(storage().create(fresh_task(), alice_, with_turn(big))).appended.task;
    append(task, with_chunk("a", big, false));
    const TaskSnapshot found = load(task);
    EXPECT_EQ(found.history.at(0)->text(), big);
    EXPECT_EQ(found.artifacts.at(0)->text(), big);
}

TEST_P(StorageContract, NamesAreTakenAsTheyAre) {
    const OwnerScope odd{awkward_text(), awkward_text() + "t", false};
    const OwnerScope like{"%", awkward_text() + "t", false};
    const std::string context = awkward_text() + "c";
    const auto request = [&] { return once(awkward_text(), 1, with_turn("x")); };
    const TaskId task = must(storage().create(fresh_task(context), odd, request())).appended.task;
    EXPECT_TRUE(must(storage().create(fresh_task(context), odd, request())).appended.repeated);
    const TaskSnapshot found = must(storage().load(task, odd));
    EXPECT_EQ(found.owner, odd);
    EXPECT_EQ(found.context_id, context);
    EXPECT_EQ(error_of(storage().load(task, like)), ErrorCode::kTaskNotFound);
    ListQuery query;
    query.context_id = context;
    EXPECT_EQ(must(storage().list(odd, query)).total, 1);
    query.context_id = "%";
    EXPECT_EQ(must(storage().list(odd, query)).total, 0);
}

TEST_P(StorageContract, OwnersAndTenantsDoNotRunIntoEachOther) {
    const TaskId task = make_task_of({"a", "b", false});
    for (const OwnerScope& scope : {OwnerScope{"ab", "", false}, OwnerScope{"", "ab", false},
                                    OwnerScope{"b", "a", false}, OwnerScope{"a", "", false}}) {
        EXPECT_EQ(error_of(storage().load(task, scope)), ErrorCode::kTaskNotFound);
        EXPECT_EQ(must(storage().list(scope, {})).total, 0);
    }
}

TEST_P(StorageContract, TheAnonymousOwnTheirTasksTogether) {
    const OwnerScope anonymous;
    const TaskId task = make_task_of(anonymous);
    EXPECT_EQ(must(storage().load(task, anonymous)).owner, anonymous);
    EXPECT_EQ(must(storage().list(anonymous, {})).total, 1);
    EXPECT_EQ(error_of(storage().load(task, alice_)), ErrorCode::kTaskNotFound);
}

// -- Lost answers, again

TEST_P(StorageContract, ARepeatedWriteIsNotJudgedByItsGuardAgain) {
    const TaskId task = make_task();
    TaskUpdate update = with_chunk("a", "x", false);
    update.guard.revision = load(task).revision;
    const Appended first = append(task, update);
    const Appended again = append(task, update);
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.revision, first.revision);
}

TEST_P(StorageContract, ARunsWriteIsStillKnownAfterItsRunIsOver) {
    const TaskId task = make_task();
    const Run run = claim(task);
    const TaskUpdate pause = under(run.epoch, with_status(TaskState::kInputRequired));
    const Appended first = append(task, pause);
    release(task, run.epoch, Release::kPaused);
    const Appended again = append(task, pause);
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.last, first.last);
    EXPECT_TRUE(again.turn_ended);
}

TEST_P(StorageContract, AForcedEndRepeatedUnderItsWriteIdRaisesTheEpochOnce) {
    const TaskId task = make_task();
    const Run run = claim(task);
    TaskUpdate forced = under(run.epoch, with_status(TaskState::kFailed));
    forced.raise_epoch = true;
    forced.dead_letter = "gave up";
    append(task, forced);
    const Epoch epoch = load(task).epoch;
    EXPECT_GT(epoch, run.epoch);
    EXPECT_TRUE(append(task, forced).repeated);
    EXPECT_EQ(load(task).epoch, epoch);
    EXPECT_EQ(must(maintenance().dead_letters({}, 10)).size(), 1U);
}

TEST_P(StorageContract, ACancelRepeatedUnderItsWriteIdAnswersTheSame) {
    const TaskId task = make_task();
    TaskUpdate cancel = blank();
    cancel.cancel_by = now() + std::chrono::seconds(60);
    const Appended first = append(task, cancel);
    const Appended again = append(task, cancel);
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.after, TaskState::kCanceled);
    EXPECT_EQ(again.last, first.last);
    EXPECT_EQ(log_of(task), "SUBMITTED CANCELED");
}

TEST_P(StorageContract, ADirectReplyRepeatedUnderItsWriteIdIsTheSameReply) {
    const TaskId task = make_unrevealed_task();
    const Run run = claim(task);
    TaskUpdate reply = under(run.epoch, with_status(TaskState::kCompleted));
    reply.reply = message_of("hi");
    append(task, reply);
    EXPECT_TRUE(append(task, reply).repeated);
    EXPECT_EQ((*load(task).reply)->text(), "hi");
}

TEST_P(StorageContract, ARepetitionByAnotherOwnerLearnsNothing) {
    const TaskId task = make_task();
    const TaskUpdate update = with_chunk("a", "x", false);
    append(task, update);
    EXPECT_EQ(error_of(storage().append(task, bob_, update)), ErrorCode::kTaskNotFound);
}

TEST_P(StorageContract, ARepeatedClaimOfARunThatWasTakenOverGetsNoRun) {
    const TaskId task = make_task();
    const WriteId id = WriteId::next();
    must(storage().claim(id, task, 1, node_, kLease));
    advance(kLease);
    const Run taken = claim_as(other_node_, task);
    const Claimed again = must(storage().claim(id, task, 1, node_, kLease));
    EXPECT_TRUE(std::holds_alternative<Refusal>(again)) << "two nodes would run the turn";
    EXPECT_EQ(load(task).epoch, taken.epoch);
}

// -- Owners

// A server with several agents puts an agent's name and separators in front of the principal's.
TEST_P(StorageContract, AnOwnersNameMayHaveAnyCharacterAndAnyLengthThatIsAllowed) {
    const std::string longest = "\x1f" + std::string(63, 'a') + "\x1f" + std::string(256, 'p');
    const std::vector<std::string> names{
        "\x1f"
        "alpha\x1f"
        "ann",
        "\x1f"
        "beta\x1f"
        "ann",
        "\x1f\x1f"
        "ann",
        "ann",
        awkward_text(),
        longest};
    std::vector<TaskId> tasks;
    for (const std::string& name : names) tasks.push_back(make_task_of({name, "", false}));
    for (std::size_t i = 0; i < names.size(); ++i) {
        const OwnerScope scope{names[i], "", false};
        const ListPage page = must(storage().list(scope, {}));
        ASSERT_EQ(page.tasks.size(), 1U) << i;
        EXPECT_EQ(page.tasks.front().id, tasks[i]);
        for (std::size_t other = 0; other < tasks.size(); ++other) {
            const auto error = error_of(storage().load(tasks[other], scope));
            EXPECT_EQ(error.has_value(), other != i) << i << ' ' << other;
        }
        EXPECT_EQ(claim(tasks[i]).snapshot.owner, scope);
    }
}

// -- Claims, again

TEST_P(StorageContract, ATurnThatHasEndedIsStaleBeforeItsRunIsReleased) {
    const TaskId task = make_task();
    const Run run = claim(task);
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_EQ(refusal(task, 1), Refusal::kStale);
    append(task, with_turn("more"));
    EXPECT_EQ(refusal(task, 1), Refusal::kStale);
}

TEST_P(StorageContract, AForcedEndIsToldByTheNextRenewal) {
    const TaskId task = make_task();
    claim(task);
    TaskUpdate forced = with_status(TaskState::kFailed);
    forced.raise_epoch = true;
    append(task, std::move(forced));
    for (const Renewal& renewal : renew(node_)) EXPECT_FALSE(renewal.kept);
    EXPECT_EQ(refusal(task), Refusal::kEnded);
}

TEST_P(StorageContract, AReleasedRunIsNotReleasedForTheNextOne) {
    const TaskId task = make_task();
    const Run first = claim(task);
    release(task, first.epoch, Release::kHandBack);
    const Run second = claim_as(other_node_, task);
    EXPECT_EQ(release(task, first.epoch, Release::kRetry, now()), std::nullopt);
    EXPECT_TRUE(load(task).live_run);
    append(task, under(second.epoch, with_status(TaskState::kCompleted)));
}

TEST_P(StorageContract, EpochsRiseOverAllTurnsOfATask) {
    const TaskId task = make_task();
    Epoch last = 0;
    for (Turn turn = 1; turn <= 4; ++turn) {
        const Run run = claim(task, turn);
        EXPECT_GT(run.epoch, last);
        last = run.epoch;
        append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
        release(task, run.epoch, Release::kPaused);
        append(task, with_turn("more"));
    }
}

}  // namespace a2akit::testing
