#pragma once

#include <a2akit/broker/broker.hpp>
#include <a2akit/testing/contract_case.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::testing {

/// The harness that a backend supplies to run BrokerContract.
class BrokerHarness : public PortHarness {
public:
    /// The broker under test, made by the first call.
    [[nodiscard]] virtual Broker& broker() = 0;
    /// The broker of another node on the same queue; the same one, where there is only one process.
    [[nodiscard]] virtual Broker& other_node() { return broker(); }
    /// When an entry whose delivery was dropped without an answer is delivered again, at the
    /// latest.
    [[nodiscard]] virtual Duration redelivered_within() const { return Duration::zero(); }
};

/// The behaviour of every Broker. Include in one source file per backend and instantiate; see
/// ContractCase.
class BrokerContract : public ::testing::TestWithParam<ContractCase<BrokerHarness>> {
protected:
    using Deliveries = std::vector<std::unique_ptr<Delivery>>;

    /// A receiver with a coroutine that receives up to `room` entries, or until it is closed.
    struct Consumer {
        std::unique_ptr<Broker::Receiver> receiver;
        Deliveries got;
        std::size_t room = 0;
        bool ended = false;
        int slots = 0;  ///< Of its node; each delivery that is not answered takes one.
        Signal answered;
        TaskGroup group;
    };

    void SetUp() override { EXPECT_TRUE(ok(loop_.await(broker().start()))); }
    void TearDown() override {
        for (auto& one : consumers_) {
            one->receiver->close();
            one->slots = 0;
            one->answered.set();
        }
        settle();
        consumers_.clear();
        EXPECT_TRUE(ok(loop_.await(broker().stop(loop_.now()))));
    }

    Broker& broker() { return harness_->broker(); }

    Consumer& consumer(Broker& broker, std::size_t room = 1'000'000) {
        auto& made = *consumers_.emplace_back(std::make_unique<Consumer>());
        made.receiver = broker.receiver(NodeId::generate(), std::chrono::seconds(15), 0);
        receive(made, room);
        return made;
    }
    Consumer& consumer(std::size_t room = 1'000'000) { return consumer(broker(), room); }
    /// Lets it receive `more`; REQUIRES: what it had room for before has come.
    void receive(Consumer& one, std::size_t more) {
        one.room = more;
        one.group.spawn(consume(one));
        settle();
    }
    static Async<void> consume(Consumer& self) {
        while (self.room > 0) {
            auto delivery = co_await self.receiver->receive();
            if (!delivery) break;
            --self.room;
            self.got.push_back(std::move(delivery));
        }
        self.ended = self.room > 0;
    }

    // Owners that share slots.
    static constexpr int kSlots = 8;
    Consumer& node_with_slots(Broker& broker) {
        auto& made = *consumers_.emplace_back(std::make_unique<Consumer>());
        made.slots = kSlots;
        made.receiver = broker.receiver(NodeId::generate(), std::chrono::seconds(15), kSlots);
        settle();
        made.group.spawn(fill_slots(made));
        settle();
        return made;
    }
    static Async<void> fill_slots(Consumer& self) {
        while (self.slots != 0) {
            if (std::ranges::count_if(self.got, is_running) >= self.slots) {
                self.answered.reset();
                co_await self.answered.wait();
                continue;
            }
            auto delivery = co_await self.receiver->receive();
            if (!delivery) break;
            self.got.push_back(std::move(delivery));
        }
    }
    static bool is_running(const std::unique_ptr<Delivery>& delivery) noexcept {
        return delivery != nullptr;
    }
    static RunOperation operation_of(const std::string& owner, const std::string& tenant = "") {
        return {TaskId::generate(), 1, owner_key({owner, tenant, false})};
    }
    void enqueue(int count, const std::string& owner) {
        for (int i = 0; i < count; ++i) enqueue(operation_of(owner));
    }
    static bool is_of(const std::unique_ptr<Delivery>& delivery, const std::string& owner) {
        return delivery && delivery->operation().owner == operation_of(owner).owner;
    }
    static int running(const Consumer& one, const std::string& owner) {
        return static_cast<int>(std::ranges::count_if(
            one.got, [&](const auto& delivery) { return is_of(delivery, owner); }));
    }
    /// The oldest delivery of the owner.
    std::unique_ptr<Delivery> take(Consumer& one, const std::string& owner) {
        const auto found = std::ranges::find_if(
            one.got, [&](const auto& delivery) { return is_of(delivery, owner); });
        return found == one.got.end() ? nullptr : std::move(*found);
    }
    void ack(Consumer& one, const std::string& owner) {
        auto delivery = take(one, owner);
        ASSERT_TRUE(delivery) << "nothing of " << owner << " runs";
        ack(std::move(delivery));
        one.answered.set();
        settle();
    }

    void enqueue(Broker& to, RunOperation operation, std::optional<Duration> after = std::nullopt) {
        std::optional<Timestamp> not_before;
        if (after) not_before = harness_->clock()->now() + *after;
        EXPECT_TRUE(ok(loop_.await(to.enqueue(operation, not_before))));
        settle();
    }
    void enqueue(RunOperation operation, std::optional<Duration> after = std::nullopt) {
        enqueue(broker(), operation, after);
    }
    void ack(std::unique_ptr<Delivery> delivery) { EXPECT_TRUE(ok(loop_.await(delivery->ack()))); }
    void nack(std::unique_ptr<Delivery> delivery, Duration delay) {
        EXPECT_TRUE(ok(loop_.await(delivery->nack(delay))));
        settle();
    }
    void settle() { loop_.advance(harness_->latency()); }

    static RunOperation operation() { return {TaskId::generate(), 1}; }
    static std::multiset<std::pair<TaskId, Turn>> named(const Deliveries& deliveries) {
        std::multiset<std::pair<TaskId, Turn>> names;
        for (const auto& one : deliveries)
            names.emplace(one->operation().task, one->operation().turn);
        return names;
    }

    std::unique_ptr<BrokerHarness> harness_ = GetParam().make();
    ManualLoop loop_{harness_->clock(), [this] { return harness_->busy(); }};
    std::vector<std::unique_ptr<Consumer>> consumers_;
    const RunOperation operation_ = operation();
};

TEST_P(BrokerContract, AnEnqueuedEntryIsDelivered) {
    enqueue(operation_);
    const Consumer& one = consumer();
    ASSERT_EQ(one.got.size(), 1U);
    EXPECT_EQ(one.got[0]->operation(), operation_);
}

TEST_P(BrokerContract, AReceiverThatWaitsGetsWhatIsEnqueuedLater) {
    const Consumer& one = consumer();
    EXPECT_TRUE(one.got.empty());
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    EXPECT_EQ(one.got[0]->operation(), operation_);
}

TEST_P(BrokerContract, AnotherNodeMayReceiveAnEnqueuedEntry) {
    const Consumer& one = consumer(harness_->other_node());
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    EXPECT_EQ(one.got[0]->operation(), operation_);
}

TEST_P(BrokerContract, NothingIsDeliveredBeforeItsTime) {
    const Consumer& one = consumer();
    enqueue(operation_, std::chrono::seconds(5));
    loop_.advance(std::chrono::milliseconds(4999) - harness_->latency());
    EXPECT_TRUE(one.got.empty());
    loop_.advance(std::chrono::milliseconds(1) + harness_->latency());
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, ADelayedEntryIsDeliveredToAReceiverThatComesLater) {
    enqueue(operation_, std::chrono::seconds(5));
    Consumer& early = consumer(1);
    EXPECT_TRUE(early.got.empty());
    early.receiver->close();
    loop_.advance(std::chrono::seconds(5));
    EXPECT_EQ(consumer().got.size(), 1U);
}

TEST_P(BrokerContract, ATimeThatHasPassedIsNow) {
    const Consumer& one = consumer();
    enqueue(operation_, -std::chrono::seconds(5));
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, DelayedEntriesComeEachAtItsTime) {
    const Consumer& one = consumer();
    const RunOperation last = operation();
    const RunOperation first = operation();
    enqueue(last, std::chrono::seconds(30));
    enqueue(first, std::chrono::seconds(10));
    enqueue(operation_, std::chrono::seconds(20));
    for (const RunOperation& expected : {first, operation_, last}) {
        const std::size_t before = one.got.size();
        loop_.advance(std::chrono::seconds(10));
        ASSERT_EQ(one.got.size(), before + 1);
        EXPECT_EQ(one.got.back()->operation(), expected);
    }
}

TEST_P(BrokerContract, AnEntryThatWaitsForItsTimeHoldsUpNoOther) {
    const Consumer& one = consumer();
    enqueue(operation_, std::chrono::seconds(5));
    enqueue(operation());
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, ATurnThatIsEnqueuedTwiceIsDeliveredOnce) {
    enqueue(operation_);
    enqueue(operation_);
    enqueue(harness_->other_node(), operation_);
    EXPECT_EQ(consumer().got.size(), 1U);
}

TEST_P(BrokerContract, AnotherTurnOfTheTaskIsAnEntryOfItsOwn) {
    const Consumer& one = consumer();
    enqueue({operation_.task, 1});
    enqueue({operation_.task, 2});
    EXPECT_EQ(named(one.got),
              (std::multiset<std::pair<TaskId, Turn>>{{operation_.task, 1}, {operation_.task, 2}}));
}

TEST_P(BrokerContract, ADeliveredEntryIsDeduplicatedUntilItIsAcked) {
    Consumer& one = consumer();
    enqueue(operation_);
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    ack(std::move(one.got.front()));
    one.got.clear();
    enqueue(operation_);
    EXPECT_EQ(one.got.size(), 1U) << "after the ack it is a new entry";
}

TEST_P(BrokerContract, AnAckedEntryNeverComesBack) {
    Consumer& one = consumer();
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    ack(std::move(one.got.front()));
    one.got.clear();
    loop_.advance(std::chrono::minutes(5));
    EXPECT_TRUE(one.got.empty());
}

TEST_P(BrokerContract, EnqueuedAgainForAnEarlierTimeItIsDueEarlier) {
    const Consumer& one = consumer();
    enqueue(operation_, std::chrono::minutes(5));
    enqueue(operation_, std::chrono::seconds(5));
    loop_.advance(std::chrono::seconds(5));
    EXPECT_EQ(one.got.size(), 1U);
    loop_.advance(std::chrono::minutes(5));
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, EnqueuedAgainForNowADelayedEntryIsDueNow) {
    const Consumer& one = consumer();
    enqueue(operation_, std::chrono::minutes(5));
    enqueue(operation_);
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, EnqueuedAgainForALaterTimeItStaysDue) {
    enqueue(operation_);
    enqueue(operation_, std::chrono::minutes(5));
    EXPECT_EQ(consumer().got.size(), 1U);
}

TEST_P(BrokerContract, ANackedEntryComesBackAfterItsDelay) {
    Consumer& one = consumer();
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    nack(std::move(one.got.front()), std::chrono::seconds(2));
    one.got.clear();
    loop_.advance(std::chrono::milliseconds(1999) - harness_->latency());
    EXPECT_TRUE(one.got.empty());
    loop_.advance(std::chrono::milliseconds(1) + harness_->latency());
    ASSERT_EQ(one.got.size(), 1U);
    EXPECT_EQ(one.got[0]->operation(), operation_);
}

TEST_P(BrokerContract, NackedWithoutDelayItComesBackAtOnce) {
    Consumer& one = consumer();
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    auto delivery = std::move(one.got.front());
    one.got.clear();
    nack(std::move(delivery), Duration::zero());
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, ANackedEntryMayGoToAnybody) {
    Consumer& one = consumer(1);
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    const Consumer& other = consumer(harness_->other_node());
    nack(std::move(one.got.front()), std::chrono::seconds(1));
    loop_.advance(std::chrono::seconds(1));
    EXPECT_EQ(other.got.size(), 1U);
}

TEST_P(BrokerContract, ANackedEntryIsStillDeduplicated) {
    Consumer& one = consumer();
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    nack(std::move(one.got.front()), std::chrono::seconds(1));
    one.got.clear();
    enqueue(operation_, std::chrono::seconds(1));
    loop_.advance(std::chrono::seconds(2));
    EXPECT_EQ(one.got.size(), 1U);
}

TEST_P(BrokerContract, ADeliveryThatIsDroppedWithoutAnAnswerIsDeliveredAgain) {
    Consumer& one = consumer(1);
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    one.got.clear();
    const Consumer& other = consumer(harness_->other_node());
    loop_.advance(harness_->redelivered_within());
    ASSERT_EQ(other.got.size(), 1U);
    EXPECT_EQ(other.got[0]->operation(), operation_);
}

TEST_P(BrokerContract, ADeliveryMayBeAckedAfterItsReceiverIsGone) {
    Consumer& one = consumer(1);
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    auto delivery = std::move(one.got.front());
    consumers_.clear();
    ack(std::move(delivery));
    loop_.advance(harness_->redelivered_within());
    EXPECT_TRUE(consumer().got.empty());
}

TEST_P(BrokerContract, ADeliverySaysWhatItIsAfterItsAnswer) {
    Consumer& one = consumer(1);
    enqueue(operation_);
    ASSERT_EQ(one.got.size(), 1U);
    EXPECT_TRUE(ok(loop_.await(one.got[0]->ack())));
    EXPECT_EQ(one.got[0]->operation(), operation_);
}

TEST_P(BrokerContract, EveryEntryGoesToOneReceiverOnly) {
    const Consumer& here = consumer();
    const Consumer& there = consumer(harness_->other_node());
    std::multiset<std::pair<TaskId, Turn>> expected;
    for (int i = 0; i < 500; ++i) {
        const RunOperation one = operation();
        expected.emplace(one.task, one.turn);
        enqueue(one, i % 2 == 0 ? std::nullopt : std::optional<Duration>(i));
    }
    loop_.advance(std::chrono::seconds(1));
    auto got = named(here.got);
    got.merge(named(there.got));
    EXPECT_EQ(got, expected);
}

TEST_P(BrokerContract, EntriesBeyondAReceiversRoomGoToOneThatWaits) {
    Consumer& full = consumer(1);
    const Consumer& idle = consumer(harness_->other_node(), 3);
    for (int i = 0; i < 4; ++i) enqueue(operation());
    EXPECT_EQ(full.got.size() + idle.got.size(), 4U);
}

TEST_P(BrokerContract, EntriesWaitUntilAReceiverHasRoom) {
    Consumer& one = consumer(1);
    Consumer& other = consumer(harness_->other_node(), 1);
    for (int i = 0; i < 4; ++i) enqueue(operation());
    EXPECT_EQ(one.got.size() + other.got.size(), 2U);
    receive(other, 2);
    EXPECT_EQ(one.got.size() + other.got.size(), 4U);
}

TEST_P(BrokerContract, OneOwnerAloneMayHoldAllSlots) {
    Consumer& node = node_with_slots(broker());
    enqueue(20, "alice");
    EXPECT_EQ(running(node, "alice"), kSlots);
    for (int acked = 0; acked < 20; ++acked) ack(node, "alice");
    EXPECT_EQ(running(node, "alice"), 0);
    EXPECT_EQ(node.got.size(), 20U);
}

TEST_P(BrokerContract, OnceTwoOwnersAreKnownNoneHoldsMoreThanThreeQuartersOfTheSlots) {
    Consumer& node = node_with_slots(broker());
    enqueue(1, "bob");
    enqueue(20, "alice");
    EXPECT_EQ(running(node, "alice"), 6);
    enqueue(1, "bob");
    EXPECT_EQ(running(node, "bob"), 2) << "it does not wait behind alice's entries";
    ack(node, "bob");
    EXPECT_EQ(running(node, "alice"), 6);
    ack(node, "alice");
    EXPECT_EQ(running(node, "alice"), 6) << "the next of hers follows";
    for (int acked = 0; acked < 19; ++acked) ack(node, "alice");
    EXPECT_EQ(node.got.size(), 22U) << "none of hers is forgotten";
}

TEST_P(BrokerContract, TheTenantsOfAnOwnerHaveOneShareTogether) {
    Consumer& node = node_with_slots(broker());
    enqueue(1, "bob");
    for (int i = 0; i < 20; ++i) enqueue(operation_of("alice", "tenant " + std::to_string(i)));
    EXPECT_EQ(running(node, "alice"), 6);
}

TEST_P(BrokerContract, EntriesOfAnUnknownOwnerHaveNoShare) {
    Consumer& node = node_with_slots(broker());
    enqueue(1, "bob");
    enqueue(1, "alice");
    for (int i = 0; i < 10; ++i) enqueue(operation());
    EXPECT_EQ(std::ranges::count_if(node.got, is_running), kSlots);
}

TEST_P(BrokerContract, AnEntryThatIsPutBackLeavesItsSlotToTheNextOfItsOwner) {
    Consumer& node = node_with_slots(broker());
    enqueue(1, "bob");
    enqueue(7, "alice");
    ASSERT_EQ(running(node, "alice"), 6);
    nack(take(node, "alice"), std::chrono::seconds(1));
    node.answered.set();
    settle();
    EXPECT_EQ(running(node, "alice"), 6) << "the seventh";
    loop_.advance(std::chrono::seconds(1));
    EXPECT_EQ(running(node, "alice"), 6) << "the one that was put back waits";
    ack(node, "alice");
    EXPECT_EQ(running(node, "alice"), 6);
    for (int acked = 0; acked < 6; ++acked) ack(node, "alice");
    EXPECT_EQ(running(node, "alice"), 0);
}

TEST_P(BrokerContract, OwnersWhoseEntriesWaitTakeTurns) {
    Consumer& node = node_with_slots(broker());
    enqueue(2, "bob");
    enqueue(30, "alice");
    enqueue(30, "bob");
    enqueue(1, "carol");
    ASSERT_EQ(running(node, "alice"), 6);
    ASSERT_EQ(running(node, "bob"), 2);
    for (int acked = 0; acked < 6; ++acked) ack(node, acked % 2 == 0 ? "alice" : "bob");
    const auto delivered = [&](const std::string& owner, std::size_t from, std::size_t to) {
        return std::count_if(node.got.begin() + from, node.got.begin() + to,
                             [&](const auto& one) { return is_of(one, owner); });
    };
    ASSERT_EQ(node.got.size(), 14U);
    EXPECT_EQ(delivered("carol", 8, 14), 1) << "behind one entry of each other owner";
    const auto alices = delivered("alice", 8, 14);
    EXPECT_GE(alices, 2);
    EXPECT_LE(alices, 3);
}

TEST_P(BrokerContract, OwnersHaveTheirShareOfTheSlotsOfAllNodes) {
    const Consumer& here = node_with_slots(broker());
    const Consumer& there = node_with_slots(harness_->other_node());
    for (const char* owner : {"bob", "alice"}) {
        enqueue(operation_of(owner));
        enqueue(harness_->other_node(), operation_of(owner));
    }
    enqueue(30, "alice");
    EXPECT_EQ(running(here, "alice") + running(there, "alice"), 12);
    enqueue(2, "bob");
    EXPECT_EQ(running(here, "bob") + running(there, "bob"), 4);
}

TEST_P(BrokerContract, ClosingEndsTheReceiveThatWaitsAndEveryLaterOne) {
    Consumer& one = consumer();
    EXPECT_FALSE(one.ended);
    one.receiver->close();
    settle();
    EXPECT_TRUE(one.ended);
    enqueue(operation_);
    EXPECT_EQ(loop_.await(one.receiver->receive()), nullptr);
}

TEST_P(BrokerContract, EntriesOutliveTheReceiverThatMightHaveTakenThem) {
    Consumer& one = consumer(1);
    for (int i = 0; i < 3; ++i) enqueue(operation());
    EXPECT_EQ(one.got.size(), 1U);
    one.receiver->close();
    one.receiver.reset();
    EXPECT_EQ(consumer().got.size(), 2U);
    one.receiver = broker().receiver(NodeId::generate(), std::chrono::seconds(15), 0);
}

TEST_P(BrokerContract, StoppingEndsEveryReceive) {
    Consumer& one = consumer();
    Consumer& two = consumer();
    EXPECT_TRUE(ok(loop_.await(broker().stop(loop_.now()))));
    settle();
    EXPECT_TRUE(one.ended);
    EXPECT_TRUE(two.ended);
    EXPECT_EQ(loop_.await(one.receiver->receive()), nullptr);
}

TEST_P(BrokerContract, AStartedBrokerIsReady) { EXPECT_TRUE(ok(loop_.await(broker().check()))); }

}  // namespace a2akit::testing
