#pragma once

#include <a2akit/event_bus/event_bus.hpp>
#include <a2akit/testing/contract_case.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace a2akit::testing {

/// The harness that a backend supplies to run EventBusContract.
class EventBusHarness : public PortHarness {
public:
    /// The bus under test, made by the first call.
    [[nodiscard]] virtual EventBus& bus() = 0;
    /// The bus of another node of the same system; the same one, where there is only one process.
    [[nodiscard]] virtual EventBus& other_node() { return bus(); }
};

/// The behaviour of every EventBus. Include in one source file per backend and instantiate; see
/// ContractCase.
class EventBusContract : public ::testing::TestWithParam<ContractCase<EventBusHarness>> {
protected:
    void SetUp() override { EXPECT_TRUE(ok(loop_.await(bus().start()))); }
    void TearDown() override { EXPECT_TRUE(ok(loop_.await(bus().stop(loop_.now())))); }

    EventBus& bus() { return harness_->bus(); }
    EventBus& other_node() { return harness_->other_node(); }

    std::unique_ptr<Subscription> subscribe(TaskId task,
                                            Interest interest = Interest::kEveryEvent) {
        auto subscription = loop_.await(bus().subscribe(task, interest));
        EXPECT_TRUE(ok(subscription));
        return std::move(*subscription);
    }
    void publish(EventBus& from, Wake wake) {
        EXPECT_TRUE(ok(loop_.await(from.publish(wake))));
        settle();
    }
    void settle() { loop_.advance(harness_->latency()); }

    std::unique_ptr<EventBusHarness> harness_ = GetParam().make();
    ManualLoop loop_{harness_->clock(), [this] { return harness_->busy(); }};
    const TaskId task_ = TaskId::generate();
};

inline Async<void> note_signal(Signal& signal, int& woken) {
    co_await signal.wait();
    ++woken;
}

TEST_P(EventBusContract, APublishWakesASubscriberAndSaysHowFarTheLogGoes) {
    const auto subscription = subscribe(task_);
    EXPECT_FALSE(subscription->signal().is_set());
    EXPECT_EQ(subscription->last(), 0U);
    publish(bus(), {task_, 3, 1, false});
    EXPECT_TRUE(subscription->signal().is_set());
    EXPECT_EQ(subscription->last(), 3U);
    EXPECT_EQ(subscription->ended_turn(), 0U);
    EXPECT_FALSE(subscription->erased());
}

TEST_P(EventBusContract, APublishOnAnotherNodeWakesASubscriberHere) {
    const auto subscription = subscribe(task_);
    publish(other_node(), {task_, 7, 2, true});
    EXPECT_TRUE(subscription->signal().is_set());
    EXPECT_EQ(subscription->last(), 7U);
    EXPECT_EQ(subscription->ended_turn(), 2U);
}

TEST_P(EventBusContract, APublishResumesWhoWaits) {
    const auto subscription = subscribe(task_);
    int woken = 0;
    TaskGroup group;
    group.spawn(note_signal(subscription->signal(), woken));
    publish(bus(), {task_, 1, 1, false});
    EXPECT_EQ(woken, 1);
}

TEST_P(EventBusContract, ALoweredSignalIsRaisedByTheNextPublish) {
    const auto subscription = subscribe(task_);
    for (Sequence sequence = 1; sequence <= 3; ++sequence) {
        publish(bus(), {task_, sequence, 1, false});
        EXPECT_TRUE(subscription->signal().is_set());
        EXPECT_EQ(subscription->last(), sequence);
        subscription->signal().reset();
    }
}

TEST_P(EventBusContract, OnlySubscribersOfTheTaskAreWoken) {
    const auto subscription = subscribe(task_);
    const auto other = subscribe(TaskId::generate());
    publish(bus(), {task_, 1, 1, true});
    EXPECT_TRUE(subscription->signal().is_set());
    EXPECT_FALSE(other->signal().is_set());
    EXPECT_EQ(other->last(), 0U);
    EXPECT_EQ(other->ended_turn(), 0U);
}

TEST_P(EventBusContract, EverySubscriberOfATaskIsWoken) {
    std::vector<std::unique_ptr<Subscription>> subscriptions;
    for (int i = 0; i < 100; ++i) subscriptions.push_back(subscribe(task_));
    publish(bus(), {task_, 5, 1, false});
    for (const auto& subscription : subscriptions) {
        EXPECT_TRUE(subscription->signal().is_set());
        EXPECT_EQ(subscription->last(), 5U);
    }
}

TEST_P(EventBusContract, ASubscriberToTurnsIsNotWokenByEvents) {
    const auto subscription = subscribe(task_, Interest::kTurnEnds);
    publish(bus(), {task_, 1, 1, false});
    publish(bus(), {task_, 2, 1, false});
    EXPECT_FALSE(subscription->signal().is_set());
    EXPECT_EQ(subscription->ended_turn(), 0U);
    publish(bus(), {task_, 3, 1, true});
    EXPECT_TRUE(subscription->signal().is_set());
    EXPECT_EQ(subscription->ended_turn(), 1U);
    EXPECT_EQ(subscription->last(), 3U);
}

TEST_P(EventBusContract, WakeUpsThatComeLateTakeNothingBack) {
    const auto subscription = subscribe(task_);
    publish(bus(), {task_, 9, 2, true});
    publish(bus(), {task_, 4, 1, true});
    EXPECT_EQ(subscription->last(), 9U);
    EXPECT_EQ(subscription->ended_turn(), 2U);
}

TEST_P(EventBusContract, ASecondWakeUpIsSeenThoughTheFirstWasNotLookedAt) {
    const auto subscription = subscribe(task_);
    publish(bus(), {task_, 1, 1, false});
    publish(bus(), {task_, 2, 1, true});
    EXPECT_TRUE(subscription->signal().is_set());
    EXPECT_EQ(subscription->last(), 2U);
    EXPECT_EQ(subscription->ended_turn(), 1U);
}

TEST_P(EventBusContract, APublishThatNobodyWaitsForSucceeds) {
    publish(bus(), {task_, 1, 1, true});
    const auto subscription = subscribe(task_);
    EXPECT_FALSE(subscription->signal().is_set())
        << "a subscriber hears what is published from now on";
}

TEST_P(EventBusContract, AnEndedSubscriptionIsNotWatchedAnyMore) {
    auto one = subscribe(task_);
    auto two = subscribe(task_, Interest::kTurnEnds);
    one.reset();
    EXPECT_EQ(bus().watched(), std::vector<TaskId>{task_});
    publish(bus(), {task_, 1, 1, true});
    EXPECT_TRUE(two->signal().is_set());
    two.reset();
    EXPECT_TRUE(bus().watched().empty());
    publish(bus(), {task_, 2, 1, true});
}

TEST_P(EventBusContract, WatchedNamesEachTaskWithSubscribersOnce) {
    std::vector<TaskId> tasks;
    std::vector<std::unique_ptr<Subscription>> subscriptions;
    for (int i = 0; i < 1000; ++i) {
        tasks.push_back(TaskId::generate());
        subscriptions.push_back(subscribe(tasks.back()));
        subscriptions.push_back(subscribe(tasks.back(), Interest::kTurnEnds));
    }
    auto watched = bus().watched();
    std::sort(watched.begin(), watched.end());
    std::sort(tasks.begin(), tasks.end());
    EXPECT_EQ(watched, tasks);
}

TEST_P(EventBusContract, ALocalWakeUpTellsWhatTheTailCheckFound) {
    const auto subscription = subscribe(task_);
    const auto turns = subscribe(task_, Interest::kTurnEnds);
    bus().wake_local({task_, 4, 1, false}, false);
    EXPECT_TRUE(subscription->signal().is_set());
    EXPECT_EQ(subscription->last(), 4U);
    EXPECT_FALSE(turns->signal().is_set());
    bus().wake_local({task_, 5, 1, true}, false);
    EXPECT_TRUE(turns->signal().is_set());
    EXPECT_EQ(turns->ended_turn(), 1U);
    EXPECT_FALSE(turns->erased());
}

TEST_P(EventBusContract, ATailCheckThatFindsNothingNewWakesNoStream) {
    const auto subscription = subscribe(task_);
    publish(bus(), {task_, 4, 1, true});
    subscription->signal().reset();
    bus().wake_local({task_, 4, 1, true}, false);
    EXPECT_FALSE(subscription->signal().is_set());
    bus().wake_local({task_, 5, 1, true}, false);
    EXPECT_TRUE(subscription->signal().is_set());
}

TEST_P(EventBusContract, AnErasedTaskWakesEverybodyWhateverTheirInterest) {
    const auto events = subscribe(task_);
    const auto turns = subscribe(task_, Interest::kTurnEnds);
    bus().wake_local({task_, 0, 0, false}, true);
    for (Subscription* subscription : {events.get(), turns.get()}) {
        EXPECT_TRUE(subscription->signal().is_set());
        EXPECT_TRUE(subscription->erased());
    }
}

TEST_P(EventBusContract, AStartedBusIsReady) { EXPECT_TRUE(ok(loop_.await(bus().check()))); }

}  // namespace a2akit::testing
