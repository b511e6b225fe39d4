#include "runtime/guarded_ports.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/core/loop.hpp>

#include <chrono>
#include <exception>
#include <type_traits>
#include <utility>

namespace a2akit {
namespace {

constexpr Duration kAskAgain = std::chrono::seconds(1);

/// REQUIRES: called in a catch block.
void log_thrown(const char* call) noexcept {
    try {
        throw;
    } catch (const std::exception& e) {
        log::error("a port threw, which no port may call={} error={}", call, quoted(e.what()));
    } catch (...) {
        log::error(
            "a port threw, which no port may call={} error=\"an exception that is not derived from "
            "std::exception\"",
            call);
    }
}

template <class Call>
std::invoke_result_t<Call&> guard(const char* name, Call call) {
    try {
        auto pending = call();
        co_return co_await std::move(pending);
    } catch (...) {
        log_thrown(name);
    }
    co_return Error{ErrorCode::kInternal, std::string("a port threw in ") + name, nullptr};
}

/// The calls that all ports have.
template <class Port>
class Guarded : public Port {
public:
    explicit Guarded(std::shared_ptr<Port> inner) : inner_(std::move(inner)) {}

protected:
    const std::shared_ptr<Port> inner_;
};

template <class Port>
class GuardedLife : public Guarded<Port> {
public:
    using Guarded<Port>::Guarded;
    AsyncResult<void> start() override {
        return guard("start", [this] { return this->inner_->start(); });
    }
    AsyncResult<void> stop(SteadyTime deadline) override {
        return guard("stop", [this, deadline] { return this->inner_->stop(deadline); });
    }
    AsyncResult<void> check() override {
        return guard("check", [this] { return this->inner_->check(); });
    }
};

class GuardedStorage final : public GuardedLife<Storage> {
public:
    using GuardedLife::GuardedLife;
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override {
        return inner_->capabilities();
    }
    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        return guard("Storage::create", [this, task = std::move(task), scope = std::move(scope),
                                         update = std::move(update)]() mutable {
            return inner_->create(std::move(task), std::move(scope), std::move(update));
        });
    }
    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override {
        return guard("Storage::load", [=, this, scope = std::move(scope)]() mutable {
            return inner_->load(task, std::move(scope), history_length, include_artifacts);
        });
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        return guard("Storage::append",
                     [this, task, scope = std::move(scope), update = std::move(update)]() mutable {
                         return inner_->append(task, std::move(scope), std::move(update));
                     });
    }
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override {
        return guard("Storage::claim",
                     [=, this] { return inner_->claim(id, task, turn, node, lease); });
    }
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override {
        return guard("Storage::renew", [=, this] { return inner_->renew(node, lease); });
    }
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override {
        return guard("Storage::release",
                     [=, this] { return inner_->release(task, epoch, how, not_before); });
    }
    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override {
        return guard("Storage::list",
                     [this, scope = std::move(scope), query = std::move(query)]() mutable {
                         return inner_->list(std::move(scope), std::move(query));
                     });
    }
    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override {
        return guard("Storage::events", [=, this, scope = std::move(scope)]() mutable {
            return inner_->events(task, std::move(scope), after, limit);
        });
    }
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override {
        return guard("Storage::tails", [this, tasks = std::move(tasks)]() mutable {
            return inner_->tails(std::move(tasks));
        });
    }
    AsyncResult<Timestamp> now() override {
        return guard("Storage::now", [this] { return inner_->now(); });
    }
};

class GuardedContexts final : public Guarded<ContextStore> {
public:
    using Guarded::Guarded;
    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override {
        return guard("ContextStore::load_context", [this, scope = std::move(scope),
                                                    context_id = std::move(context_id)]() mutable {
            return inner_->load_context(std::move(scope), std::move(context_id));
        });
    }
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override {
        return guard("ContextStore::update_context",
                     [this, expected, scope = std::move(scope), context_id = std::move(context_id),
                      value = std::move(value)]() mutable {
                         return inner_->update_context(std::move(scope), std::move(context_id),
                                                       std::move(value), expected);
                     });
    }
};

class GuardedMaintenance final : public Guarded<Maintenance> {
public:
    using Guarded::Guarded;
    AsyncResult<std::vector<Due>> due(int limit) override {
        return guard("Maintenance::due", [this, limit] { return inner_->due(limit); });
    }
    AsyncResult<std::vector<TaskId>> erase(EraseQuery query) override {
        return guard("Maintenance::erase", [this, query] { return inner_->erase(query); });
    }
    AsyncResult<int> compact(Timestamp ended_before, int limit) override {
        return guard("Maintenance::compact",
                     [=, this] { return inner_->compact(ended_before, limit); });
    }
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override {
        return guard("Maintenance::dead_letters",
                     [=, this] { return inner_->dead_letters(after, limit); });
    }
    AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) override {
        return guard("Maintenance::mark_redriven",
                     [=, this] { return inner_->mark_redriven(dead_letter, redriven); });
    }
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override {
        return guard("Maintenance::stale_paused",
                     [=, this] { return inner_->stale_paused(before, limit); });
    }
    AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) override {
        return guard("Maintenance::stored_use",
                     [=, this] { return inner_->stored_use(owner, with_bytes); });
    }
};

class GuardedPushStore final : public Guarded<PushStore> {
public:
    using Guarded::Guarded;
    AsyncResult<PushConfig> put_config(OwnerScope scope, NewPushConfig config) override {
        return guard("PushStore::put_config",
                     [this, scope = std::move(scope), config = std::move(config)]() mutable {
                         return inner_->put_config(std::move(scope), std::move(config));
                     });
    }
    AsyncResult<std::optional<PushConfig>> find_config(OwnerScope scope, TaskId task,
                                                       std::string id) override {
        return guard("PushStore::find_config",
                     [this, task, scope = std::move(scope), id = std::move(id)]() mutable {
                         return inner_->find_config(std::move(scope), task, std::move(id));
                     });
    }
    AsyncResult<std::vector<PushConfig>> list_configs(OwnerScope scope, TaskId task) override {
        return guard("PushStore::list_configs", [this, task, scope = std::move(scope)]() mutable {
            return inner_->list_configs(std::move(scope), task);
        });
    }
    AsyncResult<void> remove_config(OwnerScope scope, TaskId task, std::string id) override {
        return guard("PushStore::remove_config",
                     [this, task, scope = std::move(scope), id = std::move(id)]() mutable {
                         return inner_->remove_config(std::move(scope), task, std::move(id));
                     });
    }
    AsyncResult<std::vector<PushDelivery>> due_deliveries(PushQuery query) override {
        return guard("PushStore::due_deliveries",
                     [this, query] { return inner_->due_deliveries(query); });
    }
    AsyncResult<void> settle(Uuid key, std::uint64_t lease, PushOutcome outcome) override {
        return guard("PushStore::settle",
                     [this, key, lease, outcome = std::move(outcome)]() mutable {
                         return inner_->settle(key, lease, std::move(outcome));
                     });
    }
    AsyncResult<std::vector<PushDeadLetter>> dead_deliveries(std::optional<Uuid> after,
                                                             int limit) override {
        return guard("PushStore::dead_deliveries",
                     [=, this] { return inner_->dead_deliveries(after, limit); });
    }
    AsyncResult<void> redrive_delivery(Uuid key) override {
        return guard("PushStore::redrive_delivery",
                     [this, key] { return inner_->redrive_delivery(key); });
    }
};

class GuardedDelivery final : public Delivery {
public:
    explicit GuardedDelivery(std::unique_ptr<Delivery> inner) : inner_(std::move(inner)) {}
    [[nodiscard]] const RunOperation& operation() const noexcept override {
        return inner_->operation();
    }
    [[nodiscard]] Run* claimed() noexcept override { return inner_->claimed(); }
    AsyncResult<void> ack() override {
        return guard("Delivery::ack", [this] { return inner_->ack(); });
    }
    AsyncResult<void> nack(Duration delay) override {
        return guard("Delivery::nack", [this, delay] { return inner_->nack(delay); });
    }

private:
    std::unique_ptr<Delivery> inner_;
};

class GuardedReceiver final : public Broker::Receiver {
public:
    /// Null: delivers nothing.
    explicit GuardedReceiver(std::unique_ptr<Broker::Receiver> inner) : inner_(std::move(inner)) {}

    Async<std::unique_ptr<Delivery>> receive(int room) override {
        while (inner_ && !closed_.is_set()) {
            try {
                auto pending = inner_->receive(room);
                std::unique_ptr<Delivery> delivery = co_await std::move(pending);
                if (!delivery) co_return nullptr;
                co_return std::make_unique<GuardedDelivery>(std::move(delivery));
            } catch (...) {
                log_thrown("Receiver::receive");
            }
            const SteadyTime until = Loop::current()->now() + kAskAgain;
            co_await closed_.wait_until(until);
        }
        co_return nullptr;
    }
    void close() noexcept override {
        closed_.set();
        if (inner_) inner_->close();
    }

private:
    std::unique_ptr<Broker::Receiver> inner_;
    Signal closed_;
};

class GuardedBroker final : public GuardedLife<Broker> {
public:
    using GuardedLife::GuardedLife;
    AsyncResult<void> enqueue(RunOperation operation,
                              std::optional<Timestamp> not_before) override {
        return guard("Broker::enqueue",
                     [=, this] { return inner_->enqueue(operation, not_before); });
    }
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override {
        std::unique_ptr<Receiver> made;
        try {
            made = inner_->receiver(node, lease, slots);
        } catch (...) {
            log_thrown("Broker::receiver");
        }
        return std::make_unique<GuardedReceiver>(std::move(made));
    }
};

class GuardedEventBus final : public GuardedLife<EventBus> {
public:
    using GuardedLife::GuardedLife;
    AsyncResult<void> publish(Wake wake) override {
        return guard("EventBus::publish", [this, wake] { return inner_->publish(wake); });
    }
    AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId task, Interest interest) override {
        return guard("EventBus::subscribe",
                     [=, this] { return inner_->subscribe(task, interest); });
    }
    [[nodiscard]] std::vector<TaskId> watched() const override {
        try {
            return inner_->watched();
        } catch (...) {
            log_thrown("EventBus::watched");
            return {};
        }
    }
    void wake_local(Wake wake, bool erased) override {
        try {
            inner_->wake_local(wake, erased);
        } catch (...) {
            log_thrown("EventBus::wake_local");
        }
    }
};

class GuardedCancels final : public GuardedLife<CancelRegistry> {
public:
    using GuardedLife::GuardedLife;
    AsyncResult<void> request_cancel(TaskId task) override {
        return guard("CancelRegistry::request_cancel",
                     [this, task] { return inner_->request_cancel(task); });
    }
    AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) override {
        return guard("CancelRegistry::watch", [this, task] { return inner_->watch(task); });
    }
    AsyncResult<void> forget(TaskId task) override {
        return guard("CancelRegistry::forget", [this, task] { return inner_->forget(task); });
    }
};

template <class Wrapper, class Port>
void wrap(std::shared_ptr<Port>& port) {
    if (port) port = std::make_shared<Wrapper>(std::move(port));
}

}  // namespace

Ports guarded(Ports ports) {
    wrap<GuardedStorage>(ports.storage);
    wrap<GuardedContexts>(ports.context_store);
    wrap<GuardedMaintenance>(ports.maintenance);
    wrap<GuardedPushStore>(ports.push_store);
    wrap<GuardedBroker>(ports.broker);
    wrap<GuardedEventBus>(ports.event_bus);
    wrap<GuardedCancels>(ports.cancel_registry);
    return ports;
}

}  // namespace a2akit
