#include <a2akit/testing/faulty_ports.hpp>

#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::testing {
namespace {

using std::chrono::seconds;

/// Remembers the value it was given, and how often it was called.
class TinyContextStore final : public ContextStore {
public:
    AsyncResult<ContextValue> load_context(OwnerScope, std::string) override {
        ++calls;
        return Result<ContextValue>(ContextValue{value, version});
    }
    AsyncResult<std::uint64_t> update_context(OwnerScope, std::string, RawJson to,
                                              std::optional<std::uint64_t>) override {
        ++calls;
        value = std::move(to);
        return Result<std::uint64_t>(++version);
    }

    RawJson value;
    std::uint64_t version = 0;
    int calls = 0;
};

class FaultyPortsTest : public ::testing::Test {
protected:
    FaultyPorts faulty(const FaultPlan& plan) {
        return FaultyPorts::wrap({.context_store = store_,
                                  .broker = std::make_shared<MemoryBroker>(clock_),
                                  .event_bus = std::make_shared<MemoryEventBus>(),
                                  .cancel_registry = std::make_shared<MemoryCancelRegistry>()},
                                 plan);
    }
    void stop(const FaultyPorts& faulty) {
        const Ports& ports = faulty.ports();
        EXPECT_TRUE(loop_.await(ports.broker->stop(loop_.now())));
        EXPECT_TRUE(loop_.await(ports.event_bus->stop(loop_.now())));
        EXPECT_TRUE(loop_.await(ports.cancel_registry->stop(loop_.now())));
    }
    Result<std::uint64_t> update(const FaultyPorts& faulty, std::string json) {
        return loop_.await(faulty.ports().context_store->update_context(
            OwnerScope::everything(), "c", RawJson(json), std::nullopt));
    }

    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    ManualLoop loop_{clock_};
    std::shared_ptr<TinyContextStore> store_ = std::make_shared<TinyContextStore>();
    const TaskId task_ = TaskId::generate();
};

TEST_F(FaultyPortsTest, ACallThatFailsBeforeItsCommitDoesNothing) {
    const auto ports = faulty({.storage_before = 1});
    const auto answer = update(ports, "1");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store_->calls, 0);
    EXPECT_EQ(ports.injected(Fault::kStorageBefore), 1);
    EXPECT_EQ(ports.injected(), 1);
}

TEST_F(FaultyPortsTest, ACallThatFailsAfterItsCommitIsApplied) {
    const auto ports = faulty({.storage_after = 1});
    const auto answer = update(ports, "1");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store_->version, 1U);
    EXPECT_EQ(ports.injected(Fault::kStorageAfter), 1);
}

TEST_F(FaultyPortsTest, ADelayedCallAnswersLater) {
    const auto ports = faulty({.storage_delayed = 1, .delay_at_most = Duration(50)});
    const SteadyTime before = loop_.now();
    EXPECT_TRUE(update(ports, "1"));
    EXPECT_GT(loop_.now(), before);
    EXPECT_LE(loop_.now(), before + Duration(51));
}

TEST_F(FaultyPortsTest, WithoutFaultsEveryCallPasses) {
    const auto ports = faulty({});
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(update(ports, "1"));
    EXPECT_EQ(ports.injected(), 0);
}

TEST_F(FaultyPortsTest, CalmEndsTheFaults) {
    auto ports = faulty(FaultPlan::everything(1, 1));
    EXPECT_FALSE(update(ports, "1"));
    ports.calm();
    EXPECT_TRUE(update(ports, "1"));
}

TEST_F(FaultyPortsTest, OneSeedMeetsTheSameFaultsAndAnotherSeedOthers) {
    const auto run = [&](std::uint64_t seed) {
        const auto ports = faulty({.seed = seed, .storage_before = 0.3});
        std::string outcome;
        for (int i = 0; i < 200; ++i) outcome += update(ports, "1") ? '.' : 'x';
        EXPECT_GT(ports.injected(Fault::kStorageBefore), 20);
        EXPECT_LT(ports.injected(Fault::kStorageBefore), 120);
        return outcome;
    };
    EXPECT_EQ(run(7), run(7));
    EXPECT_NE(run(7), run(8));
}

Async<void> take_all(Broker::Receiver& receiver, std::vector<std::unique_ptr<Delivery>>& taken) {
    while (auto delivery = co_await receiver.receive()) taken.push_back(std::move(delivery));
}

class FaultyBrokerTest : public FaultyPortsTest {
protected:
    /// Enqueues `count` entries and returns what a receiver gets within a second.
    std::vector<RunOperation> run(const FaultyPorts& ports, int count) {
        Broker& broker = *ports.ports().broker;
        auto receiver = broker.receiver(NodeId::generate(), seconds(15), 0);
        std::vector<std::unique_ptr<Delivery>> taken;
        TaskGroup group;
        group.spawn(take_all(*receiver, taken));
        for (int i = 0; i < count; ++i) {
            enqueued_.push_back({TaskId::generate(), 1});
            EXPECT_TRUE(loop_.await(broker.enqueue(enqueued_.back(), std::nullopt)));
        }
        std::vector<RunOperation> got;
        for (int i = 0; i < 10; ++i) {
            loop_.advance(Duration(100));
            for (auto& delivery : taken) {
                got.push_back(delivery->operation());
                EXPECT_TRUE(loop_.await(delivery->ack()));
            }
            taken.clear();
        }
        stop(ports);
        loop_.run_ready();
        EXPECT_EQ(group.size(), 0U);
        return got;
    }
    std::vector<RunOperation> enqueued_;
};

TEST_F(FaultyBrokerTest, ADroppedEntryStaysDropped) {
    const auto ports = faulty({.broker_dropped = 0.5});
    const auto got = run(ports, 40);
    EXPECT_GT(ports.injected(Fault::kBrokerDropped), 0);
    EXPECT_EQ(got.size(), 40 - static_cast<std::size_t>(ports.injected(Fault::kBrokerDropped)));
}

TEST_F(FaultyBrokerTest, ADuplicatedEntryComesTwiceThoughItWasAcked) {
    const auto ports = faulty({.broker_duplicated = 0.3});
    const auto got = run(ports, 40);
    EXPECT_GT(ports.injected(Fault::kBrokerDuplicated), 0);
    EXPECT_EQ(got.size(), 40 + static_cast<std::size_t>(ports.injected(Fault::kBrokerDuplicated)));
}

TEST_F(FaultyBrokerTest, DelayedEntriesArriveInAnotherOrder) {
    const auto ports = faulty({.broker_delayed = 0.5});
    const auto got = run(ports, 40);
    EXPECT_GT(ports.injected(Fault::kBrokerDelayed), 0);
    EXPECT_EQ(got.size(), 40U);
    EXPECT_NE(got, enqueued_);
}

TEST_F(FaultyPortsTest, StopWaitsForWhatIsDelayed) {
    const auto ports = faulty({.bus_delayed = 1});
    auto subscription =
        loop_.await(ports.ports().event_bus->subscribe(task_, Interest::kEveryEvent));
    EXPECT_TRUE(loop_.await(ports.ports().event_bus->publish({task_, 1, 1, false})));
    EXPECT_EQ((*subscription)->last(), 0U);
    stop(ports);
    EXPECT_EQ((*subscription)->last(), 1U);
}

TEST_F(FaultyPortsTest, ADroppedWakeUpNeverArrives) {
    const auto ports = faulty({.bus_dropped = 1});
    auto subscription =
        loop_.await(ports.ports().event_bus->subscribe(task_, Interest::kEveryEvent));
    EXPECT_TRUE(loop_.await(ports.ports().event_bus->publish({task_, 1, 1, true})));
    loop_.advance(seconds(5));
    EXPECT_FALSE((*subscription)->signal().is_set());
    EXPECT_EQ(ports.injected(Fault::kBusDropped), 1);
    ports.ports().event_bus->wake_local({task_, 1, 1, true}, false);
    EXPECT_TRUE((*subscription)->signal().is_set()) << "what the tail check finds is no message";
    stop(ports);
}

TEST_F(FaultyPortsTest, ADuplicatedWakeUpArrivesTwice) {
    const auto ports = faulty({.bus_duplicated = 1});
    auto subscription = loop_.await(ports.ports().event_bus->subscribe(task_, Interest::kTurnEnds));
    EXPECT_TRUE(loop_.await(ports.ports().event_bus->publish({task_, 1, 1, true})));
    EXPECT_TRUE((*subscription)->signal().is_set());
    (*subscription)->signal().reset();
    loop_.advance(seconds(1));
    EXPECT_TRUE((*subscription)->signal().is_set());
    stop(ports);
}

TEST_F(FaultyPortsTest, ACancelSignalIsDroppedOrLate) {
    const auto dropping = faulty({.cancel_dropped = 1});
    auto scope = loop_.await(dropping.ports().cancel_registry->watch(task_));
    EXPECT_TRUE(loop_.await(dropping.ports().cancel_registry->request_cancel(task_)));
    loop_.advance(seconds(5));
    EXPECT_FALSE((*scope)->is_cancelled());
    EXPECT_EQ(dropping.injected(Fault::kCancelDropped), 1);
    stop(dropping);

    const auto delaying = faulty({.cancel_delayed = 1});
    auto late = loop_.await(delaying.ports().cancel_registry->watch(task_));
    EXPECT_TRUE(loop_.await(delaying.ports().cancel_registry->request_cancel(task_)));
    EXPECT_FALSE((*late)->is_cancelled());
    loop_.advance(seconds(1));
    EXPECT_TRUE((*late)->is_cancelled());
    EXPECT_EQ(delaying.injected(Fault::kCancelDelayed), 1);
    stop(delaying);
    scope->reset();
    late->reset();
}

TEST_F(FaultyPortsTest, APortThatIsNotThereStaysNull) {
    const auto ports = FaultyPorts::wrap({}, FaultPlan::everything(1, 1));
    EXPECT_EQ(ports.ports().storage, nullptr);
    EXPECT_EQ(ports.ports().broker, nullptr);
}

}  // namespace
}  // namespace a2akit::testing
