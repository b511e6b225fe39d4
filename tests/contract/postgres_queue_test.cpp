#include "contract/postgres_node_fixture.hpp"

#include <random>
#include <string>

// The queue where Storage stands beside it: entries know their owner from the task.

namespace a2akit::testing {
namespace {

class PostgresQueueTest : public PostgresNodeTest {
protected:
    static constexpr int kSlots = 8;
    /// A node with eight slots, which takes all that it is given.
    void receive_with_slots(Process& process) {
        receivers_.push_back(process.broker.receiver(node_, std::chrono::seconds(15), kSlots));
        group_.spawn(take_all(*receivers_.back(), got_));
    }
    static Async<void> take_all(Broker::Receiver& receiver,
                                std::vector<std::unique_ptr<Delivery>>& got) {
        while (got.size() < kSlots) {
            auto delivery = co_await receiver.receive();
            if (!delivery) co_return;
            got.push_back(std::move(delivery));
        }
    }
    static Async<void> take_one(Broker::Receiver& receiver, std::unique_ptr<Delivery>& got) {
        got = co_await receiver.receive();
    }
    void create(int count, const std::string& owner) {
        for (int i = 0; i < count; ++i) PostgresNodeTest::create(one(), {owner, "", false});
        loop_.advance(Duration(1));
    }
    [[nodiscard]] int running(const std::string& owner) const {
        return static_cast<int>(std::ranges::count_if(got_, [&](const auto& delivery) {
            return delivery->claimed()->snapshot.owner.owner == owner;
        }));
    }
    void TearDown() override {
        for (const auto& delivery : got_) await(delivery->ack());
        for (const auto& receiver : receivers_) receiver->close();
        loop_.advance(Duration(1));
        PostgresNodeTest::TearDown();
    }

    std::vector<std::unique_ptr<Delivery>> got_;
    TaskGroup group_;
};

TEST_F(PostgresQueueTest, OwnersShareTheSlotsOfANodeThatClaimsWhatItReceives) {
    receive_with_slots(one());
    create(1, "bob");
    create(10, "alice");
    EXPECT_EQ(running("alice"), 6);
    create(1, "bob");
    EXPECT_EQ(running("bob"), 2);
}

TEST_F(PostgresQueueTest, AWriteThatMakesATurnClaimsItForAReceiverThatWaits) {
    std::unique_ptr<Delivery> delivery;
    group_.spawn(take_one(receiver(one()), delivery));
    loop_.advance(Duration(1));
    const std::string never_queued = R"sql(
create function S.refuse() returns trigger language plpgsql as $$ begin raise 'it was queued'; end $$;
create trigger refuse before insert on S.queue for each row execute function S.refuse();)sql";
    test_support::PostgresServer::sql(pair_.url(), in_schema(never_queued));
    TaskUpdate update = blank();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    update.turn.emplace().message = Message{.message_id = "m", .role = Role::kUser};
    update.history.emplace_back(Message{.message_id = "m", .role = Role::kUser});
    update.metadata = RawJson(R"({"a":1})");
    update.checkpoint = RawJson("[1]");
    const Created created = await(
        one().storage.create({TaskId::generate(), "context", true}, {"alice", "", false}, update));
    EXPECT_FALSE(created.appended.turn_due);
    EXPECT_EQ(created.snapshot->status.state, TaskState::kSubmitted);
    loop_.advance(Duration(1));
    ASSERT_TRUE(delivery && delivery->claimed());
    const a2akit::Run& run = *delivery->claimed();
    EXPECT_EQ(run.epoch, 1U);
    EXPECT_EQ(run.attempt, 1);
    EXPECT_EQ(run.input.message->message_id, "m");
    EXPECT_EQ(run.appended.first, created.appended.last + 1);
    EXPECT_EQ(run.appended.last, run.appended.first);
    const TaskSnapshot stored = load(created.appended.task);
    EXPECT_EQ(stored.status.state, TaskState::kWorking);
    EXPECT_TRUE(stored.live_run && run.snapshot.live_run);
    EXPECT_EQ(run.snapshot.status.state, stored.status.state);
    EXPECT_EQ(run.snapshot.status.timestamp, stored.status.timestamp);
    EXPECT_EQ(run.snapshot.revision, stored.revision);
    EXPECT_EQ(run.snapshot.last_sequence, stored.last_sequence);
    EXPECT_EQ(run.snapshot.epoch, stored.epoch);
    EXPECT_EQ(run.snapshot.turn, stored.turn);
    EXPECT_EQ(run.snapshot.history.size(), 1U);
    EXPECT_EQ(run.snapshot.metadata.text(), stored.metadata.text());
    EXPECT_EQ(run.snapshot.checkpoint.text(), stored.checkpoint.text());
    EXPECT_EQ(run.snapshot.owner.owner, stored.owner.owner);
    TaskUpdate end = blank();
    end.guard.revision = run.snapshot.revision;
    end.guard.epoch = run.epoch;
    end.status = TaskStatus{TaskState::kCompleted, {}, {}};
    EXPECT_TRUE(await(one().storage.append(stored.id, OwnerScope::everything(), end)).turn_ended);
    await(delivery->ack());
}

TEST_F(PostgresQueueTest, AWriteThatIsRepeatedClaimsNothing) {
    std::unique_ptr<Delivery> delivery;
    group_.spawn(take_one(receiver(one()), delivery));
    loop_.advance(Duration(1));
    TaskUpdate update = blank();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    update.turn.emplace().message = Message{.message_id = "m", .role = Role::kUser};
    const TaskId task = TaskId::generate();
    const OwnerScope alice{"alice", "", false};
    const auto first = await(two().storage.create({task, "context", true}, alice, update));
    EXPECT_FALSE(first.appended.repeated);
    const auto again = await(one().storage.create({task, "context", true}, alice, update));
    EXPECT_TRUE(again.appended.repeated);
    wait_until([&] { return delivery != nullptr; });
    ASSERT_TRUE(delivery && delivery->claimed());
    EXPECT_EQ(delivery->operation().task, task);
    EXPECT_EQ(delivery->claimed()->epoch, 1U) << "it was claimed once";
    await(delivery->ack());
}

TEST_F(PostgresQueueTest, ATurnThatWasClaimedAheadIsGivenBackIfTheAnswerIsLost) {
    PostgresNodeTest::create(one());  // its input serves for another task
    test_support::PostgresServer::sql(pair_.url(), in_schema("delete from S.queue"));
    std::unique_ptr<Delivery> delivery;
    group_.spawn(take_one(receiver(one()), delivery));
    loop_.advance(Duration(1));
    const auto claim = one().node->queue().promise_claim();
    ASSERT_TRUE(claim);
    EXPECT_FALSE(one().node->queue().promise_claim()) << "the receiver has room for one";
    const std::string now = std::to_string(pair_.clock->now().time_since_epoch().count());
    test_support::PostgresServer::sql(
        pair_.url(),
        in_schema("select S.write_task(" + now +
                  ", gen_random_uuid(), false, 'alice', '', 'talk', true, gen_random_uuid(), 0, "
                  "null, false, false, false, 1, null, null, 0, null, null, input, null, null, "
                  "null, null, null, null, true, '" +
                  claim->id.to_string() + "', '" + node_.to_string() +
                  "', 15000) from S.writes where input is not null"));
    one().node->queue().let_go(*claim, true);
    wait_until([&] { return delivery != nullptr; });
    ASSERT_TRUE(delivery && delivery->claimed());
    EXPECT_EQ(delivery->claimed()->epoch, 2U);
    EXPECT_EQ(delivery->claimed()->attempt, 1) << "an attempt that nobody made counts";
    await(delivery->ack());
}

TEST_F(PostgresQueueTest, ATurnThatIsEnqueuedAgainIsStillItsOwners) {
    const TaskId task = PostgresNodeTest::create(one(), {"alice", "", false}).appended.task;
    const std::string schema = pair_.schema();
    const std::string turn = "task = '" + task.to_string() + "'";
    test_support::PostgresServer::sql(pair_.url(),
                                      "delete from " + schema + ".queue where " + turn);
    await(one().broker.enqueue({task, 1}, std::nullopt));
    const std::string check =
        "do $$ begin assert (select owner = S.owner_number('alice') from S.queue where " + turn +
        "); end $$";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(check)));
}

TEST_F(PostgresQueueTest, AnUpgradeKeepsWhatIsQueuedAndLearnsWhoseItIs) {
    create(1, "bob");
    create(8, "alice");
    // As version 4 left it.
    test_support::PostgresServer::sql(
        pair_.url(),
        in_schema("drop index S.queue_by_owner; alter table S.queue drop column owner; "
                  "drop function S.owner_number; drop table S.task_counts; "
                  "drop function S.count_erased cascade; "
                  "update S.meta set version = 4"));
    receive_with_slots(two());
    loop_.advance(Duration(1));
    EXPECT_EQ(running("bob"), 1);
    EXPECT_EQ(running("alice"), 6);
}

TEST_F(PostgresQueueTest, AnUpgradeGivesNewFunctionsToNewNodesAndKeepsThoseOfOldOnes) {
    one();
    test_support::PostgresServer::sql(pair_.url(), in_schema(R"sql(
do $$
declare
    f regprocedure;
begin
    for f in select oid from pg_proc where pronamespace = rtrim('S.', '.')::regnamespace and 'p_claim' = any (proargnames)
    loop
        execute 'drop function ' || f;
    end loop;
end $$;
update S.meta set version = 7;)sql"));
    PostgresNodeTest::create(two());
    test_support::PostgresServer::sql(pair_.url(), in_schema(R"sql(
do $$
declare
    w record;
begin
    select * into w from S.write_task_once(0, gen_random_uuid(), false, 'alice', '', 'talk', true, gen_random_uuid(), 0,
        null, false, false, false, 1, null, null, 0, null, null, '{}', null, null, null, null, null, 1000, true, 'k', 'h');
    assert w.o_code = 0 and w.o_turn_due, w::text;
    assert (select count(*) from S.queue) = 2, 'both are queued';
    assert (select sum(tasks) from S.task_counts) = 2, 'both are counted';
end $$;)sql"));
}

TEST_F(PostgresQueueTest, ALookWhileSlotsAreScarceReadsFewEntriesOfALongQueue) {
    one();
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(R"sql(
insert into S.queue (task, turn, due_at, owner)
select gen_random_uuid(), 1, n, case when n % 1000 = 0 then 5 else 3 end from generate_series(1, 20000) n;
analyze S.queue;
do $$
declare
    v_read bigint := pg_stat_get_xact_tuples_returned('S.queue_by_owner'::regclass);
    v_scans bigint := pg_stat_get_xact_numscans('S.queue'::regclass);
    v_entries int;
begin
    -- Owner 3 holds its share.
    select count(*) into v_entries
    from S.entries_in_turn(50000, 8, 3, 6, array[3], array[6]) e where e.o_owner = 5;
    if v_entries <> 6 then raise exception 'owner 5 got % entries, not 6', v_entries; end if;
    v_read := pg_stat_get_xact_tuples_returned('S.queue_by_owner'::regclass) - v_read;
    if v_read > 100 then raise exception '% entries were read', v_read; end if;
    if pg_stat_get_xact_numscans('S.queue'::regclass) <> v_scans then
        raise exception 'the whole queue was scanned';
    end if;
end $$;
delete from S.queue;)sql")));
}

/// Tasks of which the server itself cannot read a value: a piece of it is missing.
class PostgresDamageTest : public PostgresNodeTest {
protected:
    /// A message that is long and cannot be compressed, so that it is stored in pieces.
    Message long_message() {
        std::string text;
        std::mt19937 random(7);
        for (int i = 0; i < 20'000; ++i) text += static_cast<char>('a' + random() % 26);
        return Message{.message_id = "m", .role = Role::kUser, .parts = {Part::from_text(text)}};
    }
    TaskId create_long() {
        TaskUpdate update = blank();
        update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
        update.history.emplace_back(long_message());
        update.turn.emplace().message = long_message();
        return await(one().storage.create({TaskId::generate(), "context", true}, alice_, update))
            .appended.task;
    }
    /// Removes the pieces of all long values.
    void damage() {
        test_support::PostgresServer::sql(pair_.url(), in_schema(R"sql(
set allow_system_table_mods = on;
do $$
declare
    v_pieces regclass := (select reltoastrelid from pg_class where oid = 'S.writes'::regclass);
begin
    -- The server lets nobody change a table of pieces that is known as one.
    update pg_class set relkind = 'r' where oid = v_pieces;
    execute 'delete from ' || v_pieces;
    update pg_class set relkind = 't' where oid = v_pieces;
end $$;)sql"));
        test_support::PostgresServer::sql(pair_.url(), in_schema("vacuum S.writes"));
    }
    const OwnerScope alice_{"alice", "", false};
};

TEST_F(PostgresDamageTest, ATaskWithAMissingPieceFailsNoListAndCanBeCanceledAndErased) {
    const TaskId damaged = create_long();
    damage();
    const TaskId sound = create_long();
    const ListPage page = await(one().storage.list(alice_, {}));
    ASSERT_EQ(page.tasks.size(), 2U);
    for (const TaskSnapshot& task : page.tasks)
        EXPECT_EQ(task.history.size(), task.id == sound ? 1U : 0U);
    const auto read = loop_.await(one().storage.load(damaged, alice_, std::nullopt, true));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kInternal);
    const auto others = loop_.await(one().storage.load(damaged, {"bob", "", false}, {}, true));
    ASSERT_FALSE(others);
    EXPECT_EQ(others.error().code, ErrorCode::kTaskNotFound);
    TaskUpdate cancel = blank();
    cancel.cancel_by = await(one().storage.now());
    EXPECT_EQ(await(one().storage.append(damaged, alice_, cancel)).after, TaskState::kCanceled);
    EraseQuery all;
    all.keep_at_most = 0;
    EXPECT_EQ(await(one().storage.erase(all)), std::vector{damaged});
    EXPECT_EQ(await(one().storage.list(alice_, {})).total, 1);
}

TEST_F(PostgresDamageTest, ATurnWithAMissingPieceKeepsNoOtherFromRunningAndLosesItsAttempt) {
    const TaskId damaged = create_long();
    damage();
    const TaskId sound = create_long();
    const auto delivery = receive(one(), 2);
    ASSERT_TRUE(delivery && delivery->claimed());
    EXPECT_EQ(delivery->operation().task, sound);
    EXPECT_EQ(delivery->claimed()->attempt, 1);
    await(delivery->ack());
    wait_until([&] { return !load_head(damaged).live_run; });
    EXPECT_EQ(load_head(damaged).epoch, 1U) << "it was claimed once";
    const auto claimed = loop_.await(
        one().storage.claim(WriteId::next(), damaged, 1, node_, std::chrono::seconds(15)));
    ASSERT_FALSE(claimed);
    EXPECT_EQ(claimed.error().code, ErrorCode::kInternal);
    EXPECT_EQ(load_head(damaged).epoch, 2U) << "the attempt counts";
    TaskUpdate give_up = blank();
    give_up.status = TaskStatus{TaskState::kFailed, {}, {}};
    give_up.raise_epoch = true;
    give_up.dead_letter = "given up";
    await(one().storage.append(damaged, OwnerScope::everything(), give_up));
    const auto letters = await(one().storage.dead_letters(std::nullopt, 10));
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].task, damaged);
}

}  // namespace
}  // namespace a2akit::testing
