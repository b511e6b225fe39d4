#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace a2akit {
namespace {

using std::chrono::seconds;
using test_support::ThreadLoop;
using testing::FakeClock;
using testing::ManualLoop;

constexpr Lease kLease = seconds(15);

Async<void> take_one(Broker::Receiver& receiver, std::vector<std::unique_ptr<Delivery>>& taken) {
    auto delivery = co_await receiver.receive();
    if (delivery) taken.push_back(std::move(delivery));
}

Async<void> take_all(Broker::Receiver& receiver, std::vector<std::unique_ptr<Delivery>>& taken) {
    while (auto delivery = co_await receiver.receive()) taken.push_back(std::move(delivery));
}

RunOperation any_operation() { return {TaskId::generate(), 1}; }

class MemoryBrokerTest : public ::testing::Test {
protected:
    std::unique_ptr<Broker::Receiver> receiver() { return broker_.receiver(NodeId::generate(), kLease); }
    // Runs nothing on the loop: the answer is there at once.
    void enqueue(RunOperation operation) {
        EXPECT_TRUE(broker_.enqueue(operation, std::nullopt).await_resume());
    }

    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    ManualLoop loop_{clock_};
    MemoryBroker broker_{clock_};
    std::vector<std::unique_ptr<Delivery>> here_;
    std::vector<std::unique_ptr<Delivery>> there_;
};

TEST_F(MemoryBrokerTest, ABurstStaysOnItsLoopWhileThatLoopTakesIt) {
    auto local = receiver();
    TaskGroup group;
    group.spawn(take_all(*local, here_));
    ThreadLoop other;
    std::unique_ptr<Broker::Receiver> remote;
    other.call([&] { remote = receiver(); });
    const auto running = other.start([&] { return take_all(*remote, there_); });
    for (int i = 0; i < 8; ++i) enqueue(any_operation());
    loop_.run_ready();
    EXPECT_EQ(here_.size(), 8U);
    local->close();
    loop_.run_ready();
    other.call([&] { remote->close(); });
    other.call([] {});
    EXPECT_EQ(there_.size(), 0U);
    other.call([&] { remote.reset(); });
}

TEST_F(MemoryBrokerTest, WhatTheLocalReceiverHasNoRoomForGoesToOneThatWaitsElsewhere) {
    auto local = receiver();
    ThreadLoop other;
    std::unique_ptr<Broker::Receiver> remote;
    other.call([&] { remote = receiver(); });
    TaskGroup group;
    group.spawn(take_one(*local, here_));
    {
        const auto running = other.start([&] { return take_one(*remote, there_); });
        enqueue(any_operation());
        enqueue(any_operation());
        loop_.run_ready();  // takes one and has no room for the second
    }
    EXPECT_EQ(here_.size(), 1U);
    EXPECT_EQ(there_.size(), 1U);
    other.call([&] { remote.reset(); });
}

TEST_F(MemoryBrokerTest, AReceiverTakesWhatAnotherLeavesLying) {
    auto full = receiver();
    auto idle = receiver();
    enqueue(any_operation());
    enqueue(any_operation());
    TaskGroup group;
    group.spawn(take_all(*idle, here_));
    loop_.run_ready();
    EXPECT_EQ(here_.size(), 2U);
    idle->close();
    loop_.run_ready();
}

TEST_F(MemoryBrokerTest, StopsWhenTheLastOfItsServersStops) {
    ASSERT_TRUE(loop_.await(broker_.start()));
    ASSERT_TRUE(loop_.await(broker_.start()));
    auto one = receiver();
    TaskGroup group;
    group.spawn(take_all(*one, here_));
    ASSERT_TRUE(loop_.await(broker_.stop(loop_.now())));
    enqueue(any_operation());
    loop_.run_ready();
    EXPECT_EQ(here_.size(), 1U);
    EXPECT_EQ(group.size(), 1U);
    ASSERT_TRUE(loop_.await(broker_.stop(loop_.now())));
    loop_.run_ready();
    EXPECT_EQ(group.size(), 0U);
}

TEST_F(MemoryBrokerTest, ADelayedEntryWakesAReceiverThatWaitsThoughAnotherWasToWakeForIt) {
    auto first = receiver();
    auto second = receiver();
    TaskGroup group;
    group.spawn(take_one(*first, here_));
    group.spawn(take_one(*second, there_));
    const RunOperation later = any_operation();
    ASSERT_TRUE(loop_.await(broker_.enqueue(later, clock_->now() + seconds(5))));
    enqueue(any_operation());  // takes one of the two out of waiting
    loop_.run_ready();
    EXPECT_EQ(here_.size() + there_.size(), 1U);
    loop_.advance(seconds(5));
    ASSERT_EQ(here_.size() + there_.size(), 2U);
    EXPECT_EQ(group.size(), 0U);
}

TEST_F(MemoryBrokerTest, AnEntryHandedToAReceiverThatClosesGoesToAnother) {
    auto first = receiver();
    auto second = receiver();
    TaskGroup group;
    group.spawn(take_one(*first, here_));
    enqueue(any_operation());
    first->close();  // before its coroutine ran
    group.spawn(take_one(*second, there_));
    loop_.run_ready();
    EXPECT_EQ(here_.size(), 0U);
    EXPECT_EQ(there_.size(), 1U);
}

TEST(MemoryCancelRegistryTest, SignalsThatNobodyForgetsStayBounded) {
    ManualLoop loop;
    MemoryCancelRegistry registry;
    for (int i = 0; i < 200'000; ++i) {
        ASSERT_TRUE(loop.await(registry.request_cancel(TaskId::generate())));
    }
    const TaskId last = TaskId::generate();
    ASSERT_TRUE(loop.await(registry.request_cancel(last)));
    auto scope = loop.await(registry.watch(last));
    EXPECT_TRUE((*scope)->is_cancelled());
}

TEST(MemoryEventBusTest, WatchedNamesATaskOnceWhoeverWatches) {
    ManualLoop loop;
    MemoryEventBus bus;
    const TaskId task = TaskId::generate();
    auto one = loop.await(bus.subscribe(task, Interest::kEveryEvent));
    auto two = loop.await(bus.subscribe(task, Interest::kTurnEnds));
    EXPECT_EQ(bus.watched(), std::vector<TaskId>{task});
    one->reset();
    two->reset();
    EXPECT_TRUE(bus.watched().empty());
}

}  // namespace
}  // namespace a2akit
