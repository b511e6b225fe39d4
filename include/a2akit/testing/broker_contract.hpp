#pragma once

#include <a2akit/testing/broker_fixture.hpp>

// BrokerContract: what every Broker does. Include in one source file per backend and instantiate;
// see ContractCase.

namespace a2akit::testing {

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
