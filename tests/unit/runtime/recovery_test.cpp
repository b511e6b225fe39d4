#include "storage/forwarding_ports.hpp"
#include "unit/runtime/worker_fixture.hpp"

namespace a2akit {
namespace {

using std::chrono::seconds;

Async<void> echo(TaskContext& ctx) {
    co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
}

struct Seen {
    int attempt = 0;
    std::string checkpoint;
    bool cancelled = false;
    std::optional<ErrorCode> code;
};

// Hangs in the middle of its work, as if its process had stopped; wakes up when nobody waits for it
// any more.
Async<void> hangs(Signal& gate, Seen& seen, TaskContext& ctx) {
    seen.attempt = ctx.attempt();
    seen.checkpoint = ctx.checkpoint().text();
    co_await ctx.save_checkpoint(RawJson(std::to_string(ctx.attempt() * 10)));
    co_await gate.wait();
    seen.cancelled = ctx.is_cancelled();
    try {
        co_await ctx.complete("I am back");
    } catch (const Exception& e) {
        seen.code = e.code();
    }
}
Async<void> resumes(Seen& seen, TaskContext& ctx) {
    seen.attempt = ctx.attempt();
    seen.checkpoint = ctx.checkpoint().text();
    co_await ctx.complete("taken over");
}

class RecoveryTest : public WorkerFixture {
protected:
    TestServer& hanging(Signal& gate, Seen& seen, WorkerNodeOptions options = {}) {
        return serve([&](TaskContext& ctx) { return hangs(gate, seen, ctx); }, options, false);
    }
};

TEST_F(RecoveryTest, ATurnThatWasNeverEnqueuedIsFound) {
    serve(echo);
    const TaskId task = create("hello");
    loop.advance(seconds(2));
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

TEST_F(RecoveryTest, ATailCheckTellsThatATurnHasEndedThoughTheNextOneRuns) {
    Signal gate;
    Seen seen;
    auto& server = hanging(gate, seen);
    server.recovery.start();
    TaskUpdate paused = turn_of(user_message("hello"));
    paused.turn.reset();
    paused.status->state = TaskState::kInputRequired;
    const TaskId task = create(std::move(paused));
    follow_up(task, "one");
    TaskUpdate pause;
    pause.id = WriteId::next();
    pause.status = TaskStatus{TaskState::kInputRequired, std::nullopt, std::nullopt};
    ASSERT_TRUE(
        loop.await(ports.emitter->append(task, OwnerScope::everything(), std::move(pause))));
    follow_up(task, "two");
    auto late = loop.await(ports.bus->subscribe(task, Interest::kTurnEnds)).value();
    loop.advance(seconds(2));
    EXPECT_EQ(state(task), TaskState::kWorking);
    EXPECT_EQ(late->ended_turn(), 1U);
    late.reset();
    gate.set();
    loop.run_ready();
}

TEST_F(RecoveryTest, ADeadNodesRunIsTakenOverAndItsLateWritesAreRefused) {
    Signal gate;
    Seen old_run;
    Seen new_run;
    auto& dead = hanging(gate, old_run);
    const TaskId task = send(dead, "hello");
    serve([&](TaskContext& ctx) { return resumes(new_run, ctx); });
    loop.advance(seconds(14));
    EXPECT_EQ(new_run.attempt, 0) << "the lease has not expired yet";
    loop.advance(seconds(3));
    EXPECT_EQ(new_run.attempt, 2);
    EXPECT_EQ(new_run.checkpoint, "10") << "what the first attempt saved";
    EXPECT_EQ(to_task(load(task)).text(), "taken over");
    gate.set();
    loop.run_ready();
    EXPECT_TRUE(old_run.code == ErrorCode::kLeaseLost || old_run.code == ErrorCode::kTaskTerminal);
    EXPECT_EQ(to_task(load(task)).text(), "taken over");
}

TEST_F(RecoveryTest, ANodeThatWakesUpIsToldThatItsRunWasTakenOver) {
    Signal gate;
    Signal never;
    Seen old_run;
    Seen new_run;
    auto& sleepy = hanging(gate, old_run);
    send(sleepy, "hello");
    auto& other = serve([&](TaskContext& ctx) { return hangs(never, new_run, ctx); });
    loop.advance(seconds(17));
    ASSERT_EQ(new_run.attempt, 2);
    sleepy.keeper.start();
    loop.advance(seconds(6));
    gate.set();
    loop.run_ready();
    EXPECT_TRUE(old_run.cancelled);
    EXPECT_EQ(old_run.code, ErrorCode::kLeaseLost);
    never.set();
    loop.run_ready();
    EXPECT_FALSE(new_run.code) << "the run that took over goes on";
    EXPECT_EQ(other.adapter.running(), 0U);
}

TEST_F(RecoveryTest, ASlowHandlerIsNeverRunTwice) {
    Signal gate;
    Seen seen;
    auto worker =
        std::make_shared<FunctionWorker>([&](TaskContext& ctx) { return hangs(gate, seen, ctx); });
    auto& server = serve_with(worker);
    serve(echo);
    const TaskId task = send(server, "hello");
    loop.advance(std::chrono::minutes(20));
    EXPECT_EQ(state(task), TaskState::kWorking);
    gate.set();
    loop.run_ready();
    EXPECT_EQ(to_task(load(task)).text(), "I am back");
    EXPECT_EQ(worker->calls, 1);
}

TEST_F(RecoveryTest, AnExpiredRunThatNobodyTookOverMayStillWrite) {
    Signal gate;
    Seen seen;
    const TaskId task = send(hanging(gate, seen), "hello");
    loop.advance(seconds(60));
    gate.set();
    loop.run_ready();
    EXPECT_EQ(to_task(load(task)).text(), "I am back");
}

TEST_F(RecoveryTest, ACancelOfALostRunEndsTheTaskWithoutCallingTheHandler) {
    Signal gate;
    Seen seen;
    auto& dead = hanging(gate, seen);
    const TaskId task = send(dead, "hello");
    cancel(task, seconds(300));
    auto worker = std::make_shared<FunctionWorker>(echo);
    serve_with(worker);
    loop.advance(seconds(17));
    EXPECT_EQ(state(task), TaskState::kCanceled);
    EXPECT_EQ(worker->calls, 0);
    gate.set();
    loop.run_ready();
}

TEST_F(RecoveryTest, AfterTooManyAttemptsTheSweepFailsTheTaskAndKeepsADeadLetter) {
    Signal gate;
    Signal other_gate;
    Seen seen;
    WorkerNodeOptions options;
    options.max_retries = 1;
    const TaskId task = send(hanging(gate, seen, options), "hello");
    loop.advance(seconds(16));
    WorkerNodeOptions others = options;
    others.node = NodeId::generate();
    auto& second = hanging(other_gate, seen, others);
    loop.await(second.recovery.sweep());
    loop.run_ready();
    EXPECT_EQ(seen.attempt, 2);
    loop.advance(seconds(16));
    loop.await(second.recovery.sweep());
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_NE(status_text(task).find("2 times"), std::string::npos) << status_text(task);
    const auto letters = loop.await(ports.maintenance->dead_letters(std::nullopt, 10));
    ASSERT_TRUE(letters);
    ASSERT_EQ(letters->size(), 1U);
    EXPECT_EQ(letters->front().task, task);
    EXPECT_EQ(letters->front().message->text(), "hello");
    gate.set();
    other_gate.set();
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kFailed);
}

TEST_F(RecoveryTest, AClaimBeyondTheAttemptsFailsTheTaskAsWell) {
    Signal gate;
    Seen seen;
    WorkerNodeOptions options;
    options.max_retries = 0;
    const TaskId task = send(hanging(gate, seen, options), "hello");
    loop.advance(seconds(16));
    options.node = NodeId::generate();
    auto worker = std::make_shared<FunctionWorker>(echo);
    enqueue(serve_with(worker, options, false), task);
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_EQ(worker->calls, 0);
    EXPECT_EQ(loop.await(ports.maintenance->dead_letters(std::nullopt, 10))->size(), 1U);
    gate.set();
    loop.run_ready();
}

TEST_F(RecoveryTest, ASubscriberThatMissedTheLastWakeUpIsWokenByTheTailCheck) {
    serve(echo);
    const TaskId task = create("hello");
    auto subscribed = loop.await(ports.bus->subscribe(task, Interest::kEveryEvent));
    ASSERT_TRUE(subscribed);
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{TaskState::kCanceled, std::nullopt, std::nullopt};
    ASSERT_TRUE(
        loop.await(ports.storage->append(task, OwnerScope::everything(), std::move(update))));
    EXPECT_EQ((*subscribed)->ended_turn(), 0U) << "nobody published";
    loop.advance(seconds(1));
    EXPECT_EQ((*subscribed)->last(), load(task).last_sequence);
    EXPECT_EQ((*subscribed)->ended_turn(), 1U);
}

class BrokenMaintenance : public ForwardingMaintenance<> {
public:
    using ForwardingMaintenance::ForwardingMaintenance;
    int failures = 3;
    AsyncResult<std::vector<Due>> due(int limit) override {
        if (failures > 0) {
            --failures;
            return Error{ErrorCode::kUnavailable, "the storage does not answer", nullptr};
        }
        return inner_->due(limit);
    }
};

/// Finds a turn of a task without any attempts left, whatever has become of it meanwhile.
class LateMaintenance final : public BrokenMaintenance {
public:
    using BrokenMaintenance::BrokenMaintenance;
    std::optional<Due> late;
    AsyncResult<std::vector<Due>> due(int limit) override {
        if (!late) return BrokenMaintenance::due(limit);
        std::vector<Due> found{*late};
        late.reset();
        return found;
    }
};

TEST_F(RecoveryTest, ATurnThatPausedBeforeItsForcedEndStaysPaused) {
    auto behind = std::make_shared<LateMaintenance>(ports.maintenance);
    ports.maintenance = behind;
    auto& server =
        serve([](TaskContext& ctx) -> Async<void> { co_await ctx.request_input("Which one?"); });
    const TaskId task = send(server, "hello");
    behind->late = Due{Due::Kind::kExpiredRun, task, 1, 1, 4};
    loop.await(server.recovery.sweep());
    EXPECT_EQ(state(task), TaskState::kInputRequired);

    follow_up(task, "this one");
    behind->late = Due{Due::Kind::kExpiredRun, task, 1, 1, 4};
    loop.await(server.recovery.sweep());
    EXPECT_EQ(state(task), TaskState::kSubmitted) << "another turn has attempts of its own";
}

TEST_F(RecoveryTest, ASweepThatFailsIsFollowedByTheNext) {
    auto broken = std::make_shared<BrokenMaintenance>(ports.maintenance);
    ports.maintenance = broken;
    serve(echo);
    const TaskId task = create("hello");
    loop.advance(seconds(4));
    EXPECT_EQ(broken->failures, 0);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

TEST_F(RecoveryTest, AnOutageIsTakenForOneWhenItHasLastedAndForgottenWhenItIsOver) {
    auto broken = std::make_shared<BrokenMaintenance>(ports.maintenance);
    broken->failures = 100;
    int noticed = 0;
    Recovery recovery({.storage = ports.storage,
                       .maintenance = broken,
                       .broker = std::make_shared<MemoryBroker>(clock),
                       .bus = ports.bus,
                       .cancels = ports.cancels,
                       .emitter = ports.emitter,
                       .on_outage = [&noticed] { ++noticed; }},
                      3);
    loop.await(recovery.sweep());
    loop.advance(Recovery::kOutage - Duration(1));
    loop.await(recovery.sweep());
    EXPECT_EQ(noticed, 0);
    loop.advance(Duration(1));
    loop.await(recovery.sweep());
    EXPECT_EQ(noticed, 1);
    broken->failures = 0;
    loop.await(recovery.sweep());
    broken->failures = 1;
    loop.await(recovery.sweep());
    EXPECT_EQ(noticed, 1) << "a new one, which has not lasted yet";
}

// Passes every call on, but claims and releases: their answers are lost while `lost` says so. Or
// never reveals a task, or cannot read any that is claimed.
class ForgetfulStorage final : public ForwardingStorage<> {
public:
    using ForwardingStorage::ForwardingStorage;
    int lost_claims = 0;
    int failing_releases = 0;
    bool never_reveals = false;
    bool unreadable = false;
    int claims = 0;

    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        if (never_reveals && update.reveal)
            return Error{ErrorCode::kInternal, "does not fit into an index", nullptr};
        return inner_->append(task, std::move(scope), std::move(update));
    }
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override {
        ++claims;
        auto claimed = inner_->claim(id, task, turn, node, lease);
        if (unreadable) return let_go(inner_, task, std::move(claimed));
        if (lost_claims == 0) return claimed;
        --lost_claims;
        return out_of_reach();
    }
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override {
        if (failing_releases == 0) return inner_->release(task, epoch, how, not_before);
        --failing_releases;
        return out_of_reach();
    }

private:
    static Error out_of_reach() {
        return Error{ErrorCode::kUnavailable, "the storage does not answer", nullptr};
    }
    static AsyncResult<Claimed> let_go(std::shared_ptr<Storage> inner, TaskId task,
                                       AsyncResult<Claimed> claim) {
        auto claimed = co_await std::move(claim);
        if (!claimed || !std::holds_alternative<Run>(*claimed)) co_return claimed;
        const Epoch epoch = std::get<Run>(*claimed).epoch;
        (void)co_await inner->release(task, epoch, Release::kRetry, Timestamp{});
        co_return fail(ErrorCode::kInternal, "what is stored of this task cannot be read");
    }
};

class StrangeRunTest : public RecoveryTest {
protected:
    StrangeRunTest() { ports.storage = storage_; }

    /// Echoes; but "wait" waits, so that this node has a live run and goes on renewing.
    TestServer& busy_server() {
        TestServer& server = serve([this](TaskContext& ctx) { return handle(gate_, ctx); });
        waiting_ = send(server, "wait");
        return server;
    }
    void end_waiting() {
        gate_.set();
        loop.run_ready();
        EXPECT_EQ(state(waiting_), TaskState::kCompleted);
    }
    static Async<void> handle(Signal& gate, TaskContext& ctx) {
        if (ctx.user_text() == "wait") co_await gate.wait();
        if (ctx.user_text() == "ask") {
            co_await ctx.request_input("what?");
        } else {
            co_await ctx.complete();
        }
    }

    std::shared_ptr<ForgetfulStorage> storage_ = std::make_shared<ForgetfulStorage>(ports.storage);
    Signal gate_;
    TaskId waiting_;
};

TEST_F(StrangeRunTest, ARunWhoseClaimWasNeverAnsweredIsGivenBackAndRunAgain) {
    TestServer& server = busy_server();
    storage_->lost_claims = StorageEventEmitter::kTries;
    const TaskId task = send(server, "hello");
    loop.advance(seconds(4));
    EXPECT_EQ(storage_->lost_claims, 0);
    EXPECT_EQ(state(task), TaskState::kWorking);
    EXPECT_TRUE(load(task).live_run) << "a run that nobody has";
    loop.advance(seconds(15));
    EXPECT_EQ(state(task), TaskState::kCompleted);
    end_waiting();
}

TEST_F(StrangeRunTest, ARunWhoseReleaseFailedIsGivenBackAndItsFollowUpRuns) {
    TestServer& server = busy_server();
    storage_->failing_releases = StorageEventEmitter::kTries;
    const TaskId task = send(server, "ask");
    loop.advance(seconds(4));
    EXPECT_EQ(storage_->failing_releases, 0);
    EXPECT_EQ(state(task), TaskState::kInputRequired);
    EXPECT_FALSE(follow_up(task, "answer").turn_due) << "the run before is not released";
    loop.advance(seconds(15));
    EXPECT_EQ(state(task), TaskState::kCompleted);
    end_waiting();
}

TEST_F(StrangeRunTest,
       ATaskThatTheEngineCannotRevealIsTriedAsOftenAsALostRunAndBecomesADeadLetter) {
    storage_->never_reveals = true;
    ports.emitter = std::make_shared<StorageEventEmitter>(storage_, ports.bus);
    auto worker = std::make_shared<FunctionWorker>(echo);
    TestServer& server = serve_with(worker);
    const TaskId task = send(server, "hello", false);
    loop.advance(std::chrono::minutes(2));
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_EQ(worker->calls, server.node.max_attempts());
    EXPECT_FALSE(load(task).live_run);
    EXPECT_EQ(loop.await(ports.maintenance->dead_letters(std::nullopt, 10))->size(), 1U);
}

TEST_F(StrangeRunTest, ATaskThatCannotBeReadIsTriedAsOftenAsALostRunAndBecomesADeadLetter) {
    storage_->unreadable = true;
    auto worker = std::make_shared<FunctionWorker>(echo);
    TestServer& server = serve_with(worker);
    const TaskId task = send(server, "hello");
    loop.advance(std::chrono::minutes(2));
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_EQ(worker->calls, 0);
    EXPECT_EQ(storage_->claims, server.node.max_attempts());
    EXPECT_EQ(loop.await(ports.maintenance->dead_letters(std::nullopt, 10))->size(), 1U);
}

TEST_F(StrangeRunTest, ARunThatSomebodyHasIsNeverGivenBack) {
    busy_server();
    loop.advance(std::chrono::minutes(5));
    EXPECT_EQ(load(waiting_).epoch, 1U);
    EXPECT_TRUE(load(waiting_).live_run);
    end_waiting();
}

}  // namespace
}  // namespace a2akit
