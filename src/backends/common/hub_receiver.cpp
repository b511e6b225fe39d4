#include "backends/common/hub_receiver.hpp"

#include "backends/common/pooled.hpp"

#include <cassert>
#include <utility>

namespace a2akit::local {
namespace {

class HubDelivery final : public Delivery, public Pooled {
public:
    HubDelivery(BrokerHub& hub, BrokerEntry& entry)
        : hub_(hub), entry_(&entry), operation_(entry.operation), claimed_(std::move(entry.run)) {}
    ~HubDelivery() override {
        if (entry_ != nullptr) hub_.put_back(*entry_, Duration::zero());
    }

    [[nodiscard]] const RunOperation& operation() const noexcept override { return operation_; }
    [[nodiscard]] Run* claimed() noexcept override { return claimed_.get(); }
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
    std::unique_ptr<Run> claimed_;
};

class HubReceiver final : public Broker::Receiver {
public:
    HubReceiver(BrokerHub& hub, const HubReceiverOptions& options)
        : hub_(hub),
          seat_(hub.take_seat(*Loop::current(), options.node, options.lease, options.slots,
                              options.claims)) {}
    ~HubReceiver() override {
        hub_.close(seat_);
        hub_.release(seat_);
    }

    Async<std::unique_ptr<Delivery>> receive(int room) override {
        const BrokerHub::Taken taken = hub_.take_or_wait(seat_, room);
        if (taken.entry != nullptr || taken.ended) return deliver(taken.entry);
        return wait(room, taken.wait);
    }
    void close() noexcept override { hub_.close(seat_); }

private:
    [[nodiscard]] std::unique_ptr<Delivery> deliver(BrokerEntry* entry) {
        if (entry == nullptr) return nullptr;
        return std::make_unique<HubDelivery>(hub_, *entry);
    }

    Async<std::unique_ptr<Delivery>> wait(int room, std::optional<Duration> longest) {
        for (;;) {
            if (longest)
                co_await seat_.signal.wait_until(Loop::current()->now() + *longest);
            else
                co_await seat_.signal.wait();
            const BrokerHub::Taken taken = hub_.take_or_wait(seat_, room);
            if (taken.entry != nullptr || taken.ended) co_return deliver(taken.entry);
            longest = taken.wait;
        }
    }

    BrokerHub& hub_;
    Seat& seat_;
};

}  // namespace

std::unique_ptr<Broker::Receiver> hub_receiver(BrokerHub& hub, const HubReceiverOptions& options) {
    return std::make_unique<HubReceiver>(hub, options);
}

}  // namespace a2akit::local
