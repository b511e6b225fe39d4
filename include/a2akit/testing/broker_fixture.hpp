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

}  // namespace a2akit::testing
