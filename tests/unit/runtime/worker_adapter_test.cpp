#include "unit/runtime/worker_fixture.hpp"

#include <stdexcept>

namespace a2akit {
namespace {

using std::chrono::seconds;
using testing::ManualLoop;

Async<void> echo(TaskContext& ctx) {
    co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
}
Async<void> ends_nothing(TaskContext& /*ctx*/) { co_return; }
Async<void> throws(TaskContext& /*ctx*/) {
    throw std::runtime_error("the model is out of memory");
    co_return;
}
Async<void> completes_and_throws(TaskContext& ctx) {
    co_await ctx.complete("done");
    throw std::runtime_error("too late to matter");
}
Async<void> completes_at(Signal& gate, TaskContext& ctx) {
    co_await gate.wait();
    co_await ctx.complete("done");
}
Async<void> asks_then_echoes(TaskContext& ctx) {
    if (ctx.history().empty()) co_return co_await ctx.request_input("which one?");
    co_await echo(ctx);
}

using WorkerAdapterTest = WorkerFixture;

TEST_F(WorkerAdapterTest, RunsTheTurnThatTheBrokerDelivers) {
    auto& server = serve(echo);
    const TaskId task = send(server, "hello");
    EXPECT_EQ(state(task), TaskState::kCompleted);
    EXPECT_EQ(to_task(load(task)).text(), "Echo: hello");
    EXPECT_EQ(server.adapter.running(), 0U);
}

TEST_F(WorkerAdapterTest, AnEntryOfAnotherAgentIsPutBackWithoutAClaim) {
    auto& server = serve(echo);
    const TaskId task = create("hi");
    RunOperation operation{task, 1};
    operation.agent = agent_key("beta");
    ASSERT_TRUE(loop.await(server.broker->enqueue(operation, std::nullopt)));
    loop.advance(seconds(60));
    EXPECT_EQ(load(task).epoch, 0U);
    EXPECT_EQ(load(task).status.state, TaskState::kSubmitted);
}

TEST_F(WorkerAdapterTest, AnEntryOfAnEndedTaskIsDropped) {
    auto worker = std::make_shared<FunctionWorker>(echo);
    auto& server = serve_with(worker);
    const TaskId task = send(server, "hello");
    enqueue(server, task);
    loop.advance(seconds(5));
    EXPECT_EQ(worker->calls, 1);
}

TEST_F(WorkerAdapterTest, ReturningWithoutATurnEndingCallFailsTheTask) {
    const TaskId task = send(serve(ends_nothing), "hello");
    EXPECT_EQ(state(task), TaskState::kFailed);
    for (const char* call : {"complete", "complete_json", "respond", "reply_directly", "fail",
                             "reject", "request_input", "request_auth"}) {
        EXPECT_NE(status_text(task).find(call), std::string::npos) << call;
    }
}

TEST_F(WorkerAdapterTest, AnExceptionFailsTheTaskAndItsTextStaysInTheLog) {
    const TaskId task = send(serve(throws), "hello");
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_EQ(status_text(task), "the agent failed");
}

TEST_F(WorkerAdapterTest, AnExceptionAfterTheEndChangesNothing) {
    const TaskId task = send(serve(completes_and_throws), "hello");
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

TEST_F(WorkerAdapterTest, AFollowUpContinuesAPausedTask) {
    auto& server = serve(asks_then_echoes);
    const TaskId task = send(server, "book it");
    ASSERT_EQ(state(task), TaskState::kInputRequired);
    EXPECT_EQ(status_text(task), "which one?");
    const Appended next = follow_up(task, "the red one");
    ASSERT_TRUE(next.turn_due);
    enqueue(server, task, next.turn);
    loop.run_ready();
    EXPECT_EQ(to_task(load(task)).text(), "Echo: the red one");
}

TEST_F(WorkerAdapterTest, AnEntryOfAnEndedTurnIsDropped) {
    auto worker = std::make_shared<FunctionWorker>(asks_then_echoes);
    auto& server = serve_with(worker);
    const TaskId task = send(server, "book it");
    enqueue(server, task, 1);
    loop.advance(seconds(5));
    EXPECT_EQ(worker->calls, 1);
}

Async<void> pauses_and_stays(Signal& gate, TaskContext& ctx) {
    if (!ctx.history().empty()) co_return co_await echo(ctx);
    co_await ctx.request_input("which one?");
    co_await gate.wait();
}

TEST_F(WorkerAdapterTest, AFollowUpBeforeTheReleaseRunsOnceTheHandlerHasReturned) {
    Signal gate;
    auto worker = std::make_shared<FunctionWorker>(
        [&](TaskContext& ctx) { return pauses_and_stays(gate, ctx); });
    auto& server = serve_with(worker);
    const TaskId task = send(server, "book it");
    const Appended next = follow_up(task, "the red one");
    EXPECT_FALSE(next.turn_due) << "the run of the turn before is not released";
    loop.run_ready();
    EXPECT_EQ(worker->calls, 1);
    gate.set();
    loop.run_ready();
    EXPECT_EQ(worker->calls, 2);
    EXPECT_EQ(to_task(load(task)).text(), "Echo: the red one");
}

TEST_F(WorkerAdapterTest, AnEntryThatComesTooEarlyWaitsForTheRunBefore) {
    Signal gate;
    auto worker = std::make_shared<FunctionWorker>(
        [&](TaskContext& ctx) { return pauses_and_stays(gate, ctx); });
    auto& server = serve_with(worker);
    const TaskId task = send(server, "book it");
    const Appended next = follow_up(task, "the red one");
    enqueue(server, task, next.turn);
    loop.advance(seconds(3));
    EXPECT_EQ(worker->calls, 1);
    gate.set();
    loop.advance(seconds(2));
    EXPECT_EQ(worker->calls, 2);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

TEST_F(WorkerAdapterTest, EntriesBeyondTheLimitStayInTheBroker) {
    Signal gate;
    WorkerNodeOptions options;
    options.max_concurrent_tasks = 1;
    auto worker =
        std::make_shared<FunctionWorker>([&](TaskContext& ctx) { return completes_at(gate, ctx); });
    auto& server = serve_with(worker, options);
    const TaskId first = send(server, "first");
    const TaskId second = send(server, "second");
    EXPECT_EQ(worker->calls, 1);
    EXPECT_EQ(state(second), TaskState::kSubmitted);
    gate.set();
    loop.run_ready();
    EXPECT_EQ(state(first), TaskState::kCompleted);
    EXPECT_EQ(state(second), TaskState::kCompleted);
}

TEST_F(WorkerAdapterTest, TheMoveToWorkingIsAnnounced) {
    Signal gate;
    auto& server = serve([&](TaskContext& ctx) { return completes_at(gate, ctx); });
    const TaskId task = create("hello");
    auto subscribed = loop.await(ports.bus->subscribe(task, Interest::kEveryEvent));
    ASSERT_TRUE(subscribed);
    enqueue(server, task);
    loop.run_ready();
    EXPECT_EQ((*subscribed)->last(), load(task).last_sequence);
    EXPECT_EQ(state(task), TaskState::kWorking);
    gate.set();
    loop.run_ready();
}

// -- Cancellation

Async<void> stops_when_cancelled(TaskContext& ctx) { co_await ctx.cancelled(); }
Async<void> completes_when_cancelled(TaskContext& ctx) {
    co_await ctx.cancelled();
    co_await ctx.complete("just in time");
}
Async<void> throws_when_cancelled(TaskContext& ctx) {
    co_await ctx.cancelled();
    throw std::runtime_error("interrupted");
}

TEST_F(WorkerAdapterTest, AHandlerThatReturnsWhenCancelledEndsTheTaskAsCanceled) {
    const TaskId task = send(serve(stops_when_cancelled), "hello");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

TEST_F(WorkerAdapterTest, AHandlerThatThrowsWhenCancelledEndsTheTaskAsCanceled) {
    const TaskId task = send(serve(throws_when_cancelled), "hello");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

Async<void> notes_its_deadline(std::optional<Timestamp>& deadline, TaskContext& ctx) {
    co_await ctx.cancelled();
    deadline = ctx.deadline();
}

TEST_F(WorkerAdapterTest, AHandlerThatIsCancelledKnowsHowLongItMayTake) {
    std::optional<Timestamp> deadline;
    const TaskId task =
        send(serve([&](TaskContext& ctx) { return notes_its_deadline(deadline, ctx); }), "hello");
    const Timestamp expected = clock->now() + seconds(60);
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(deadline, expected);
}

Async<void> looks_now_and_then(std::vector<bool>& said, std::optional<Timestamp>& deadline,
                               TaskContext& ctx) {
    while (said.empty() || !said.back()) said.push_back(co_await ctx.cancelled_within(seconds(10)));
    deadline = ctx.deadline();
}

TEST_F(WorkerAdapterTest, AHandlerMayWaitForItsCancelForAWhile) {
    std::vector<bool> said;
    std::optional<Timestamp> deadline;
    const TaskId task = send(
        serve([&](TaskContext& ctx) { return looks_now_and_then(said, deadline, ctx); }), "hello");
    loop.advance(seconds(25));
    EXPECT_EQ(said, (std::vector<bool>{false, false}));
    const Timestamp expected = clock->now() + seconds(60);
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(said, (std::vector<bool>{false, false, true})) << "without waiting for the rest";
    EXPECT_EQ(deadline, expected);
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

TEST_F(WorkerAdapterTest, AHandlerMayStillCompleteWhenCancelled) {
    const TaskId task = send(serve(completes_when_cancelled), "hello");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

Async<void> pauses_when_cancelled(bool knows_until_when, TaskContext& ctx) {
    if (knows_until_when) {
        co_await ctx.cancelled();
    } else {
        while (!ctx.is_cancelled()) co_await sleep_for(Duration(10));
    }
    co_await ctx.request_input("really?");
}

TEST_F(WorkerAdapterTest, AHandlerThatPausesWhenCancelledEndsTheTaskAsCanceledAtOnce) {
    for (const bool knows : {true, false}) {
        const TaskId task = send(
            serve([=](TaskContext& ctx) { return pauses_when_cancelled(knows, ctx); }), "hello");
        cancel(task, seconds(60));
        loop.advance(Duration(100));
        EXPECT_EQ(state(task), TaskState::kCanceled);
        EXPECT_EQ(events(task).size(), 4U) << "submitted, working, input required, canceled";
    }
}

TEST_F(WorkerAdapterTest, ACancelWhoseSignalWasLostIsSeenWithTheNextRenewal) {
    const TaskId task = send(serve(stops_when_cancelled), "hello");
    cancel(task, seconds(60), false);
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kWorking);
    loop.advance(seconds(5));
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

struct Refused {
    bool cancelled = false;
    std::optional<ErrorCode> code;
};
Async<void> deaf_until(Signal& gate, Refused& seen, TaskContext& ctx) {
    if (ctx.user_text() == "next") co_return co_await ctx.complete();
    co_await gate.wait();
    seen.cancelled = ctx.is_cancelled();
    try {
        co_await ctx.complete("too late");
    } catch (const Exception& e) {
        seen.code = e.code();
        throw;
    }
}

TEST_F(WorkerAdapterTest, AnOverdueCancelIsForcedAndTheSlotHeldUntilTheHandlerReturns) {
    Signal gate;
    Refused seen;
    WorkerNodeOptions options;
    options.max_concurrent_tasks = 1;
    auto worker = std::make_shared<FunctionWorker>(
        [&](TaskContext& ctx) { return deaf_until(gate, seen, ctx); });
    auto& server = serve_with(worker, options);
    const TaskId task = send(server, "hello");
    const TaskId next = send(server, "next");
    cancel(task, seconds(10));
    loop.advance(seconds(9));
    EXPECT_EQ(state(task), TaskState::kWorking);
    loop.advance(seconds(2));
    EXPECT_EQ(state(task), TaskState::kCanceled);
    EXPECT_EQ(state(next), TaskState::kSubmitted) << "the handler still occupies its slot";
    gate.set();
    loop.run_ready();
    EXPECT_TRUE(seen.cancelled);
    EXPECT_TRUE(seen.code == ErrorCode::kTaskTerminal || seen.code == ErrorCode::kLeaseLost);
    EXPECT_EQ(state(task), TaskState::kCanceled);
    EXPECT_EQ(state(next), TaskState::kCompleted);
}

// -- Sends that do not wait

TEST_F(WorkerAdapterTest, ATurnStartsBehindTheAnswersToItsSends) {
    auto worker = std::make_shared<FunctionWorker>(echo);
    auto& server = serve_with(worker);
    server.node.unanswered = std::make_shared<UnansweredSends>();
    const TaskId task = create("hello");
    auto first = UnansweredSends::add(server.node.unanswered, task);
    auto second = UnansweredSends::add(server.node.unanswered, task);
    enqueue(server, task);
    loop.run_ready();
    first.reset();
    loop.run_ready();
    EXPECT_EQ(worker->calls, 0);
    send(server, "somebody else's");
    EXPECT_EQ(worker->calls, 1);
    second.reset();
    loop.run_ready();
    EXPECT_EQ(worker->calls, 2);
    EXPECT_EQ(state(task), TaskState::kCompleted);
    EXPECT_FALSE(server.node.unanswered->any());
}

TEST_F(WorkerAdapterTest, AClientThatDoesNotReadItsAnswerHoldsNoTurnUpForLong) {
    auto& server = serve(echo);
    server.node.unanswered = std::make_shared<UnansweredSends>();
    const TaskId task = create("hello");
    const auto unread = UnansweredSends::add(server.node.unanswered, task);
    enqueue(server, task);
    loop.advance(Duration(900));
    EXPECT_EQ(state(task), TaskState::kWorking);
    loop.advance(Duration(200));
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

// -- Drain

TEST_F(WorkerAdapterTest, ADrainWaitsForTheHandlers) {
    Signal gate;
    auto worker =
        std::make_shared<FunctionWorker>([&](TaskContext& ctx) { return completes_at(gate, ctx); });
    auto& server = serve_with(worker);
    const TaskId running = send(server, "running");
    TaskGroup group;
    group.spawn(server.adapter.drain(loop.now() + seconds(30)));
    const TaskId late = send(server, "late");
    loop.advance(seconds(10));
    EXPECT_EQ(group.size(), 1U);
    gate.set();
    loop.run_ready();
    EXPECT_EQ(group.size(), 0U) << "nothing is left to wait for";
    EXPECT_EQ(state(running), TaskState::kCompleted);
    EXPECT_EQ(state(late), TaskState::kSubmitted);
    EXPECT_EQ(worker->calls, 1);
}

TEST_F(WorkerAdapterTest, ADrainHandsBackWhatIsNotDoneByItsDeadline) {
    Signal gate;
    Refused seen;
    auto& leaving = serve([&](TaskContext& ctx) { return deaf_until(gate, seen, ctx); });
    const TaskId task = send(leaving, "hello");
    loop.await(leaving.recovery.stop());
    loop.await(leaving.adapter.drain(loop.now() + seconds(30)));
    EXPECT_EQ(state(task), TaskState::kWorking);

    int attempt = 0;
    serve([&](TaskContext& ctx) {
        attempt = ctx.attempt();
        return echo(ctx);
    });
    loop.advance(seconds(2));
    EXPECT_EQ(state(task), TaskState::kCompleted);
    EXPECT_EQ(attempt, 1) << "what a drain hands back does not count";

    gate.set();
    loop.await(leaving.adapter.join());
    EXPECT_TRUE(seen.cancelled);
    EXPECT_EQ(seen.code, ErrorCode::kStopped);
    EXPECT_EQ(to_task(load(task)).text(), "Echo: hello");
}

TEST_F(WorkerAdapterTest, ADrainEndsTheWaitForASlot) {
    Signal gate;
    WorkerNodeOptions options;
    options.max_concurrent_tasks = 1;
    auto& server = serve([&](TaskContext& ctx) { return completes_at(gate, ctx); }, options);
    const TaskId task = send(server, "hello");
    TaskGroup group;
    group.spawn(server.adapter.drain(loop.now() + seconds(30)));
    loop.run_ready();
    gate.set();
    loop.run_ready();
    EXPECT_EQ(group.size(), 0U);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

// -- The request's context

class KeptContextTest : public WorkerFixture {
protected:
    KeptContextTest() { ports.vault = std::make_shared<ContextVault>(false, std::nullopt); }
    TaskId send_with_context(TestServer& server, const std::string& text) {
        const TaskId id = create_with_context(text);
        enqueue(server, id);
        loop.run_ready();
        return id;
    }
    [[nodiscard]] std::size_t kept() const { return ports.vault->tasks().size(); }
};

Async<void> ends_as_told(std::string& seen, TaskContext& ctx) {
    seen = ctx.request_context().request_id;
    const std::string how(ctx.user_text());
    if (how == "complete") co_await ctx.complete();
    if (how == "pause") co_await ctx.request_input("which one?");
    if (how == "throw") throw std::runtime_error("no");
    if (how == "wait") co_await ctx.cancelled();
}

TEST_F(KeptContextTest, IsForgottenHoweverTheTurnEnds) {
    std::string seen;
    auto& server = serve([&](TaskContext& ctx) { return ends_as_told(seen, ctx); });
    for (const char* how : {"complete", "pause", "throw", "return"}) {
        send_with_context(server, how);
        EXPECT_EQ(seen, std::string("of ") + how);
        EXPECT_EQ(kept(), 0U) << how;
    }
    const TaskId task = send_with_context(server, "wait");
    EXPECT_EQ(kept(), 1U);
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kCanceled);
    EXPECT_EQ(kept(), 0U);
}

TEST_F(KeptContextTest, IsForgottenWithAForcedEnd) {
    Signal gate;
    Refused seen;
    auto& server = serve([&](TaskContext& ctx) { return deaf_until(gate, seen, ctx); });
    const TaskId task = send_with_context(server, "hello");
    cancel(task, seconds(2));
    loop.advance(seconds(1));
    EXPECT_EQ(kept(), 1U);
    loop.advance(seconds(2));
    EXPECT_EQ(state(task), TaskState::kCanceled);
    EXPECT_EQ(kept(), 0U);
    gate.set();
    loop.run_ready();
}

TEST_F(KeptContextTest, IsForgottenSoonAfterAnotherNodeHasEndedTheTurn) {
    auto& here = serve(echo);
    const auto vault = std::exchange(ports.vault, nullptr);
    auto& other = serve(echo);
    ports.vault = vault;
    const TaskId task = create_with_context("hello");
    enqueue(other, task);
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kCompleted);
    EXPECT_EQ(kept(), 1U);
    loop.advance(Recovery::kForgetEvery + seconds(1));
    EXPECT_EQ(kept(), 0U);
    EXPECT_EQ(here.adapter.running(), 0U);
}

TEST_F(KeptContextTest, OfARunThatComesBeforeItsRequestHearsOfItIsWaitedFor) {
    std::string seen;
    auto& server = serve([&](TaskContext& ctx) { return ends_as_told(seen, ctx); });
    const TaskId task = send_with_context(server, "pause");
    TurnInput input;
    RequestContext context;
    context.request_id = "of the answer";
    auto offer = ports.vault->pack(input, task, 2,
                                   std::make_shared<const RequestContext>(std::move(context)));
    const Appended next = follow_up(task, "complete");
    enqueue(server, task, next.turn);
    loop.run_ready();
    EXPECT_EQ(state(task), TaskState::kWorking);
    EXPECT_EQ(seen, "of pause");
    offer->made();
    loop.run_ready();
    EXPECT_EQ(seen, "of the answer");
    EXPECT_EQ(state(task), TaskState::kCompleted);
    EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace a2akit
