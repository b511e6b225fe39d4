#include "net/asio_loop.hpp"

#include "core/end_of_turn.hpp"
#include "net/loop_group.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::net {
namespace {

using std::chrono::milliseconds;

Async<void> note(std::vector<int>& notes, int what) {
    notes.push_back(what);
    co_return;
}

Async<void> note_around_yield(std::vector<int>& notes, int what) {
    notes.push_back(what);
    co_await yield();
    notes.push_back(what + 10);
}

Async<void> two_that_yield(std::vector<int>& notes) {
    TaskGroup group;
    group.spawn(note_around_yield(notes, 1));
    group.spawn(note_around_yield(notes, 2));
    co_await group.join();
}

TEST(AsioLoopTest, YieldLetsWhatIsReadyRunFirst) {
    LoopGroup loops(1);
    std::vector<int> notes;
    run_on(loops[0], two_that_yield(notes));
    EXPECT_EQ(notes, (std::vector<int>{1, 2, 11, 12}));
}

Async<void> note_at_the_end(AsioLoop& loop, std::vector<int>& notes, int what) {
    co_await end_of_turn(loop);
    notes.push_back(what);
}

Async<void> some_at_the_end(AsioLoop& loop, std::vector<int>& notes) {
    TaskGroup group;
    group.spawn(note_at_the_end(loop, notes, 1));
    group.spawn(note_around_yield(notes, 2));
    group.spawn(note_at_the_end(loop, notes, 3));
    co_await group.join();
}

TEST(AsioLoopTest, TheEndOfATurnComesBehindAllThatIsReady) {
    LoopGroup loops(1);
    std::vector<int> notes;
    run_on(loops[0], some_at_the_end(loops[0], notes));
    EXPECT_EQ(notes, (std::vector<int>{2, 12, 1, 3}));
}

struct NoteOne : Work {
    explicit NoteOne(std::vector<int>& to) noexcept
        : Work([](Work& work) noexcept { static_cast<NoteOne&>(work).notes.push_back(1); }),
          notes(to) {}
    std::vector<int>& notes;
};

Async<void> work_at_the_end(AsioLoop& loop, std::vector<int>& notes) {
    NoteOne one(notes);
    EXPECT_TRUE(post_at_end_of_turn(one));
    TaskGroup group;
    group.spawn(note_around_yield(notes, 2));
    co_await group.join();
    co_await end_of_turn(loop);
}

TEST(AsioLoopTest, WhoeverRunsOnALoopPostsToTheEndOfItsTurn) {
    std::vector<int> notes;
    {
        LoopGroup loops(1);
        run_on(loops[0], work_at_the_end(loops[0], notes));
    }
    EXPECT_EQ(notes, (std::vector<int>{2, 12, 1}));
    NoteOne one(notes);
    EXPECT_FALSE(post_at_end_of_turn(one)) << "this thread has no loop";
}

Async<void> yield_until_set(const bool& done) {
    while (!done) co_await yield();
}

Async<void> set_at_the_end(AsioLoop& loop, bool& done) {
    co_await end_of_turn(loop);
    done = true;
}

Async<void> an_end_beside_work_that_never_ends(AsioLoop& loop) {
    bool done = false;
    TaskGroup group;
    group.spawn(set_at_the_end(loop, done));
    group.spawn(yield_until_set(done));
    co_await group.join();
}

TEST(AsioLoopTest, WorkThatNeverEndsDoesNotKeepTheEndOfATurnWaiting) {
    LoopGroup loops(1);
    run_on(loops[0], an_end_beside_work_that_never_ends(loops[0]));
}

TEST(AsioLoopTest, RunOnThrowsWhatTheCoroutineThrew) {
    struct Throw {
        static Async<void> it() {
            throw std::runtime_error("no");
            co_return;
        }
    };
    LoopGroup loops(1);
    EXPECT_THROW(run_on(loops[0], Throw::it()), std::runtime_error);
    std::vector<int> notes;
    run_on(loops[0], note(notes, 1));
    EXPECT_EQ(notes.size(), 1U);
}

struct Counted : Work {
    explicit Counted(std::vector<int>& o, int n) noexcept
        : Work([](Work& work) noexcept {
              auto& self = static_cast<Counted&>(work);
              self.order.push_back(self.number);
          }),
          order(o),
          number(n) {}
    std::vector<int>& order;
    int number;
};

TEST(AsioLoopTest, WorkOfOneForeignThreadRunsInItsOrder) {
    std::vector<int> order;
    std::vector<std::unique_ptr<Counted>> works;
    for (int i = 0; i < 1000; ++i) works.push_back(std::make_unique<Counted>(order, i));
    LoopGroup loops(1);
    for (auto& work : works) loops[0].post(*work);
    std::vector<int> ignored;
    run_on(loops[0], note(ignored, 0));
    ASSERT_EQ(order.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

Async<void> hop(LoopGroup& loops, int rounds, std::atomic<int>& hops) {
    Loop& home = *Loop::current();
    for (int i = 0; i < rounds; ++i) {
        co_await resume_on(loops[static_cast<std::size_t>(i) % loops.size()]);
        hops.fetch_add(1, std::memory_order_relaxed);
    }
    co_await resume_on(home);
}

Async<void> many_hops(LoopGroup& loops, std::atomic<int>& hops) {
    TaskGroup group;
    for (int i = 0; i < 50; ++i) group.spawn(hop(loops, 200, hops));
    co_await group.join();
}

TEST(AsioLoopTest, CoroutinesHopBetweenFourLoopsWithoutLosingAWakeUp) {
    LoopGroup loops(4);
    std::atomic<int> hops{0};
    run_on(loops[0], many_hops(loops, hops));
    EXPECT_EQ(hops.load(), 50 * 200);
}

Async<void> measure(Duration span, Duration& took) {
    const SteadyTime start = Loop::current()->now();
    co_await sleep_for(span);
    took = std::chrono::ceil<milliseconds>(Loop::current()->now() - start);
}

TEST(AsioLoopTest, ATimerIsNeverEarly) {
    LoopGroup loops(1);
    Duration took{};
    run_on(loops[0], measure(milliseconds(15), took));
    EXPECT_GE(took, milliseconds(15));
}

Async<void> set_after(Duration span, bool& done) {
    co_await sleep_for(span);
    done = true;
}

Async<void> spin_beside_a_timer() {
    bool done = false;
    TaskGroup group;
    group.spawn(set_after(milliseconds(1), done));
    group.spawn(yield_until_set(done));
    co_await group.join();
}

TEST(AsioLoopTest, WorkThatNeverEndsDoesNotKeepTimersWaiting) {
    LoopGroup loops(1);
    run_on(loops[0], spin_beside_a_timer());
}

Async<void> wait_for(Signal& signal) { co_await signal.wait(); }

TEST(AsioLoopTest, ASignalFromAnotherThreadWakesTheLoop) {
    LoopGroup loops(1);
    Signal signal;
    std::jthread other([&] { signal.set(); });
    run_on(loops[0], wait_for(signal));
}

TEST(LoopGroupTest, LoopsThatSeveralThreadsLeaveRunningStillRun) {
    std::vector<AsioLoop*> left(4);
    {
        std::vector<std::jthread> threads;
        for (AsioLoop*& loop : left) {
            threads.emplace_back([&loop] {
                auto loops = std::make_unique<LoopGroup>(1);
                loop = &(*loops)[0];
                leave_running(std::move(loops));
            });
        }
    }
    std::vector<int> notes;
    for (AsioLoop* loop : left) run_on(*loop, note(notes, 1));
    EXPECT_EQ(notes.size(), left.size());
}

TEST(AsioLoopTest, ThereIsAtLeastOneCore) { EXPECT_GE(available_cores(), 1U); }

}  // namespace
}  // namespace a2akit::net
