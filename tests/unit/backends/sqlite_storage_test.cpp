#include "unit/backends/sqlite_storage_fixture.hpp"

#include "backends/sqlite/readers.hpp"
#include "backends/sqlite/task_reads.hpp"
#include "json/codec.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <thread>

#include <sys/resource.h>

namespace a2akit::sqlite {
namespace {

using test_support::answer_of;
using test_support::note_answer;
using testing::ok;

TEST_F(SqliteStorageTest, ForAnOwnerWhoHasItsShareOfTheSlotsNothingIsClaimed) {
    receive(1, 2);
    const OwnerScope bob{"bob", "", false};
    must(storage_->create(NewTask{TaskId::generate(), "context"}, bob, with_turn("hello")));
    ASSERT_TRUE(delivery_ && delivery_->claimed());
    must(delivery_->ack());
    delivery_.reset();
    group_.spawn(receive_one());
    make("first");
    ASSERT_TRUE(delivery_ && delivery_->claimed());
    const auto first = std::move(delivery_);
    group_.spawn(receive_one());
    loop_.run_ready();
    const Appended second = make("second").appended;
    EXPECT_TRUE(second.turn_due) << "nobody has claimed it";
    must(broker_->enqueue({second.task, second.turn, owner_key(alice_)}, std::nullopt));
    loop_.run_ready();
    EXPECT_FALSE(delivery_) << "one of two slots is left to others";
    must(first->ack());
    loop_.run_ready();
    ASSERT_TRUE(delivery_);
    EXPECT_EQ(delivery_->operation().task, second.task);
    must(delivery_->ack());
    delivery_.reset();
}

TEST_F(SqliteStorageTest, ACheckNoticesAFileThatIsGoneAndADiskThatIsFull) {
    must(storage_->check());
    const auto refused = [this] {
        const Result<void> check = loop_.await(storage_->check());
        return check ? std::string("it is well") : check.error().message;
    };
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlimit small{std::filesystem::file_size(path_), limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string full = refused();
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, before);
    EXPECT_TRUE(full.starts_with("the database's disk has no room")) << full;
    must(storage_->check());
    const std::string elsewhere = path_ + "-elsewhere";
    std::filesystem::rename(path_, elsewhere);
    EXPECT_TRUE(refused().starts_with("the database's file was deleted or replaced")) << refused();
    std::filesystem::rename(elsewhere, path_);
    must(storage_->check());
}

TEST_F(SqliteStorageTest, AnEchoTaskTakesTwoCommitsFromRequestToAnswer) {
    receive();
    const auto before = storage_->counters().commits;
    const Created created = make();
    loop_.run_ready();
    ASSERT_TRUE(delivery_);
    ASSERT_TRUE(delivery_->claimed()) << "claimed with the write that made the turn";
    EXPECT_FALSE(created.appended.turn_due);
    EXPECT_EQ(created.snapshot->status.state, TaskState::kSubmitted);
    const Run run = std::move(*delivery_->claimed());
    EXPECT_EQ(run.snapshot.status.state, TaskState::kWorking);
    EXPECT_TRUE(run.snapshot.live_run);
    EXPECT_EQ(run.snapshot.history.size(), 1U);
    EXPECT_EQ(run.input.message->text(), "hello");
    EXPECT_EQ(run.appended.first, 2U);
    end(run);
    must(delivery_->ack());
    EXPECT_EQ(storage_->counters().commits - before, 2U);
    EXPECT_EQ(load(created.appended.task).last_sequence, 4U);
}

TEST_F(SqliteStorageTest, ATaskThatHasJustEndedIsReadFromMemoryAsItIsReadFromTheFile) {
    receive();
    const TaskId task = make().appended.task;
    loop_.run_ready();
    ASSERT_TRUE(delivery_ && delivery_->claimed());
    end(*delivery_->claimed());
    must(delivery_->ack());
    delivery_.reset();
    Connection(path_, Connection::Mode::kReadWrite).execute("UPDATE tasks SET turn = 7");
    const auto as_json = [&](std::optional<std::int32_t> history, bool artifacts) {
        return json::encode(to_task(must(storage_->load(task, alice_, history, artifacts))));
    };
    EXPECT_EQ(load(task).turn, 1U) << "read from the file";
    const std::array remembered{as_json({}, true), as_json(0, true), as_json({}, false)};
    const OwnerScope bob{"bob", "", false};
    EXPECT_FALSE(loop_.await(storage_->load(task, bob, {}, true)));
    close();
    open();
    EXPECT_EQ(load(task).turn, 7U) << "not read from the file";
    EXPECT_EQ((std::array{as_json({}, true), as_json(0, true), as_json({}, false)}), remembered);
}

TEST_F(SqliteStorageTest, ATaskThatHasJustEndedIsGoneOnceItIsErased) {
    const TaskId task = make().appended.task;
    must(storage_->append(task, alice_, update(TaskState::kCompleted)));
    ASSERT_EQ(load(task).status.state, TaskState::kCompleted);
    clock_->advance(std::chrono::hours(1));
    EraseQuery all;
    all.ended_before = clock_->now();
    EXPECT_EQ(must(storage_->erase(all)), std::vector<TaskId>{task});
    EXPECT_FALSE(loop_.await(storage_->load(task, alice_, {}, true)));
}

TEST_F(SqliteStorageTest, AReadCommitsNothingAndNeitherDoesASweepThatFindsNothing) {
    const TaskId task = make().appended.task;
    const auto before = storage_->counters().commits;
    load(task);
    must(storage_->due(10));
    must(storage_->list(alice_, {}));
    EXPECT_EQ(storage_->counters().commits, before);
}

TEST_F(SqliteStorageTest, QueuedCallsOfAllPortsShareOneCommit) {
    const TaskId task = make().appended.task;
    Connection other(path_, Connection::Mode::kReadWrite);
    other.execute("BEGIN IMMEDIATE");
    const auto before = storage_->counters().commits;
    std::optional<Result<Created>> created;
    std::optional<Result<std::uint64_t>> kept;
    std::optional<Result<std::vector<TaskId>>> erased;
    std::optional<Result<Appended>> appended;
    // The first may be on its way, held up, before the others have come.
    group_.spawn(note_answer(
        storage_->create(NewTask{TaskId::generate(), "context"}, alice_, with_turn("hello")),
        created));
    group_.spawn(note_answer(storage_->update_context(alice_, "context", RawJson("1"), {}), kept));
    group_.spawn(
        note_answer(storage_->append(task, alice_, update(TaskState::kCanceled)), appended));
    EraseQuery query;
    query.keep_at_most = 0;
    query.limit = 1;
    group_.spawn(note_answer(storage_->erase(query), erased));
    other.execute("COMMIT");
    loop_.run_ready();
    EXPECT_TRUE(created && *created && kept && *kept && appended && *appended && erased && *erased);
    EXPECT_LE(storage_->counters().commits - before, 3U) << "one more gives the space back";
}

TEST_F(SqliteStorageTest, AReadDoesNotWaitForTheWriter) {
    const TaskId task = make().appended.task;
    Connection other(path_, Connection::Mode::kReadWrite);
    other.execute("BEGIN IMMEDIATE");
    auto write = std::async(std::launch::async, [&] {
        return answer_of(storage_->append(task, alice_, update(TaskState::kCanceled)));
    });
    auto read = std::async(std::launch::async, [&] {
        return answer_of(storage_->load(task, alice_, {}, true)).value().status.state;
    });
    EXPECT_EQ(read.get(), TaskState::kSubmitted);
    EXPECT_EQ(write.wait_for(std::chrono::seconds(0)), std::future_status::timeout)
        << "it was held up all the time";
    other.execute("COMMIT");
    EXPECT_TRUE(ok(write.get()));
}

TEST_F(SqliteStorageTest, CallersWhoAskForOneTaskTogetherShareWhatIsRead) {
    const TaskId first = make("first").appended.task;
    const TaskId second = make("second").appended.task;
    std::vector<std::unique_ptr<Connection>> connections;
    connections.push_back(std::make_unique<Connection>(path_, Connection::Mode::kReadOnly));
    Readers reader(std::move(connections));
    const auto read = [](Readers& from, TaskId task,
                         SnapshotParts parts) -> Async<Result<TaskSnapshot>> {
        auto call = from.call<TaskSnapshot>([&](Connection& db) -> Result<TaskSnapshot> {
            return read_shared_snapshot(db, *find_task(db, task), parts, Timestamp());
        });
        co_return co_await call;
    };
    const auto hold = [](Readers& from, std::shared_future<void> go) -> Async<void> {
        auto call = from.call<void>([&](Connection&) -> Result<void> {
            go.wait();
            return {};
        });
        static_cast<void>(co_await call);
    };
    const std::vector<std::pair<TaskId, SnapshotParts>> wanted = {
        {first, {}}, {first, {}},        {second, {}},
        {first, {}}, {first, {0, true}}, {first, {0, true}}};
    std::vector<TaskSnapshot> seen(wanted.size());
    std::promise<void> go;
    group_.spawn(hold(reader, go.get_future().share()));
    while (reader.queued() != 0) std::this_thread::yield();  // the only thread is at work
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        group_.spawn([](Async<Result<TaskSnapshot>> call, TaskSnapshot& to) -> Async<void> {
            to = std::move(co_await std::move(call)).value_or_throw();
        }(read(reader, wanted[i].first, wanted[i].second), seen[i]));
    }
    go.set_value();
    while (reader.busy()) std::this_thread::yield();
    loop_.run_ready();
    ASSERT_EQ(seen[3].history.size(), 1U);
    EXPECT_EQ(&*seen[0].history[0], &*seen[1].history[0]);
    EXPECT_EQ(seen[2].history[0]->text(), "second");
    EXPECT_NE(&*seen[3].history[0], &*seen[0].history[0]) << "another was read between them";
    EXPECT_EQ(seen[3].history[0]->text(), "first");
    EXPECT_TRUE(seen[4].history.empty());
    EXPECT_TRUE(seen[5].history.empty());
    must(storage_->append(first, alice_, update(TaskState::kCompleted)));
    group_.spawn([](Async<Result<TaskSnapshot>> call, TaskSnapshot& to) -> Async<void> {
        to = std::move(co_await std::move(call)).value_or_throw();
    }(read(reader, first, {}), seen[0]));
    while (reader.busy()) std::this_thread::yield();
    loop_.run_ready();
    EXPECT_EQ(seen[0].status.state, TaskState::kCompleted) << "kept after its transaction";
}

TEST_F(SqliteStorageTest, NoMoreIsClaimedAheadThanItsReceiverHasRoomFor) {
    constexpr int kRoom = 2;
    receive(kRoom);
    Connection other(path_, Connection::Mode::kReadWrite);
    other.execute("BEGIN IMMEDIATE");
    // The writer is held up with a write of its own, so that the others are one batch.
    std::optional<Result<std::uint64_t>> kept;
    group_.spawn(note_answer(storage_->update_context(alice_, "context", RawJson("1"), {}), kept));
    while (storage_->queued_writes() != 0) std::this_thread::yield();
    std::array<std::optional<Result<Created>>, 5> created;
    for (auto& one : created) {
        NewTask task{TaskId::generate(), "context"};
        group_.spawn(
            note_answer(storage_->create(std::move(task), alice_, with_turn("hello")), one));
    }
    other.execute("COMMIT");
    loop_.run_ready();
    int claimed = 0;
    for (const auto& one : created) claimed += (*one)->appended.turn_due ? 0 : 1;
    EXPECT_EQ(claimed, kRoom);
    ASSERT_TRUE(delivery_ && delivery_->claimed());
    delivery_.reset();
}

TEST_F(SqliteStorageTest, WithoutAReceiverATurnWaitsUnclaimed) {
    const Created created = make();
    EXPECT_TRUE(created.appended.turn_due);
    EXPECT_EQ(load(created.appended.task).epoch, 0U);
}

TEST_F(SqliteStorageTest, AFollowUpIsClaimedWithItsAppendAsWell) {
    receive();
    const TaskId task = make().appended.task;
    loop_.run_ready();
    const Run run = std::move(*delivery_->claimed());
    TaskUpdate pause = update(TaskState::kInputRequired);
    pause.guard.epoch = run.epoch;
    must(storage_->append(task, OwnerScope::everything(), std::move(pause)));
    must(storage_->release(task, run.epoch, Release::kPaused, {}));
    must(delivery_->ack());
    delivery_.reset();
    group_.spawn(receive_one());
    loop_.run_ready();
    must(storage_->append(task, alice_, with_turn("more")));
    loop_.run_ready();
    ASSERT_TRUE(delivery_ && delivery_->claimed());
    EXPECT_EQ(delivery_->operation().turn, 2U);
    EXPECT_EQ(delivery_->claimed()->input.message->text(), "more");
    EXPECT_EQ(delivery_->claimed()->snapshot.history.size(), 2U);
    must(delivery_->ack());
    delivery_.reset();
}

TEST_F(SqliteStorageTest, TurnsThatAFormerProcessAcceptedAreEnqueuedAtStart) {
    const TaskId task = make().appended.task;
    reopen();
    receive();
    ASSERT_TRUE(delivery_);
    EXPECT_EQ(delivery_->operation(), (RunOperation{task, 1}));
    must(delivery_->ack());
    delivery_.reset();
}

TEST_F(SqliteStorageTest, ARunOfAFormerProcessIsTakenOverAtOnce) {
    const TaskId task = make("do it").appended.task;
    const NodeId former = NodeId::generate();
    const auto first = must(storage_->claim(WriteId::next(), task, 1, former, kLease));
    EXPECT_TRUE(std::holds_alternative<Run>(first));
    reopen();
    EXPECT_FALSE(load(task).live_run);
    const auto due = must(storage_->due(10));
    ASSERT_EQ(due.size(), 1U) << "by a sweep too, for a broker elsewhere";
    EXPECT_EQ(due[0].attempts, 1);
    auto second = must(storage_->claim(WriteId::next(), task, 1, node_, kLease));
    ASSERT_TRUE(std::holds_alternative<Run>(second));
    EXPECT_EQ(std::get<Run>(second).attempt, 2);
    EXPECT_EQ(std::get<Run>(second).epoch, 2U);
    EXPECT_EQ(std::get<Run>(second).input.message->text(), "do it");
}

TEST_F(SqliteStorageTest, APushConfigurationThatHasToldEverythingRestsUntilTheNextEvent) {
    const TaskId task = make().appended.task;
    NewPushConfig config;
    config.task = task;
    config.config.id = "c";
    config.config.url = "https://hooks.example/";
    must(storage_->put_config(alice_, config));
    const auto looked_at = [&] {
        close();
        Connection db(path_, Connection::Mode::kReadWrite);
        Query query = db.query("SELECT count(*) FROM push INDEXED BY push_due WHERE state = 0");
        const std::int64_t count = query.step() ? query.number() : -1;
        return count;
    };
    EXPECT_EQ(looked_at(), 0) << "every look compares it with its task";
    open();
    must(storage_->append(task, alice_, update(TaskState::kWorking)));
    auto due = must(storage_->due_deliveries({}));
    ASSERT_EQ(due.size(), 1U);
    PushOutcome told;
    told.next = PushOutcome::Next::kPause;
    told.cursor = load(task).last_sequence;
    must(storage_->settle(due[0].config.key, due[0].lease, told));
    EXPECT_EQ(looked_at(), 0);
    open();
    must(storage_->append(task, alice_, update(TaskState::kCompleted)));
    EXPECT_EQ(looked_at(), 1);
    open();
}

TEST_F(SqliteStorageTest, APushDeliveryOfAFormerProcessIsDueAtOnce) {
    NewPushConfig config;
    config.task = make().appended.task;
    config.config.id = "c";
    config.config.url = "https://hooks.example/";
    config.after = 0;
    must(storage_->put_config(alice_, config));
    const auto former = must(storage_->due_deliveries({}));
    ASSERT_EQ(former.size(), 1U);
    reopen();
    const auto due = must(storage_->due_deliveries({}));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_GT(due[0].lease, former[0].lease);
    EXPECT_EQ(due[0].config.key, former[0].config.key);
}

TEST_F(SqliteStorageTest, ACancelIsStillDueAfterARestartThoughItsTaskPausedMeanwhile) {
    const TaskId task = make().appended.task;
    const Run run = std::get<Run>(must(storage_->claim(WriteId::next(), task, 1, node_, kLease)));
    TaskUpdate cancel = update();
    cancel.cancel_by = must(storage_->now()) + std::chrono::seconds(10);
    must(storage_->append(task, alice_, std::move(cancel)));
    TaskUpdate pause = update(TaskState::kInputRequired);
    pause.guard.epoch = run.epoch;
    must(storage_->append(task, OwnerScope::everything(), std::move(pause)));
    reopen();
    loop_.advance(std::chrono::seconds(9));
    EXPECT_TRUE(must(storage_->due(10)).empty());
    loop_.advance(std::chrono::seconds(1));
    const auto due = must(storage_->due(10));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].kind, Due::Kind::kCancel);
}

TEST_F(SqliteStorageTest, WritesAreThereAfterARestart) {
    const TaskId task = make("stay").appended.task;
    const auto claimed = must(storage_->claim(WriteId::next(), task, 1, node_, kLease));
    end(std::get<Run>(claimed));
    reopen();
    const TaskSnapshot found = load(task);
    EXPECT_EQ(found.status.state, TaskState::kCompleted);
    EXPECT_EQ(found.owner, alice_);
    EXPECT_EQ(found.artifacts.at(0)->text(), "Echo: stay");
    EXPECT_EQ(must(storage_->events(task, alice_, 2, 10)).events.size(), 2U);
    EXPECT_EQ(must(storage_->list(alice_, {})).total, 1);
    EXPECT_TRUE(must(storage_->due(10)).empty());
}

TEST_F(SqliteStorageTest, APageTokenServesAfterARestart) {
    for (int i = 0; i < 3; ++i) make();
    ListQuery query;
    query.page_size = 2;
    query.page_token = must(storage_->list(alice_, query)).next_page_token;
    reopen();
    EXPECT_EQ(must(storage_->list(alice_, query)).tasks.size(), 1U);
}

TEST_F(SqliteStorageTest, AnAnswerThatWasLostWithTheProcessIsRepeated) {
    const NewTask task{TaskId::generate(), "context"};
    const TaskUpdate first = with_turn("hello");
    const Created made = must(storage_->create(task, alice_, first));
    reopen();
    const Created again = must(storage_->create(task, alice_, first));
    EXPECT_TRUE(again.appended.repeated);
    EXPECT_EQ(again.appended.revision, made.appended.revision);
}

TEST_F(SqliteStorageTest, ErasedTasksGiveTheirSpaceBack) {
    for (int i = 0; i < 400; ++i) {
        const TaskId task = make(std::string(2000, 'x')).appended.task;
        must(storage_->append(task, alice_, update(TaskState::kCanceled)));
    }
    reopen();
    const auto before = std::filesystem::file_size(path_);
    EraseQuery query;
    query.keep_at_most = 0;
    for (int i = 0; i < 40; ++i) {
        must(storage_->erase(query));
        must(storage_->erase(query));
    }
    reopen();
    EXPECT_LT(std::filesystem::file_size(path_), before / 2);
}

TEST_F(SqliteStorageTest, ALargeLogIsCompactedInPiecesAndLosesWhatWasReplaced) {
    const TaskId task = make().appended.task;
    const Run run = std::get<Run>(must(storage_->claim(WriteId::next(), task, 1, node_, kLease)));
    const auto write = [&](const char* id, int bytes, bool append) {
        TaskUpdate chunk = update();
        chunk.guard.epoch = run.epoch;
        Artifact artifact;
        artifact.artifact_id = id;
        artifact.parts.push_back(
            Part::from_text(std::string(static_cast<std::size_t>(bytes), 'x')));
        chunk.artifacts.push_back({std::move(artifact), append, false, {}});
        must(storage_->append(task, OwnerScope::everything(), std::move(chunk)));
    };
    constexpr int kMiB = 1 << 20;
    for (int i = 0; i < 12; ++i) write("kept", kMiB, i > 0);
    for (int i = 0; i < 12; ++i) write("replaced", kMiB, false);
    must(storage_->append(task, OwnerScope::everything(), update(TaskState::kCompleted)));
    loop_.advance(std::chrono::hours(1));
    EXPECT_EQ(must(storage_->compact(must(storage_->now()), 10)), 1);
    const TaskSnapshot compacted = load(task);
    EXPECT_EQ(compacted.artifacts.at(0)->text().size(), std::size_t{12 * kMiB});
    EXPECT_EQ(compacted.artifacts.at(1)->text().size(), std::size_t{kMiB});
    close();
    {
        Connection db(path_, Connection::Mode::kReadOnly);
        EXPECT_LE(db.number_of("SELECT max(length(chunks)) FROM log"), 8 * kMiB);
        EXPECT_LE(db.number_of("SELECT count(*) FROM log"), 4);
        EXPECT_LE(db.number_of("SELECT sum(length(chunks)) FROM log"), 14 * kMiB);
    }
    open();
}

TEST_F(SqliteStorageTest, LargeLogsAreCompactedInTransactionsOfTheirOwn) {
    for (int i = 0; i < 3; ++i) {
        TaskUpdate end = update(TaskState::kCompleted);
        Artifact artifact;
        artifact.artifact_id = "large";
        artifact.parts.push_back(Part::from_text(std::string(9 << 20, 'x')));
        end.artifacts.push_back({std::move(artifact), false, false, {}});
        must(storage_->append(make().appended.task, alice_, std::move(end)));
    }
    loop_.advance(std::chrono::hours(1));
    const auto before = storage_->counters().commits;
    EXPECT_EQ(must(storage_->compact(must(storage_->now()), 10)), 3);
    EXPECT_EQ(storage_->counters().commits - before, 3U) << "no request waits for all of them";
}

TEST_F(SqliteStorageTest, ACompactedEchoTaskTakesLittleRoom) {
    constexpr int kTasks = 1000;
    const std::string text(300, 'x');
    for (int i = 0; i < kTasks; ++i) {
        const TaskId task = TaskId::generate();
        must(
            storage_->create(NewTask{task, Uuid::generate().to_string()}, alice_, with_turn(text)));
        end(std::get<Run>(must(storage_->claim(WriteId::next(), task, 1, node_, kLease))));
    }
    loop_.advance(std::chrono::hours(1));
    EXPECT_EQ(must(storage_->compact(must(storage_->now()), kTasks)), kTasks);
    reopen();
    EXPECT_LE(std::filesystem::file_size(path_) / kTasks, 2560U);
}

}  // namespace
}  // namespace a2akit::sqlite
