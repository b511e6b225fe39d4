#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
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
    std::unique_ptr<Broker::Receiver> receiver(int slots = 0) {
        return broker_.receiver(NodeId::generate(), kLease, slots);
    }
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

TEST_F(MemoryBrokerTest, EntriesBeyondTheLocalReceiversRoomGoToOneThatWaitsElsewhere) {
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

/// Owners that share the slots of one node.
class SharedSlotsTest : public MemoryBrokerTest {
protected:
    static constexpr int kSlots = 8;
    static RunOperation of(const std::string& owner, const std::string& tenant = "") {
        return {TaskId::generate(), 1, owner_key({owner, tenant, false})};
    }
    void enqueue(int count, const std::string& owner, const std::string& tenant = "") {
        for (int i = 0; i < count; ++i) MemoryBrokerTest::enqueue(of(owner, tenant));
        loop_.run_ready();
    }
    /// How many of the deliveries that are not answered are the owner's.
    [[nodiscard]] int running(const std::string& owner) const {
        return static_cast<int>(
            std::count_if(here_.begin(), here_.end(), [&](const auto& delivery) {
                return delivery && delivery->operation().owner == of(owner).owner;
            }));
    }
    void ack_one(const std::string& owner) {
        for (auto& delivery : here_) {
            if (!delivery || delivery->operation().owner != of(owner).owner) continue;
            EXPECT_TRUE(delivery->ack().await_resume());
            delivery.reset();
            return loop_.run_ready();
        }
        ADD_FAILURE() << "nothing of this owner runs";
    }

    std::unique_ptr<Broker::Receiver> receiver_ = receiver(kSlots);
    TaskGroup group_;
};

TEST_F(SharedSlotsTest, OneOwnerAloneMayHaveAll) {
    group_.spawn(take_all(*receiver_, here_));
    enqueue(20, "alice");
    EXPECT_EQ(running("alice"), kSlots);
    for (int acked = 0; acked < 20; ++acked) ack_one("alice");
    EXPECT_EQ(running("alice"), 0);
    receiver_->close();
    loop_.run_ready();
}

TEST_F(SharedSlotsTest, WhereTwoAreKnownNoneHasMoreThanThreeQuarters) {
    group_.spawn(take_all(*receiver_, here_));
    enqueue(1, "bob");
    enqueue(20, "alice");
    EXPECT_EQ(running("alice"), 6);
    enqueue(2, "bob");
    EXPECT_EQ(running("bob"), 3) << "at once, whatever of alice's waits";
    ack_one("bob");
    EXPECT_EQ(running("alice"), 6);
    ack_one("alice");
    EXPECT_EQ(running("alice"), 6) << "the next of hers follows";
    receiver_->close();
    loop_.run_ready();
}

TEST_F(SharedSlotsTest, AnOwnersTenantsShareWhatItMayHave) {
    group_.spawn(take_all(*receiver_, here_));
    enqueue(1, "bob");
    for (int i = 0; i < 20; ++i) enqueue(1, "alice", "tenant " + std::to_string(i));
    EXPECT_EQ(running("alice"), 6);
    receiver_->close();
    loop_.run_ready();
}

TEST_F(SharedSlotsTest, AnEntryThatIsPutBackOrDroppedMakesRoomForAnotherOwnersAndItsOwn) {
    group_.spawn(take_all(*receiver_, here_));
    enqueue(1, "bob");
    enqueue(7, "alice");
    ASSERT_EQ(running("alice"), 6);
    for (auto& delivery : here_) {
        if (delivery->operation().owner == of("bob").owner) continue;
        EXPECT_TRUE(delivery->nack(seconds(1)).await_resume());
        delivery.reset();
        break;
    }
    loop_.run_ready();
    EXPECT_EQ(running("alice"), 6) << "the seventh";
    ack_one("alice");
    loop_.advance(seconds(1));
    EXPECT_EQ(running("alice"), 6) << "the one that was put back";
    receiver_->close();
    loop_.run_ready();
}

TEST_F(SharedSlotsTest, WhenSlotsAreScarceOwnersTakeTurns) {
    enqueue(3, "bob");
    for (int i = 0; i < 3; ++i) loop_.await(take_one(*receiver_, here_));
    enqueue(1, "alice");
    loop_.await(take_one(*receiver_, here_));
    ASSERT_EQ(here_.size(), 4U) << "half of the slots";
    enqueue(20, "alice");
    enqueue(20, "bob");
    enqueue(1, "carol");
    std::string order;
    for (int i = 0; i < 12; ++i) {
        loop_.await(take_one(*receiver_, there_));
        order += there_.back()->operation().owner == of("alice").owner ? 'a'
                 : there_.back()->operation().owner == of("bob").owner ? 'b'
                                                                       : 'c';
        EXPECT_TRUE(there_.back()->ack().await_resume());
    }
    EXPECT_LT(order.find('c'), 6U) << order;
    const auto alices = std::count(order.begin(), order.end(), 'a');
    const auto bobs = std::count(order.begin(), order.end(), 'b');
    EXPECT_LE(std::abs(alices - bobs), 1) << order;
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
