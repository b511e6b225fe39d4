#include "unit/runtime/task_context_fixture.hpp"

#include <a2akit/core/when.hpp>
#include <a2akit/json/json.hpp>

#include <map>
#include <stdexcept>
#include <string>

// Several coroutines of one handler, and handlers beside each other.

namespace a2akit {
namespace {

using std::chrono::seconds;

Async<void> waits_for_the_stop(TaskContext& ctx, int& woken) {
    co_await ctx.cancelled();
    ++woken;
}
Async<void> looks_for_a_moment(TaskContext& ctx, bool& stopped) {
    stopped = co_await ctx.cancelled_within(std::chrono::seconds(1));
}
Async<void> waits_in_several_coroutines(int& woken, bool& stopped, TaskContext& ctx) {
    TaskGroup group;
    group.spawn(looks_for_a_moment(ctx, stopped));
    for (int i = 0; i < 3; ++i) group.spawn(waits_for_the_stop(ctx, woken));
    co_await group.join();
}

TEST_F(TaskContextTest, SeveralCoroutinesCanWaitForTheCancel) {
    int woken = 0;
    bool stopped = true;
    auto& server =
        serve([&](TaskContext& ctx) { return waits_in_several_coroutines(woken, stopped, ctx); });
    const TaskId task = send(server, "hello");
    EXPECT_EQ(woken, 0) << "nobody has cancelled";
    loop.advance(std::chrono::seconds(2));
    EXPECT_FALSE(stopped) << "the first of them has given up, and the others still wait";
    EXPECT_EQ(woken, 0);
    cancel(task, std::chrono::seconds(60));
    loop.run_ready();
    EXPECT_EQ(woken, 3);
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

// -- Several at a time

Async<void> emits_in_children(TaskContext& ctx) {
    (void)co_await when_all(ctx.emit_text_artifact("one", "a"), ctx.emit_text_artifact("two", "b"),
                            sleep(Duration(10)), ctx.save_checkpoint(Json(7)));
    EXPECT_EQ(ctx.checkpoint().text(), "7");
    co_await ctx.complete();
}

TEST_F(TaskContextTest, ChildrenCallTheContext) {
    const TaskId task = run(emits_in_children);
    loop.advance(Duration(10));
    EXPECT_EQ(log(task), "SUBMITTED WORKING a b COMPLETED ");
}

Async<void> works_until_cancelled(std::string& seen, TaskContext& ctx) {
    const auto first = co_await when_any(sleep(std::chrono::hours(1)), ctx.cancelled());
    seen = first.index() == 1 ? "cancelled" : "worked";
}

TEST_F(TaskContextTest, ACancelCanBeOneOfAny) {
    std::string seen;
    auto& server = serve([&](TaskContext& ctx) { return works_until_cancelled(seen, ctx); });
    const TaskId task = send(server, "hello");
    loop.advance(seconds(1));
    EXPECT_EQ(seen, "");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(seen, "cancelled");
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

Async<void> works_besides_the_wait(std::string& seen, TaskContext& ctx) {
    const auto first =
        co_await when_any(ctx.cancelled(), sleep(seconds(5)), ctx.cancelled_within(seconds(60)));
    seen = std::to_string(first.index());
    // The one that waits behind those that gave up still hears of a cancel.
    if (co_await ctx.cancelled_within(seconds(60))) seen += " and cancelled";
}

Async<void> waits_for_ever(std::optional<bool>& stopped, TaskContext& ctx) {
    stopped = co_await ctx.cancelled_within(Duration::max());
}

TEST_F(TaskContextTest, AWaitOfTheLongestSpanLastsUntilTheCancel) {
    std::optional<bool> stopped;
    auto& server = serve([&](TaskContext& ctx) { return waits_for_ever(stopped, ctx); });
    const TaskId task = send(server, "hello");
    loop.advance(std::chrono::hours(1));
    EXPECT_FALSE(stopped);
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(stopped, true);
}

TEST_F(TaskContextTest, WaitsForTheCancelEndWhenASiblingWins) {
    std::string seen;
    auto& server = serve([&](TaskContext& ctx) { return works_besides_the_wait(seen, ctx); });
    const TaskId task = send(server, "hello");
    loop.advance(seconds(5));
    EXPECT_EQ(seen, "1");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(seen, "1 and cancelled");
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

Async<void> sleeps_in_children(int& slept, TaskContext& ctx) {
    (void)co_await when_all(sleep(std::chrono::hours(1)), when_any(sleep(std::chrono::hours(2))));
    ++slept;
    co_await ctx.complete();
}
Async<void> sleeps_alone(int& slept, TaskContext& ctx) {
    co_await sleep(std::chrono::hours(1));
    ++slept;
    co_await ctx.complete();
}

TEST_F(TaskContextTest, ACancelOfTheTaskEndsEverySleep) {
    int slept = 0;
    for (const bool alone : {true, false}) {
        auto& server = serve([&, alone](TaskContext& ctx) {
            return alone ? sleeps_alone(slept, ctx) : sleeps_in_children(slept, ctx);
        });
        const TaskId task = send(server, "hello");
        loop.advance(seconds(1));
        cancel(task, seconds(60));
        loop.run_ready();
        EXPECT_EQ(state(task), TaskState::kCanceled) << alone;
    }
    EXPECT_EQ(slept, 0);
}

Async<void> fails_in_a_child(TaskContext& ctx) {
    co_await ctx.send_status("child");
    throw std::runtime_error("the child is broken");
}
Async<void> has_a_broken_child(TaskContext& ctx) {
    (void)co_await when_all(fails_in_a_child(ctx), ctx.cancelled());
    co_await ctx.complete();
}

TEST_F(TaskContextTest, AnExceptionOfAChildFailsTheTask) {
    auto& server = serve(has_a_broken_child, {.show_failures = true});
    const TaskId task = send(server, "hello");
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_EQ(status_text(task), "the child is broken");
}

#ifndef NDEBUG
using TaskContextDeathTest = TaskContextTest;

Async<void> forgets(std::string what, TaskContext& ctx) {
    if (what == "emit") {
        auto forgotten = ctx.emit_text_artifact("x");
    }
    if (what == "complete") {
        auto forgotten = ctx.complete("x");
    }
    if (what == "checkpoint") {
        auto forgotten = ctx.save_checkpoint(Json(1));
    }
    if (what == "load") {
        auto forgotten = ctx.load_context();
    }
    if (what == "cancelled") {
        auto forgotten = ctx.cancelled_within(seconds(1));
    }
    co_await ctx.complete();
}

TEST_F(TaskContextDeathTest, ACallThatIsNotAwaitedEndsTheProcessAndIsNamed) {
    const std::map<std::string, std::string> calls{{"emit", "emit_text_artifact"},
                                                   {"complete", "complete"},
                                                   {"checkpoint", "save_checkpoint"},
                                                   {"load", "load_context"},
                                                   {"cancelled", "cancelled_within"}};
    for (const auto& [what, call] : calls) {
        EXPECT_DEATH(run([what = what](TaskContext& ctx) { return forgets(what, ctx); }),
                     "TaskContext::" + call + " was called and not awaited");
    }
}

Async<void> throws_between_call_and_await(TaskContext& ctx) {
    auto pending = ctx.send_status("on it");
    throw std::runtime_error("broken");
    co_await std::move(pending);
}

TEST_F(TaskContextTest, AnExceptionBetweenACallAndItsAwaitIsJustThat) {
    auto& server = serve(throws_between_call_and_await, {.show_failures = true});
    EXPECT_EQ(status_text(send(server, "hello")), "broken");
}
#endif

Async<void> emits_many(int& emitted, TaskContext& ctx) {
    for (emitted = 0; emitted < 100; ++emitted)
        co_await ctx.emit_text_artifact("x", "answer", true);
    co_await ctx.complete();
}
Async<void> notes_its_next_chance(int& emitted, int& seen) {
    while (emitted == 0) co_await yield();
    seen = emitted;
}

TEST_F(TaskContextTest, AHandlerThatOnlyEmitsLetsOthersRun) {
    int emitted = 0;
    int seen = -1;
    auto& server = serve([&](TaskContext& ctx) { return emits_many(emitted, ctx); });
    const TaskId task = create("hello");
    const RunOperation operation{task, 1};
    ASSERT_TRUE(server.broker->enqueue(operation, std::nullopt).await_resume());
    TaskGroup group;
    group.spawn(notes_its_next_chance(emitted, seen));
    loop.run_ready();
    EXPECT_LE(seen, 64);
    EXPECT_EQ(emitted, 100);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

}  // namespace
}  // namespace a2akit
