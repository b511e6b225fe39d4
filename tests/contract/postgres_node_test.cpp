#include "contract/postgres_node_fixture.hpp"

#include <a2akit/testing/storage_fixture.hpp>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

// What PostgreSQL does beyond the contracts: Storage and Broker as one, names of any bytes, the
// listing's horizon.

namespace a2akit::testing {
namespace {

TEST_F(PostgresNodeTest, AWriteThatMakesATurnEnqueuesItAndWhoReceivesItHasClaimedIt) {
    const Created created = create(one());
    EXPECT_FALSE(created.appended.turn_due) << "nobody has to enqueue it";
    const auto delivery = receive(one());
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), (RunOperation{created.appended.task, 1}));
    ASSERT_TRUE(delivery->claimed());
    const auto& run = *delivery->claimed();
    EXPECT_EQ(run.epoch, 1U);
    EXPECT_EQ(run.attempt, 1);
    EXPECT_EQ(run.input.message->message_id, "m");
    EXPECT_EQ(run.snapshot.status.state, TaskState::kWorking);
    EXPECT_EQ(run.appended.before, TaskState::kSubmitted);
    EXPECT_EQ(run.appended.last, 2U);
    EXPECT_EQ(run.snapshot.live_run, true);
    await(delivery->ack());
}

/// Bytes that no index can make smaller.
std::string noise(std::size_t bytes) {
    std::string text(bytes, ' ');
    std::mt19937 random(42);
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

TEST_F(PostgresNodeTest, TheLongestNamesThatARequestMayHaveFitIntoEveryIndex) {
    TaskUpdate update = blank();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    update.once.emplace().key = noise(256);
    const OwnerScope scope{noise(256), noise(256), false};
    const Created created = await(
        one().storage.create({TaskId::generate(), noise(256), true}, scope, std::move(update)));
    EXPECT_EQ(load(created.appended.task).owner, scope);
    await(one().storage.update_context(scope, noise(256), RawJson("1"), std::nullopt));
}

TEST_F(PostgresNodeTest, ATaskWhoseNamesFitIntoNoIndexCannotBeRevealedButEnds) {
    TaskUpdate update = blank();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    update.turn.emplace().message = Message{.message_id = "m", .role = Role::kUser};
    const OwnerScope scope{"alice", noise(3000), false};
    const Created created = await(
        one().storage.create({TaskId::generate(), "context", false}, scope, std::move(update)));
    const TaskId task = created.appended.task;
    TaskUpdate reveal = blank();
    reveal.reveal = true;
    const Result<Appended> refused =
        loop_.await(one().storage.append(task, OwnerScope::everything(), std::move(reveal)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInternal) << "nobody tries that again and again";
    TaskUpdate end = blank();
    end.status = TaskStatus{TaskState::kFailed, {}, {}};
    end.raise_epoch = true;
    end.dead_letter = "given up";
    await(one().storage.append(task, OwnerScope::everything(), std::move(end)));
    EXPECT_EQ(load(task).status.state, TaskState::kFailed);
}

TEST_F(PostgresNodeTest, AStoredContextStaysWhereATaskOfItIsBeingMadeWhileTheLastOneIsErased) {
    const OwnerScope scope{"alice", "", false};
    TaskUpdate last = blank();
    last.status = TaskStatus{TaskState::kCompleted, {}, {}};
    const Created former =
        await(one().storage.create({TaskId::generate(), "talk", true}, scope, std::move(last)));
    await(one().storage.update_context(scope, "talk", RawJson("1"), std::nullopt));
    test_support::OpenTransaction making(pair_.url());
    making.run("select o_code from " + pair_.schema() +
               ".write_task(0, gen_random_uuid(), false, 'alice', '', 'talk', true, "
               "gen_random_uuid(), null, null, false, "
               "false, false, 1, null, null, 0, null, null, null, null, null, null, null, null, 0, "
               "false, null, null, null)");
    std::atomic<bool> erased{false};
    std::thread erasing([&] {
        test_support::PostgresServer::sql(pair_.url(),
                                          "select " + pair_.schema() + ".erase_tasks(array['" +
                                              former.appended.task.to_string() + "']::uuid[])");
        erased = true;
    });
    wait_until([&] { return erased.load() || waits_for_a_lock("erase_tasks"); });
    making.run("commit");
    erasing.join();
    EXPECT_EQ(await(one().storage.load_context(scope, "talk")).value.text(), "1");
}

TEST_F(PostgresNodeTest, ATurnIsReceivedByOneOfTwoNodes) {
    for (int i = 0; i < 8; ++i) create(one());
    std::map<TaskId, int> seen;
    for (int i = 0; i < 4; ++i) {
        for (Process* process : {&one(), &two()}) {
            const auto delivery = receive(*process);
            ASSERT_TRUE(delivery && delivery->claimed());
            ++seen[delivery->operation().task];
            await(delivery->ack());
        }
    }
    EXPECT_EQ(seen.size(), 8U);
}

TEST_F(PostgresNodeTest, AnEntryThatSomebodyElseHoldsKeepsNobodyFromTheNext) {
    const TaskId held = create(one()).appended.task;
    test_support::OpenTransaction other(pair_.url());
    other.run("select from " + pair_.schema() + ".queue where task = '" + held.to_string() +
              "' for update");
    auto shortest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 3; ++i) {
        const TaskId next = create(one()).appended.task;
        const auto began = std::chrono::steady_clock::now();
        const auto delivery = receive(one());
        ASSERT_TRUE(delivery);
        EXPECT_EQ(delivery->operation().task, next);
        shortest = std::min(shortest, std::chrono::steady_clock::now() - began);
        await(delivery->ack());
    }
    EXPECT_LT(shortest, std::chrono::seconds(3)) << "a wait for a lock takes four each time";
}

TEST_F(PostgresNodeTest, ATaskThatEndedMeanwhileIsNotDelivered) {
    const TaskId ended = create(one()).appended.task;
    TaskUpdate end = blank();
    end.status = TaskStatus{TaskState::kCanceled, {}, {}};
    await(one().storage.append(ended, OwnerScope::everything(), std::move(end)));
    const TaskId next = create(one()).appended.task;
    const auto delivery = receive(one());
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation().task, next);
    await(delivery->ack());
}

TEST_F(PostgresNodeTest, AFollowUpIsEnqueuedByItsWrite) {
    const TaskId task = create(one()).appended.task;
    const auto first = receive(one());
    TaskUpdate pause = blank();
    pause.guard.epoch = first->claimed()->epoch;
    pause.status = TaskStatus{TaskState::kInputRequired, {}, {}};
    await(one().storage.append(task, OwnerScope::everything(), std::move(pause)));
    await(one().storage.release(task, first->claimed()->epoch, Release::kPaused, {}));
    await(first->ack());
    TaskUpdate more = blank();
    more.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    more.turn.emplace().message = Message{.message_id = "m2", .role = Role::kUser};
    EXPECT_FALSE(
        await(one().storage.append(task, OwnerScope::everything(), std::move(more))).turn_due);
    const auto second = receive(one());
    ASSERT_TRUE(second && second->claimed());
    EXPECT_EQ(second->operation().turn, 2U);
    EXPECT_EQ(second->claimed()->input.message->message_id, "m2");
    await(second->ack());
}

TEST_F(PostgresNodeTest, ARunThatWasReceivedAndDroppedComesBackWithoutCounting) {
    const TaskId task = create(one()).appended.task;
    receive(one()).reset();
    wait_until([&] { return !load(task).live_run; });
    const auto again = receive(one());
    ASSERT_TRUE(again && again->claimed());
    EXPECT_EQ(again->operation().task, task);
    EXPECT_EQ(again->claimed()->attempt, 1);
    await(again->ack());
}

TEST_F(PostgresNodeTest, RunsThatWereFetchedAheadAndNotTakenGoBack) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create(one()).appended.task);
    const auto taken = receive(one(), 5);
    EXPECT_EQ(live_runs(tasks), 5);
    wait_until([&] { return live_runs(tasks) == 1; });
    for (int i = 0; i < 4; ++i) {
        const auto delivery = receive(two());
        ASSERT_TRUE(delivery && delivery->claimed());
        EXPECT_EQ(delivery->claimed()->attempt, 1);
        await(delivery->ack());
    }
    await(taken->ack());
}

TEST_F(PostgresNodeTest, NoMoreRunsAreFetchedThanReceiversHaveRoomFor) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create(one()).appended.task);
    const auto taken = receive(one(), 2);
    EXPECT_EQ(live_runs(tasks), 2) << "however many were enqueued here";
    wait_until([&] { return live_runs(tasks) == 1; });
    const auto again = receive(one());
    EXPECT_EQ(live_runs(tasks), 2) << "nor does what was handed back count as new";
    await(again->ack());
    await(taken->ack());
}

TEST_F(PostgresNodeTest, RunsWhoseClaimsWereNeverAnsweredAreGivenBack) {
    const TaskId task = create(one()).appended.task;
    const auto delivery = receive(one());
    // As if the answer of that receive had been lost: the claim is known by its id only.
    postgres::PgParams params = one().node->params();
    const auto claims = await(
        one().node->run({100, "claims", "select run_claim from " + pair_.schema() + ".tasks"}, {}));
    const Uuid claim = claims[0].uuid();
    params.add(node_).uuids(&claim, 1);
    await(one().node->run(one().node->sql().give_back, std::move(params)));
    EXPECT_FALSE(load(task).live_run);
    const auto again = receive(two());
    ASSERT_TRUE(again && again->claimed());
    EXPECT_EQ(again->claimed()->attempt, 1);
    await(again->ack());
    await(delivery->ack());
}

TEST_F(PostgresNodeTest, ABrokerWithoutStorageDeliversTheOperationAlone) {
    two_ = std::make_unique<Process>(pair_.make_node());
    await(two_->broker.start());
    const TaskId task = TaskId::generate();
    await(two_->broker.enqueue({task, 3}, std::nullopt));
    const auto delivery = receive(*two_);
    ASSERT_TRUE(delivery);
    EXPECT_FALSE(delivery->claimed());
    EXPECT_EQ(delivery->operation(), (RunOperation{task, 3}));
    await(delivery->ack());
}

Async<void> note_outcome(AsyncResult<postgres::PgRows> call,
                         std::vector<std::optional<ErrorCode>>& outcomes) {
    const auto rows = co_await std::move(call);
    outcomes.push_back(rows ? std::nullopt : std::optional(rows.error().code));
}

TEST_F(PostgresNodeTest, AStatementThatFailsFailsNoneOfThoseThatShareItsCommit) {
    auto& node = *one().node;
    const postgres::PgStatement wrong{101, "wrong", "select 1 / $1::bigint"};
    const postgres::PgStatement unknown{102, "unknown", "select no_such_function()"};
    std::vector<std::optional<ErrorCode>> good;
    std::vector<std::optional<ErrorCode>> bad;
    TaskGroup group;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            postgres::PgParams params = node.params();
            params.add(TaskId::generate()).add(std::int32_t{1}).null();
            params.add(std::int64_t{0});
            group.spawn(note_outcome(node.run(node.sql().enqueue, std::move(params)), good));
            if (i % 7 != 3) continue;
            postgres::PgParams zero;
            zero.add(std::int64_t{0});
            group.spawn(note_outcome(node.run(wrong, std::move(zero)), bad));
            group.spawn(note_outcome(node.run(unknown, {}), bad));
        }
    }
    loop_.await(group.join());
    EXPECT_EQ(good, std::vector<std::optional<ErrorCode>>(60));
    EXPECT_EQ(bad, std::vector<std::optional<ErrorCode>>(18, ErrorCode::kInternal));
    const auto count =
        await(node.run({103, "count", "select count(*) from " + pair_.schema() + ".queue"}, {}));
    EXPECT_EQ(count[0].i64(), 60);
}

TEST_F(PostgresNodeTest, NamesMayHoldAnyBytes) {
    using namespace std::string_literals;
    const OwnerScope odd{"a\0b"s, "\xff\xfe"s, false};
    const OwnerScope cut{"a"s, "\xff\xfe"s, false};
    const TaskId task = create(one(), odd).appended.task;
    EXPECT_EQ(await(one().storage.load(task, odd, std::nullopt, true)).owner.owner, odd.owner);
    const auto other = loop_.await(one().storage.load(task, cut, std::nullopt, true));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::kTaskNotFound);
    ListQuery query;
    query.context_id = "context\0x"s;
    EXPECT_EQ(await(one().storage.list(odd, query)).total, 0);
    EXPECT_EQ(await(one().storage.list(odd, {})).total, 1);
}

TEST_F(PostgresNodeTest, ATaskOfManyAndLongPartsIsReadAsItWasWritten) {
    const TaskId task = create(one()).appended.task;
    std::string expected;
    for (int i = 0; i < 40; ++i) {
        Artifact artifact;
        artifact.artifact_id = "a";
        artifact.parts.push_back(
            Part::from_text(std::string(20'000, static_cast<char>('a' + i % 26))));
        expected += artifact.text();
        TaskUpdate update = blank();
        update.artifacts.push_back({artifact, i != 0, false, {}});
        update.checkpoint = RawJson('"' + std::string(10'000, 'x') + '"');
        await(one().storage.append(task, OwnerScope::everything(), std::move(update)));
    }
    const TaskSnapshot snapshot = load(task);
    ASSERT_EQ(snapshot.artifacts.size(), 1U);
    EXPECT_EQ(snapshot.artifacts[0]->text(), expected);
    EXPECT_EQ(snapshot.checkpoint.text().size(), 10'002U);
}

TEST_F(PostgresNodeTest, LeasesAreRenewedWithoutWaitingForTasksThatAreBeingWritten) {
    constexpr Lease kLease = std::chrono::seconds(15);
    const TaskId free = create(one()).appended.task;
    const TaskId busy = create(one()).appended.task;
    for (const TaskId& task : {free, busy})
        await(one().storage.claim(WriteId::next(), task, 1, node_, kLease));
    loop_.advance(std::chrono::seconds(10));
    {
        // A renewal that waited here, with the other row in its hands, could meet a writer that
        // wants both.
        test_support::OpenTransaction writer(pair_.url());
        writer.run("set search_path = " + pair_.schema());
        writer.run("select 1 from tasks where id = '" + busy.to_string() + "' for no key update");
        const auto renewals = await(one().storage.renew(node_, kLease));
        ASSERT_EQ(renewals.size(), 2U) << "the one that is written is kept as it stands";
        for (const Renewal& renewal : renewals) EXPECT_TRUE(renewal.kept);
        writer.run("rollback");
    }
    loop_.advance(std::chrono::seconds(10));
    const auto claim = [this, kLease](TaskId task) {
        return await(two().storage.claim(WriteId::next(), task, 1, NodeId::generate(), kLease));
    };
    EXPECT_EQ(std::get<Refusal>(claim(free)), Refusal::kDuplicate);
    EXPECT_TRUE(std::holds_alternative<a2akit::Run>(claim(busy)));
}

TEST_F(PostgresNodeTest, AWriteThatArrivesLongAfterItWasRepeatedIsNotCarriedOutAgain) {
    // It was on its way over a connection that the node gave up, and its repetition came over
    // another.
    const TaskId task = create(one()).appended.task;
    const Claimed claimed = await(
        one().storage.claim(WriteId::next(), task, 1, node_, Lease(std::chrono::seconds(15))));
    const auto chunk = [epoch = std::get<a2akit::Run>(claimed).epoch](WriteId id,
                                                                      const std::string& text) {
        TaskUpdate update;
        update.id = id;
        update.guard.epoch = epoch;
        Artifact artifact;
        artifact.artifact_id = "a";
        artifact.parts.push_back(Part::from_text(text));
        update.artifacts.push_back({std::move(artifact), true, false, {}});
        return update;
    };
    const WriteId late = WriteId::next();
    const auto everything = OwnerScope::everything();
    await(one().storage.append(task, everything, chunk(late, "1")));
    for (int i = 2; i <= 9; ++i) {
        await(one().storage.append(task, everything, chunk(WriteId::next(), std::to_string(i))));
        const auto again = loop_.await(one().storage.append(task, everything, chunk(late, "1")));
        EXPECT_TRUE(again ? again->repeated : again.error().code == ErrorCode::kLeaseLost) << i;
    }
    EXPECT_EQ(load(task).artifacts.at(0)->text(), "123456789");
}

TEST_F(PostgresNodeTest, ACheckAsksForWhatWorkNeeds) {
    await(one().storage.check());
    const std::string schema = pair_.schema();
    const auto refused = [this] {
        const Result<void> check = loop_.await(one_->storage.check());
        return check ? std::string("it is well") : check.error().message;
    };
    test_support::PostgresServer::sql(pair_.url(),
                                      "alter table " + schema + ".tasks rename to elsewhere");
    EXPECT_NE(refused().find("schema"), std::string::npos) << refused();
    test_support::PostgresServer::sql(pair_.url(),
                                      "alter table " + schema + ".elsewhere rename to tasks");
    await(one().storage.check());
    test_support::PostgresServer::sql(pair_.url(),
                                      "alter schema " + schema + " rename to " + schema + "_gone");
    EXPECT_NE(refused().find("schema"), std::string::npos) << refused();
    test_support::PostgresServer::sql(pair_.url(),
                                      "alter schema " + schema + "_gone rename to " + schema);
    await(one().storage.check());
}

TEST_F(PostgresNodeTest, ATaskThatCannotBeReadFailsNoListAndCanBeCanceledAndErased) {
    const auto message_of = [this](const OwnerScope& scope) {
        TaskUpdate update = blank();
        update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
        update.history.emplace_back(Message{.message_id = "m", .role = Role::kUser});
        update.metadata = RawJson(R"({"a":1})");
        return await(one().storage.create({TaskId::generate(), "context", true}, scope, update))
            .appended.task;
    };
    const OwnerScope alice{"alice", "", false};
    const TaskId damaged = message_of(alice);
    const TaskId other_damage = message_of(alice);
    const TaskId sound = message_of(alice);
    const std::string schema = pair_.schema();
    test_support::PostgresServer::sql(
        pair_.url(), "update " + schema + ".writes set history = '\\x01ff' where task = '" +
                         damaged.to_string() + "'; update " + schema +
                         ".tasks set metadata = '{\"a\":1' where id = '" +
                         other_damage.to_string() + "'");
    const ListPage page = await(one().storage.list(alice, {}));
    ASSERT_EQ(page.tasks.size(), 3U);
    for (const TaskSnapshot& task : page.tasks) {
        EXPECT_EQ(task.status.state, TaskState::kSubmitted);
        EXPECT_EQ(task.history.size(), task.id == sound ? 1U : 0U);
        EXPECT_EQ(task.metadata.empty(), task.id != sound);
    }
    for (const TaskId& task : {damaged, other_damage}) {
        const auto read = loop_.await(one().storage.load(task, alice, std::nullopt, true));
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::kInternal);
        const auto others = loop_.await(one().storage.load(task, {"bob", "", false}, {}, true));
        ASSERT_FALSE(others);
        EXPECT_EQ(others.error().code, ErrorCode::kTaskNotFound);
        EXPECT_EQ(await(one().storage.load(task, alice, 0, false)).context_id, "context");
    }
    TaskUpdate cancel = blank();
    cancel.cancel_by = await(one().storage.now());
    EXPECT_EQ(await(one().storage.append(damaged, alice, cancel)).after, TaskState::kCanceled);
    EraseQuery all;
    all.keep_at_most = 0;
    EXPECT_EQ(await(one().storage.erase(all)), std::vector{damaged});
    EXPECT_EQ(await(one().storage.list(alice, {})).total, 2);
}

TEST_F(PostgresNodeTest, EachClaimOfATurnThatCannotBeReadCountsAsAnAttempt) {
    const TaskId task = create(one()).appended.task;
    const auto sweep = [&](int attempts) {
        loop_.advance(std::chrono::seconds(1));
        const auto due = await(one().storage.due(10));
        ASSERT_EQ(due.size(), 1U);
        EXPECT_EQ(due[0].attempts, attempts);
        EXPECT_EQ(due[0].kind, Due::Kind::kTurn) << "no run is held";
    };
    test_support::PostgresServer::sql(pair_.url(),
                                      "update " + pair_.schema() + ".writes set input = '\\x01ff'");
    // Received as a claimed run…
    auto& seat = receiver(one());
    TaskGroup group;
    group.spawn([](Broker::Receiver& receiver) -> Async<void> {
        EXPECT_FALSE(co_await receiver.receive(1)) << "only its end was to come";
    }(seat));
    wait_until([&] { return load_head(task).epoch == 1 && !load_head(task).live_run; });
    sweep(1);
    // … and claimed by itself.
    const auto claimed =
        loop_.await(one().storage.claim(WriteId::next(), task, 1, node_, std::chrono::seconds(15)));
    ASSERT_FALSE(claimed);
    EXPECT_EQ(claimed.error().code, ErrorCode::kInternal);
    sweep(2);

    TaskUpdate end = blank();
    end.status = TaskStatus{TaskState::kFailed, {}, {}};
    end.raise_epoch = true;
    end.dead_letter = "tried too often";
    EXPECT_EQ(await(one().storage.append(task, OwnerScope::everything(), end)).after,
              TaskState::kFailed);
    const auto letters = await(one().storage.dead_letters({}, 10));
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_TRUE(letters[0].message->parts.empty());
    await(one_->broker.stop(loop_.now()));
    loop_.await(group.join());
}

/// On the engine's own clock.
class PostgresClockTest : public PostgresNodeTest {};

TEST_F(PostgresClockTest, AListingIsAsOfBeforeEveryWriteThatIsNotCommitted) {
    auto node =
        std::make_shared<postgres::PostgresNode>(*postgres::PgAddress::parse(pair_.url()), nullptr);
    one_ = std::make_unique<Process>(std::move(node));
    await(one_->storage.start());
    const Timestamp before = await(one_->storage.now());
    test_support::OpenTransaction open(pair_.url());
    open.run("select txid_current()");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const ListPage page = await(one_->storage.list(OwnerScope::everything(), {}));
    EXPECT_LT(page.as_of, await(one_->storage.now()) - Duration(19))
        << "what that transaction writes may be as old";
    EXPECT_GE(page.as_of, before - Duration(1));
}

}  // namespace
}  // namespace a2akit::testing

int main(int argc, char** argv) { return a2akit::test_support::run_with_postgres(argc, argv); }
