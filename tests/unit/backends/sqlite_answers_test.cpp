#include "backends/sqlite/operation.hpp"
#include "core/end_of_turn.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace a2akit::sqlite {
namespace {

class Waiting final : public Operation {
public:
    void fail(Error) noexcept override {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) {
        return wait(waiter, [] {});
    }
    void await_resume() const noexcept {}
};

Async<void> note(Waiting& answer, std::string& order, std::string name,
                 std::chrono::milliseconds work) {
    co_await answer;
    const auto end = std::chrono::steady_clock::now() + work;
    while (std::chrono::steady_clock::now() < end) {
    }
    order += name;
}

struct Other : Work {
    explicit Other(std::string& to) noexcept
        : Work([](Work& work) noexcept { static_cast<Other&>(work).order += " other"; }),
          order(to) {}
    std::string& order;
};

TEST(SqliteAnswersTest, ALoopDoesOtherWorkBetweenAnswersThatTakeLong) {
    testing::ManualLoop loop;
    std::string order;
    Waiting first;
    Waiting second;
    TaskGroup group;
    group.spawn(note(first, order, "first", std::chrono::milliseconds(3)));
    group.spawn(note(second, order, " second", std::chrono::milliseconds(0)));
    set_post_at_end_of_turn(&loop, [](Loop& at, Work& work) noexcept { at.post(work); });
    std::atomic<std::int64_t> unanswered{2};
    {
        Answers answers(unanswered);
        answers.add(first);
        answers.add(second);
    }
    Other other(order);
    loop.post(other);
    loop.run_ready();
    set_post_at_end_of_turn(nullptr, nullptr);
    EXPECT_EQ(order, "first other second");
    EXPECT_EQ(unanswered, 0);
}

TEST(SqliteAnswersTest, TheyAreTakenUpAtTheEndOfTheTurnInWhichTheyWereDelivered) {
    testing::ManualLoop loop;
    std::string order;
    Waiting waiting;
    TaskGroup group;
    group.spawn(note(waiting, order, "delivered", std::chrono::milliseconds(0)));
    static Work* last = nullptr;
    set_post_at_end_of_turn(&loop, [](Loop&, Work& work) noexcept { last = &work; });
    std::atomic<std::int64_t> unanswered{1};
    const auto taken_up = std::make_shared<TakenUp>();
    const std::chrono::steady_clock::time_point at_once{};
    Answers answers(unanswered);
    answers.add(waiting);
    answers.send(taken_up);
    EXPECT_FALSE(taken_up->wait_until(at_once));
    loop.run_ready();
    set_post_at_end_of_turn(nullptr, nullptr);
    EXPECT_EQ(order, "delivered");
    EXPECT_FALSE(taken_up->wait_until(at_once)) << "the turn has not ended";
    ASSERT_NE(last, nullptr);
    last->run(*last);
    EXPECT_TRUE(taken_up->wait_until(at_once));
}

}  // namespace
}  // namespace a2akit::sqlite
