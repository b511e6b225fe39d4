#include "chaos/broken_ports.hpp"
#include "storage/forwarding_ports.hpp"

#include <utility>
#include <vector>

namespace a2akit::chaos {
namespace {

class BrokenStorage final : public ForwardingStorage<> {
public:
    BrokenStorage(std::shared_ptr<Storage> inner, Breakage breakage)
        : ForwardingStorage(std::move(inner)), broken_(breakage) {}

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        if (broken_.keys) update.once.reset();
        return inner_->create(std::move(task), std::move(scope), std::move(update));
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        if (broken_.fencing) update.guard.epoch.reset();
        if (broken_.repeats) update.id = WriteId::next();
        if (broken_.keys) update.once.reset();
        return inner_->append(task, std::move(scope), std::move(update));
    }
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override {
        if (broken_.renewals)
            return Error{ErrorCode::kUnavailable, "renewals are switched off", nullptr};
        return inner_->renew(node, lease);
    }
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override {
        if (!broken_.tails) return inner_->tails(std::move(tasks));
        std::vector<Tail> nothing_new;
        for (const TaskId task : tasks) nothing_new.push_back(Tail{.task = task});
        return Result<std::vector<Tail>>(std::move(nothing_new));
    }

private:
    Breakage broken_;
};

class BrokenMaintenance final : public ForwardingMaintenance<> {
public:
    using ForwardingMaintenance::ForwardingMaintenance;

    AsyncResult<std::vector<Due>> due(int) override {
        return Result<std::vector<Due>>(std::vector<Due>());
    }
};

class UnansweredDelivery final : public ForwardingDelivery<> {
public:
    using ForwardingDelivery::ForwardingDelivery;

    AsyncResult<void> ack() override { return Result<void>(); }
    AsyncResult<void> nack(Duration) override { return Result<void>(); }
};

class UnansweredBroker final : public ForwardingBroker<> {
public:
    using ForwardingBroker::ForwardingBroker;

    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override {
        return std::make_unique<Unanswered>(inner_->receiver(node, lease, slots));
    }

private:
    class Unanswered final : public Receiver {
    public:
        explicit Unanswered(std::unique_ptr<Receiver> inner) : inner_(std::move(inner)) {}

        Async<std::unique_ptr<Delivery>> receive(int room) override {
            std::unique_ptr<Delivery> next = co_await inner_->receive(room);
            if (!next) co_return nullptr;
            co_return std::make_unique<UnansweredDelivery>(std::move(next));
        }
        void close() noexcept override { inner_->close(); }

    private:
        std::unique_ptr<Receiver> inner_;
    };
};

}  // namespace

Ports break_ports(Ports ports, Breakage breakage) {
    ports.storage = std::make_shared<BrokenStorage>(std::move(ports.storage), breakage);
    if (breakage.sweeps)
        ports.maintenance = std::make_shared<BrokenMaintenance>(std::move(ports.maintenance));
    if (breakage.acks) ports.broker = std::make_shared<UnansweredBroker>(std::move(ports.broker));
    return ports;
}

}  // namespace a2akit::chaos
