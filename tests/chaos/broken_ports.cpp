#include "chaos/broken_ports.hpp"

#include <utility>
#include <vector>

namespace a2akit::chaos {
namespace {

class BrokenStorage final : public Storage {
public:
    BrokenStorage(std::shared_ptr<Storage> inner, Breakage breakage)
        : inner_(std::move(inner)), broken_(breakage) {}

    AsyncResult<void> start() override { return inner_->start(); }
    AsyncResult<void> stop(SteadyTime deadline) override { return inner_->stop(deadline); }
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override {
        return inner_->capabilities();
    }
    AsyncResult<void> check() override { return inner_->check(); }
    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        if (broken_.keys) update.once.reset();
        return inner_->create(std::move(task), std::move(scope), std::move(update));
    }
    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override {
        return inner_->load(task, std::move(scope), history_length, include_artifacts);
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        if (broken_.fencing) update.guard.epoch.reset();
        if (broken_.repeats) update.id = WriteId::next();
        if (broken_.keys) update.once.reset();
        return inner_->append(task, std::move(scope), std::move(update));
    }
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override {
        return inner_->claim(id, task, turn, node, lease);
    }
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override {
        if (broken_.renewals)
            return Error{ErrorCode::kUnavailable, "renewals are switched off", nullptr};
        return inner_->renew(node, lease);
    }
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override {
        return inner_->release(task, epoch, how, not_before);
    }
    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override {
        return inner_->list(std::move(scope), std::move(query));
    }
    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override {
        return inner_->events(task, std::move(scope), after, limit);
    }
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override {
        if (!broken_.tails) return inner_->tails(std::move(tasks));
        std::vector<Tail> nothing_new;
        for (const TaskId task : tasks) nothing_new.push_back(Tail{.task = task});
        return Result<std::vector<Tail>>(std::move(nothing_new));
    }
    AsyncResult<Timestamp> now() override { return inner_->now(); }

private:
    std::shared_ptr<Storage> inner_;
    Breakage broken_;
};

class BrokenMaintenance final : public Maintenance {
public:
    explicit BrokenMaintenance(std::shared_ptr<Maintenance> inner) : inner_(std::move(inner)) {}

    AsyncResult<std::vector<Due>> due(int) override {
        return Result<std::vector<Due>>(std::vector<Due>());
    }
    AsyncResult<std::vector<TaskId>> erase(EraseQuery query) override {
        return inner_->erase(query);
    }
    AsyncResult<int> compact(Timestamp ended_before, int limit) override {
        return inner_->compact(ended_before, limit);
    }
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override {
        return inner_->dead_letters(after, limit);
    }
    AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) override {
        return inner_->mark_redriven(dead_letter, redriven);
    }
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override {
        return inner_->stale_paused(before, limit);
    }
    AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) override {
        return inner_->stored_use(std::move(owner), with_bytes);
    }

private:
    std::shared_ptr<Maintenance> inner_;
};

class UnansweredDelivery final : public Delivery {
public:
    explicit UnansweredDelivery(std::unique_ptr<Delivery> inner) : inner_(std::move(inner)) {}

    [[nodiscard]] const RunOperation& operation() const noexcept override {
        return inner_->operation();
    }
    [[nodiscard]] Run* claimed() noexcept override { return inner_->claimed(); }
    AsyncResult<void> ack() override { return Result<void>(); }
    AsyncResult<void> nack(Duration) override { return Result<void>(); }

private:
    std::unique_ptr<Delivery> inner_;
};

class UnansweredBroker final : public Broker {
public:
    explicit UnansweredBroker(std::shared_ptr<Broker> inner) : inner_(std::move(inner)) {}

    AsyncResult<void> start() override { return inner_->start(); }
    AsyncResult<void> stop(SteadyTime deadline) override { return inner_->stop(deadline); }
    AsyncResult<void> check() override { return inner_->check(); }
    AsyncResult<void> enqueue(RunOperation operation,
                              std::optional<Timestamp> not_before) override {
        return inner_->enqueue(operation, not_before);
    }
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

    std::shared_ptr<Broker> inner_;
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
