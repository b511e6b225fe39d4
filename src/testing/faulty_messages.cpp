#include "storage/forwarding_ports.hpp"
#include "testing/fault_source.hpp"

#include <deque>
#include <utility>

namespace a2akit::testing {
namespace {

// Sends a message as the faults want it: not at all, later, or now.
AsyncResult<void> deliver(FaultSource& faults, Delayer& delayer, Fault dropped, Fault delayed,
                          Delayer::Send send) {
    if (faults.strikes(dropped)) return Result<void>();
    if (!faults.strikes(delayed)) return send();
    delayer.later(faults.delay(), std::move(send));
    return Result<void>();
}

template <class Port>
AsyncResult<void> stop_after_delayed(std::shared_ptr<Port> inner, Delayer& delayer,
                                     SteadyTime deadline) {
    co_await delayer.join();
    auto stopping = inner->stop(deadline);
    co_return co_await std::move(stopping);
}

class FaultyBroker final : public ForwardingBroker<> {
public:
    FaultyBroker(std::shared_ptr<Broker> inner, std::shared_ptr<FaultSource> faults)
        : ForwardingBroker(std::move(inner)), faults_(std::move(faults)) {}

    AsyncResult<void> stop(SteadyTime deadline) override {
        return stop_after_delayed(inner_, delayer_, deadline);
    }

    AsyncResult<void> enqueue(RunOperation operation,
                              std::optional<Timestamp> not_before) override {
        return deliver(*faults_, delayer_, Fault::kBrokerDropped, Fault::kBrokerDelayed,
                       [=, this] { return inner_->enqueue(operation, not_before); });
    }
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override;

private:
    class FaultyReceiver;
    class FaultyDelivery;

    void duplicate(RunOperation operation) {
        const std::lock_guard lock(mutex_);
        duplicates_.push_back(operation);
    }
    [[nodiscard]] std::optional<RunOperation> pop_duplicate() {
        const std::lock_guard lock(mutex_);
        if (duplicates_.empty()) return std::nullopt;
        const RunOperation operation = duplicates_.front();
        duplicates_.pop_front();
        return operation;
    }

    std::shared_ptr<FaultSource> faults_;
    Delayer delayer_;
    std::mutex mutex_;
    std::deque<RunOperation> duplicates_;  ///< For the next receive.
};

// Without an inner delivery it is a duplicate, whose outcome does not matter.
class FaultyBroker::FaultyDelivery final : public Delivery {
public:
    FaultyDelivery(FaultSource& faults, RunOperation operation, std::unique_ptr<Delivery> inner)
        : faults_(faults), operation_(operation), inner_(std::move(inner)) {}

    [[nodiscard]] const RunOperation& operation() const noexcept override { return operation_; }
    [[nodiscard]] Run* claimed() noexcept override { return inner_ ? inner_->claimed() : nullptr; }
    AsyncResult<void> ack() override {
        if (!inner_) return Result<void>();
        // A lost ack: the entry comes once more.
        if (faults_.coin() && faults_.strikes(Fault::kBrokerDuplicated))
            return inner_->nack(faults_.delay());
        return inner_->ack();
    }
    AsyncResult<void> nack(Duration delay) override {
        return inner_ ? inner_->nack(delay) : AsyncResult<void>(Result<void>());
    }

private:
    FaultSource& faults_;
    const RunOperation operation_;
    std::unique_ptr<Delivery> inner_;
};

class FaultyBroker::FaultyReceiver final : public Receiver {
public:
    FaultyReceiver(FaultyBroker& broker, std::unique_ptr<Receiver> inner)
        : broker_(broker), inner_(std::move(inner)) {}

    Async<std::unique_ptr<Delivery>> receive(int room) override {
        if (!closed_) {
            if (const auto operation = broker_.pop_duplicate()) return wrap(*operation, nullptr);
        }
        return receive_inner(room);
    }
    void close() noexcept override {
        closed_ = true;
        inner_->close();
    }

private:
    [[nodiscard]] std::unique_ptr<Delivery> wrap(RunOperation operation,
                                                 std::unique_ptr<Delivery> inner) {
        return std::make_unique<FaultyDelivery>(*broker_.faults_, operation, std::move(inner));
    }
    Async<std::unique_ptr<Delivery>> receive_inner(int room) {
        auto receiving = inner_->receive(room);
        std::unique_ptr<Delivery> delivery = co_await std::move(receiving);
        if (!delivery) co_return nullptr;
        const RunOperation operation = delivery->operation();
        if (broker_.faults_->strikes(Fault::kBrokerDuplicated)) broker_.duplicate(operation);
        co_return wrap(operation, std::move(delivery));
    }

    FaultyBroker& broker_;
    std::unique_ptr<Receiver> inner_;
    bool closed_ = false;
};

std::unique_ptr<Broker::Receiver> FaultyBroker::receiver(NodeId node, Lease lease, int slots) {
    return std::make_unique<FaultyReceiver>(*this, inner_->receiver(node, lease, slots));
}

class FaultyEventBus final : public ForwardingEventBus<> {
public:
    FaultyEventBus(std::shared_ptr<EventBus> inner, std::shared_ptr<FaultSource> faults)
        : ForwardingEventBus(std::move(inner)), faults_(std::move(faults)) {}

    AsyncResult<void> stop(SteadyTime deadline) override {
        return stop_after_delayed(inner_, delayer_, deadline);
    }

    AsyncResult<void> publish(Wake wake) override {
        const auto send = [=, this] { return inner_->publish(wake); };
        if (faults_->strikes(Fault::kBusDuplicated)) delayer_.later(faults_->delay(), send);
        return deliver(*faults_, delayer_, Fault::kBusDropped, Fault::kBusDelayed, send);
    }
    void wake_local(Wake wake, bool erased) override { inner_->wake_local(wake, erased); }

private:
    std::shared_ptr<FaultSource> faults_;
    Delayer delayer_;
};

class FaultyCancelRegistry final : public ForwardingCancelRegistry<> {
public:
    FaultyCancelRegistry(std::shared_ptr<CancelRegistry> inner, std::shared_ptr<FaultSource> faults)
        : ForwardingCancelRegistry(std::move(inner)), faults_(std::move(faults)) {}

    AsyncResult<void> stop(SteadyTime deadline) override {
        return stop_after_delayed(inner_, delayer_, deadline);
    }

    AsyncResult<void> request_cancel(TaskId task) override {
        return deliver(*faults_, delayer_, Fault::kCancelDropped, Fault::kCancelDelayed,
                       [=, this] { return inner_->request_cancel(task); });
    }

private:
    std::shared_ptr<FaultSource> faults_;
    Delayer delayer_;
};

}  // namespace

std::shared_ptr<Broker> make_faulty(std::shared_ptr<Broker> inner,
                                    std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyBroker>(std::move(inner), std::move(faults));
}
std::shared_ptr<EventBus> make_faulty(std::shared_ptr<EventBus> inner,
                                      std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyEventBus>(std::move(inner), std::move(faults));
}
std::shared_ptr<CancelRegistry> make_faulty(std::shared_ptr<CancelRegistry> inner,
                                            std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyCancelRegistry>(std::move(inner), std::move(faults));
}

}  // namespace a2akit::testing
