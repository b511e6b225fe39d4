// How an author tests a worker: the agent is the real one, but there is no socket, and time is virtual. A wait of a day
// takes none.

#include <a2akit/core/loop.hpp>
#include <a2akit/testing/agent_harness.hpp>

#include <gtest/gtest.h>

#include <chrono>

class ReminderWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string what(ctx.user_text());
        if (what.empty()) {
            co_await ctx.reject("Say what you want to be reminded of.");
            co_return;
        }
        co_await ctx.send_status("I will tell you tomorrow.");
        co_await a2akit::sleep_for(std::chrono::hours(24));
        if (ctx.is_cancelled()) co_return;
        co_await ctx.complete("Remember: " + what);
    }
};

class ReminderTest : public ::testing::Test {
protected:
    a2akit::testing::AgentHarness agent{std::make_shared<ReminderWorker>()};
};

TEST_F(ReminderTest, RemindsADayLater) {
    const a2akit::Task task = agent.start("the milk");
    agent.advance(std::chrono::hours(23));
    EXPECT_EQ(agent.get_task(task.id).status.state, a2akit::TaskState::kWorking);
    agent.advance(std::chrono::hours(2));
    EXPECT_EQ(agent.get_task(task.id).text(), "Remember: the milk");
}

TEST_F(ReminderTest, RejectsAnEmptyWish) {
    EXPECT_EQ(agent.send("").status.state, a2akit::TaskState::kRejected);
}

TEST_F(ReminderTest, ForgetsAWishThatWasCancelled) {
    const a2akit::Task task = agent.start("the milk");
    agent.advance(std::chrono::hours(1));
    EXPECT_FALSE(a2akit::is_terminal(agent.cancel(task.id).status.state));
    agent.advance(std::chrono::hours(24));
    EXPECT_EQ(agent.get_task(task.id).status.state, a2akit::TaskState::kCanceled);
}
