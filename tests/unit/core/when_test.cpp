#include <a2akit/core/when.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace a2akit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Log = std::vector<std::string>;

/// Notes when a coroutine's frame is gone.
class Trace {
public:
    Trace(Log& log, std::string name) : log_(log), name_(std::move(name)) {}
    ~Trace() { log_.push_back(name_ + " ended"); }
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

private:
    Log& log_;
    std::string name_;
};

Async<int> number_after(Duration span, int number) {
    co_await sleep(span);
    co_return number;
}
Async<void> sleeps(Log& log, std::string name, Duration span) {
    const Trace trace(log, name);
    co_await sleep(span);
    log.push_back(name + " slept");
}
Async<void> sleeps_deaf(Log& log, std::string name, Duration span) {
    const Trace trace(log, name);
    co_await sleep_for(span);
    log.push_back(name + " slept");
}
Async<int> throws_after(Duration span, std::string what) {
    co_await sleep(span);
    throw std::runtime_error(what);
}
Async<int> throws_now(std::string what) {
    throw std::runtime_error(what);
    co_return 0;
}
Async<std::string> ready(std::string text) { return text; }

class WhenTest : public ::testing::Test {
protected:
    /// How far the loop's time has moved.
    [[nodiscard]] Duration passed() const {
        return std::chrono::duration_cast<Duration>(loop.now() - begin_);
    }

    template <class T>
    std::string error_of(Async<T> coroutine) {
        try {
            (void)loop.await(std::move(coroutine));
        } catch (const std::exception& e) {
            return e.what();
        }
        return "nothing";
    }

    testing::ManualLoop loop;
    Log log;

private:
    SteadyTime begin_ = loop.now();
};

// -- when_all

TEST_F(WhenTest, AllRunAtATimeAndReturnInOrder) {
    auto [slow, text, quick, nothing] =
        loop.await(when_all(number_after(seconds(3), 1), ready("there already"),
                            number_after(seconds(1), 2), sleeps(log, "a", seconds(2))));
    EXPECT_EQ(slow, 1);
    EXPECT_EQ(text, "there already");
    EXPECT_EQ(quick, 2);
    EXPECT_EQ(nothing, std::monostate());
    EXPECT_EQ(passed(), seconds(3)) << "not the sum";
}

TEST_F(WhenTest, AllOfAVectorReturnAVector) {
    std::vector<Async<int>> children;
    for (int i = 0; i < 5; ++i) children.push_back(number_after(milliseconds(100 * (5 - i)), i));
    EXPECT_EQ(loop.await(when_all(std::move(children))), (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_TRUE(loop.await(when_all(std::vector<Async<int>>())).empty());
    std::vector<Async<void>> quiet;
    quiet.push_back(sleeps(log, "a", seconds(1)));
    quiet.push_back(sleeps(log, "b", seconds(2)));
    loop.await(when_all(std::move(quiet)));
    EXPECT_EQ(log, (Log{"a slept", "a ended", "b slept", "b ended"}));
}

TEST_F(WhenTest, AnExceptionIsThrownOnceTheSiblingsHaveEnded) {
    const auto thrown = error_of(
        when_all(sleeps(log, "a", seconds(60)), throws_after(seconds(1), "broken"),
                 sleeps_deaf(log, "b", seconds(5)), throws_after(seconds(2), "never comes to it")));
    EXPECT_EQ(thrown, "broken");
    EXPECT_EQ(passed(), seconds(5)) << "sleep is cut short, sleep_for is not";
    EXPECT_EQ(log, (Log{"a ended", "b slept", "b ended"}));
}

TEST_F(WhenTest, AnExceptionThatIsThrownImmediatelyStillStartsTheOthers) {
    EXPECT_EQ(error_of(when_all(throws_now("broken"), sleeps(log, "a", seconds(60)))), "broken");
    EXPECT_EQ(passed(), seconds(0));
    EXPECT_EQ(log, Log{"a ended"});
}

TEST_F(WhenTest, TheFirstExceptionIsTheOneThatIsThrown) {
    EXPECT_EQ(
        error_of(when_all(throws_after(seconds(2), "second"), throws_after(seconds(1), "first"))),
        "first");
}

// -- when_any

TEST_F(WhenTest, TheFirstOfAnyWinsAndTheOthersEnd) {
    const auto first = loop.await(when_any(
        sleeps(log, "a", seconds(60)), number_after(seconds(1), 7), sleeps(log, "b", seconds(60))));
    ASSERT_EQ(first.index(), 1U);
    EXPECT_EQ(std::get<1>(first), 7);
    EXPECT_EQ(passed(), seconds(1));
    EXPECT_EQ(log, (Log{"a ended", "b ended"}));
}

TEST_F(WhenTest, TwoOfOneKindAreToldApartByTheirIndex) {
    const auto first =
        loop.await(when_any(number_after(seconds(2), 1), number_after(seconds(1), 2)));
    EXPECT_EQ(first.index(), 1U);
    EXPECT_EQ(std::get<1>(first), 2);
}

TEST_F(WhenTest, AnyOfAVectorSaysWhichOne) {
    std::vector<Async<int>> children;
    for (int i = 0; i < 5; ++i)
        children.push_back(number_after(milliseconds(100 * (5 - i)), 10 * i));
    const auto first = loop.await(when_any(std::move(children)));
    EXPECT_EQ(first.index, 4U);
    EXPECT_EQ(first.value, 40);
    EXPECT_THROW(loop.await(when_any(std::vector<Async<int>>())), std::invalid_argument);
}

TEST_F(WhenTest, ALoserThatDoesNotListenIsAwaited) {
    const auto first =
        loop.await(when_any(number_after(seconds(1), 7), sleeps_deaf(log, "a", seconds(5))));
    EXPECT_EQ(first.index(), 0U);
    EXPECT_EQ(passed(), seconds(5)) << "nothing outlives the call";
    EXPECT_EQ(log, (Log{"a slept", "a ended"}));
}

TEST_F(WhenTest, WhenTheFirstToEndThrowsSoDoesAny) {
    EXPECT_EQ(error_of(when_any(throws_after(seconds(1), "broken"), sleeps(log, "a", seconds(60)))),
              "broken");
    EXPECT_EQ(log, Log{"a ended"});
}

Async<void> throws_when_cancelled() {
    try {
        co_await sleep(seconds(60));
    } catch (const Cancelled&) {
        throw std::runtime_error("while tidying up");
    }
}

TEST_F(WhenTest, TheExceptionOfALoserIsDropped) {
    const auto first = loop.await(when_any(number_after(seconds(1), 7), throws_when_cancelled()));
    EXPECT_EQ(first.index(), 0U);
}

Async<std::string> at_most(Async<int> work, Duration span) {
    const auto first = co_await when_any(std::move(work), sleep(span));
    co_return first.index() == 0 ? std::to_string(std::get<0>(first)) : "too late";
}

TEST_F(WhenTest, AnyWithASleepIsATimeLimit) {
    EXPECT_EQ(loop.await(at_most(number_after(seconds(1), 7), seconds(2))), "7");
    EXPECT_EQ(passed(), seconds(1));
    EXPECT_EQ(loop.await(at_most(number_after(seconds(5), 7), seconds(2))), "too late");
    EXPECT_EQ(passed(), seconds(3));
}

// -- Asking to end early reaches everything below

Async<void> nests(Log& log) {
    const Trace trace(log, "parent");
    (void)co_await when_all(sleeps(log, "a", seconds(60)),
                            when_any(sleeps(log, "b", seconds(60)), sleep(seconds(90))));
    log.push_back("not reached");
}

TEST_F(WhenTest, ACancelReachesTheChildrenOfChildren) {
    (void)loop.await(when_any(number_after(seconds(1), 7), nests(log)));
    EXPECT_EQ(passed(), seconds(1));
    EXPECT_EQ(log, (Log{"a ended", "b ended", "parent ended"}));
}

Async<void> goes_on_after_the_cancel(Log& log) {
    try {
        co_await sleep(seconds(60));
    } catch (const Cancelled&) {
        log.push_back("cancelled");
    }
    // What does not wait, or waits regardless, is carried out.
    (void)co_await when_all(sleeps_deaf(log, "a", seconds(1)), number_after(seconds(0), 1));
    log.push_back("not reached");
}

TEST_F(WhenTest, OnceAskedToEndEverySleepThrows) {
    (void)loop.await(when_any(number_after(seconds(1), 7), goes_on_after_the_cancel(log)));
    EXPECT_EQ(log, (Log{"cancelled", "a slept", "a ended"}));
}

TEST_F(WhenTest, WithoutAnybodyToCancelItASleepIsASleep) {
    loop.await(sleep(seconds(2)));
    EXPECT_EQ(passed(), seconds(2));
}

// -- Misuse

#ifndef NDEBUG
Async<int> awaits_twice(Async<int> once) {
    const int first = co_await std::move(once);
    co_return first + co_await std::move(once);  // NOLINT
}
Async<void> awaits_twice_without_value(Async<void> once) {
    co_await std::move(once);
    co_await std::move(once);  // NOLINT
}
Async<void> awaits_what_was_moved(Async<void> from) {
    const Async<void> to = std::move(from);
    co_await std::move(from);  // NOLINT
}

using WhenDeathTest = WhenTest;

TEST_F(WhenDeathTest, AwaitingTwiceIsAsserted) {
    EXPECT_DEATH(loop.await(awaits_twice(number_after(seconds(1), 1))), "an Async is awaited once");
    EXPECT_DEATH(loop.await(awaits_twice(1)), "an Async is awaited once");
    EXPECT_DEATH(loop.await(awaits_twice_without_value(sleep(seconds(1)))),
                 "an Async is awaited once");
    EXPECT_DEATH(loop.await(awaits_twice_without_value({})), "an Async is awaited once");
    EXPECT_DEATH(loop.await(awaits_what_was_moved({})), "an Async is awaited once");
}
#endif

}  // namespace
}  // namespace a2akit
