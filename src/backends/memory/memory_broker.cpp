#include "backends/memory/memory_broker.hpp"

#include "backends/memory/broker_hub.hpp"

#include <cassert>

namespace a2akit {

using memory::BrokerEntry;
using memory::BrokerHub;
using memory::Seat;

namespace {

class MemoryDelivery final : public Delivery, public memory::Pooled {
public:
    MemoryDelivery(BrokerHub& hub, BrokerEntry& entry) noexcept
        : hub_(hub), entry_(&entry), operation_(entry.operation) {}
    ~MemoryDelivery() override {
        if (entry_ != nullptr) hub_.put_back(*entry_, Duration::zero());
    }

    [[nodiscard]] const RunOperation& operation() const noexcept override { return operation_; }
    [[nodiscard]] std::optional<Run>& claimed() noexcept override { return claimed_; }
    AsyncResult<void> ack() override {
        assert(entry_ != nullptr && "a delivery is answered once");
        hub_.forget(*std::exchange(entry_, nullptr));
        return Result<void>();
    }
    AsyncResult<void> nack(Duration delay) override {
        assert(entry_ != nullptr && "a delivery is answered once");
        hub_.put_back(*std::exchange(entry_, nullptr), delay);
        return Result<void>();
    }

private:
    BrokerHub& hub_;
    BrokerEntry* entry_;
    const RunOperation operation_;  // readable after the answer
    std::optional<Run> claimed_;
};

class MemoryReceiver final : public Broker::Receiver {
public:
    MemoryReceiver(BrokerHub& hub, Loop& loop) : hub_(hub), seat_(hub.take_seat(loop)) {}
    ~MemoryReceiver() override {
        hub_.close(seat_);
        hub_.release(seat_);
    }

    Async<std::unique_ptr<Delivery>> receive() override {
        const BrokerHub::Taken taken = hub_.take(seat_);
        if (taken.entry == nullptr && !taken.ended) return wait();
        return deliver(taken.entry);
    }
    void close() noexcept override { hub_.close(seat_); }

private:
    [[nodiscard]] std::unique_ptr<Delivery> deliver(BrokerEntry* entry) {
        if (entry == nullptr) return nullptr;
        return std::make_unique<MemoryDelivery>(hub_, *entry);
    }

    Async<std::unique_ptr<Delivery>> wait() {
        for (;;) {
            const BrokerHub::Taken taken = hub_.take_or_wait(seat_);
            if (taken.entry != nullptr || taken.ended) co_return deliver(taken.entry);
            if (taken.wait) {
                const SteadyTime until = Loop::current()->now() + *taken.wait;
                co_await seat_.signal.wait_until(until);
            } else {
                co_await seat_.signal.wait();
            }
        }
    }

    BrokerHub& hub_;
    Seat& seat_;
};

}  // namespace

MemoryBroker::MemoryBroker(std::shared_ptr<const Clock> clock)
    : hub_(std::make_unique<BrokerHub>(std::move(clock))) {}
MemoryBroker::~MemoryBroker() = default;

AsyncResult<void> MemoryBroker::start() {
    hub_->start();
    return Result<void>();
}

AsyncResult<void> MemoryBroker::stop(SteadyTime) {
    hub_->stop();
    return Result<void>();
}

AsyncResult<void> MemoryBroker::enqueue(RunOperation operation, std::optional<Timestamp> not_before) {
    hub_->enqueue(operation, not_before);
    return Result<void>();
}

std::unique_ptr<Broker::Receiver> MemoryBroker::receiver(NodeId, Lease) {
    return std::make_unique<MemoryReceiver>(*hub_, *Loop::current());
}

}  // namespace a2akit
