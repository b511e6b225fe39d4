#include "core/later.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace a2akit {
namespace {

using std::chrono::milliseconds;
using testing::ManualLoop;

Async<int> answer() { co_return 42; }
Async<int> twice(Async<int> value) { co_return 2 * co_await std::move(value); }
Async<int> throws() {
    throw std::runtime_error("no answer");
    co_return 0;
}

TEST(AsyncTest, AwaitsNestedCoroutines) {
    ManualLoop loop;
    EXPECT_EQ(loop.await(twice(answer())), 84);
}

TEST(AsyncTest, AReadyValueNeedsNoCoroutine) {
    Async<int> ready(7);
    EXPECT_TRUE(ready.await_ready());
    EXPECT_EQ(ready.await_resume(), 7);
}

TEST(AsyncTest, AReadyValueIsMadeAndReadInItsPlace) {
    Async<std::string> made(std::in_place, 3, 'x');
    std::string* const value = made.ready();
    ASSERT_NE(value, nullptr);
    *value += "y";
    EXPECT_EQ(made.await_resume(), "xxxy");
    Async<int> pending = answer();
    EXPECT_EQ(pending.ready(), nullptr) << "not there before it is awaited";
}

TEST(AsyncTest, AnExceptionReachesTheAwaiter) {
    ManualLoop loop;
    EXPECT_THROW(loop.await(twice(throws())), std::runtime_error);
}

Async<void> note_after(Duration span, std::vector<std::string>& notes, std::string note) {
    co_await sleep_for(span);
    notes.push_back(std::move(note));
}

TEST(LoopTest, TimersFireInOrderOfTheirTimes) {
    ManualLoop loop;
    std::vector<std::string> notes;
    TaskGroup group;
    group.spawn(note_after(milliseconds(30), notes, "c"));
    group.spawn(note_after(milliseconds(10), notes, "a"));
    group.spawn(note_after(milliseconds(20), notes, "b"));
    loop.advance(milliseconds(20));
    EXPECT_EQ(notes, (std::vector<std::string>{"a", "b"}));
    loop.advance(milliseconds(10));
    EXPECT_EQ(notes.size(), 3U);
    EXPECT_EQ(group.size(), 0U);
}

TEST(LoopTest, ASpanOfAnyLengthLeadsToALaterTime) {
    const SteadyTime now = SteadyTime::clock::now();
    EXPECT_EQ(later(now, milliseconds(5)), now + milliseconds(5));
    EXPECT_EQ(later(now, Duration::max()), SteadyTime::max());
    EXPECT_EQ(later(now, std::chrono::years(10'000)), SteadyTime::max());
    EXPECT_EQ(later(now, milliseconds(-5)), now);
    EXPECT_EQ(later(now, Duration::min()), now);
}

Async<void> wait_for(Signal& signal, SteadyTime until, std::optional<bool>& seen) {
    seen = co_await signal.wait_until(until);
}

TEST(SignalTest, WakesItsWaiter) {
    ManualLoop loop;
    Signal signal;
    std::optional<bool> seen;
    TaskGroup group;
    group.spawn(wait_for(signal, loop.now() + milliseconds(100), seen));
    loop.run_ready();
    EXPECT_FALSE(seen);
    signal.set();
    EXPECT_FALSE(seen) << "set must not run the waiter in place";
    loop.run_ready();
    EXPECT_EQ(seen, true);
}

TEST(SignalTest, TheWaitEndsWhenTheTimeIsUp) {
    ManualLoop loop;
    Signal signal;
    std::optional<bool> seen;
    TaskGroup group;
    group.spawn(wait_for(signal, loop.now() + milliseconds(100), seen));
    loop.advance(milliseconds(99));
    EXPECT_FALSE(seen);
    loop.advance(milliseconds(1));
    EXPECT_EQ(seen, false);
    signal.set();  // nobody waits any more
    loop.run_ready();
    EXPECT_TRUE(signal.is_set());
}

TEST(SignalTest, ASignalRaisedBeforeTheWaitIsSeen) {
    ManualLoop loop;
    Signal signal;
    signal.set();
    std::optional<bool> seen;
    TaskGroup group;
    group.spawn(wait_for(signal, loop.now() + milliseconds(1), seen));
    EXPECT_EQ(seen, true);
}

Async<void> wait_for_either(Signal& one, Signal& other, int& returned) {
    co_await Signal::either(one, other);
    ++returned;
}

TEST(SignalTest, OneOfTwoIsEnough) {
    for (const bool first : {true, false}) {
        ManualLoop loop;
        Signal one;
        Signal other;
        int returned = 0;
        TaskGroup group;
        group.spawn(wait_for_either(one, other, returned));
        loop.run_ready();
        EXPECT_EQ(returned, 0);
        (first ? one : other).set();
        loop.run_ready();
        EXPECT_EQ(returned, 1);
        (first ? other : one).set();  // nobody waits any more
        loop.run_ready();
        EXPECT_EQ(returned, 1);
    }
}

TEST(SignalTest, BothAtOnceReturnOnce) {
    ManualLoop loop;
    Signal one;
    Signal other;
    int returned = 0;
    TaskGroup group;
    group.spawn(wait_for_either(one, other, returned));
    other.set();
    one.set();
    loop.run_ready();
    EXPECT_EQ(returned, 1);
    group.spawn(wait_for_either(one, other, returned));
    EXPECT_EQ(returned, 2) << "both are raised";
    one.reset();
    group.spawn(wait_for_either(one, other, returned));
    EXPECT_EQ(returned, 3) << "one of them is raised";
}

TEST(SignalTest, EitherIsRaisedFromAnyThread) {
    ManualLoop loop;
    for (int round = 0; round < 500; ++round) {
        Signal one;
        Signal other;
        int returned = 0;
        TaskGroup group;
        std::thread first([&] { one.set(); });
        std::thread second([&] { other.set(); });
        group.spawn(wait_for_either(one, other, returned));
        first.join();
        second.join();
        loop.run_ready();
        EXPECT_EQ(returned, 1);
    }
}

Async<void> wait_for_either_until(Signal& one, Signal& other, SteadyTime until,
                                  std::optional<bool>& raised) {
    raised = co_await Signal::either(one, other, until);
}

TEST(SignalTest, EitherReturnsWhenTheTimeIsUp) {
    ManualLoop loop;
    Signal one;
    Signal other;
    std::optional<bool> raised;
    TaskGroup group;
    group.spawn(wait_for_either_until(one, other, loop.now() + milliseconds(10), raised));
    loop.advance(milliseconds(9));
    EXPECT_EQ(raised, std::nullopt);
    loop.advance(milliseconds(1));
    EXPECT_EQ(raised, false);
    one.set();  // nobody waits any more
    loop.run_ready();
    raised.reset();
    group.spawn(wait_for_either_until(one, other, loop.now() + milliseconds(10), raised));
    EXPECT_EQ(raised, true) << "one of them is raised";
}

TEST(SignalTest, EitherThatIsRaisedHasNoTimerLeft) {
    for (const bool first : {true, false}) {
        ManualLoop loop;
        Signal one;
        Signal other;
        std::optional<bool> raised;
        TaskGroup group;
        group.spawn(wait_for_either_until(one, other, loop.now() + milliseconds(10), raised));
        (first ? one : other).set();
        loop.run_ready();
        EXPECT_EQ(raised, true);
        raised.reset();
        loop.advance(milliseconds(20));
        EXPECT_EQ(raised, std::nullopt);
    }
}

Async<void> join(TaskGroup& group, bool& joined) {
    co_await group.join();
    joined = true;
}

TEST(TaskGroupTest, JoinWaitsForTheLast) {
    ManualLoop loop;
    std::vector<std::string> notes;
    TaskGroup group;
    TaskGroup outer;
    bool joined = false;
    group.spawn(note_after(milliseconds(10), notes, "a"));
    group.spawn(note_after(milliseconds(20), notes, "b"));
    outer.spawn(join(group, joined));
    loop.advance(milliseconds(10));
    EXPECT_FALSE(joined);
    loop.advance(milliseconds(10));
    EXPECT_TRUE(joined);
}

Async<void> yields(std::vector<int>& order, int first, int second) {
    order.push_back(first);
    co_await yield();
    order.push_back(second);
}

TEST(LoopTest, YieldLetsTheOthersRunFirst) {
    ManualLoop loop;
    std::vector<int> order;
    TaskGroup group;
    group.spawn(yields(order, 1, 3));
    group.spawn(yields(order, 2, 4));
    loop.run_ready();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace a2akit
