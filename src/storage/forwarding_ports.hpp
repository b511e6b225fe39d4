#pragma once

#include <a2akit/ports.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {

/// Makes a call of a port as it is.
struct CallThrough {
    template <class Call>
    auto operator()(const char* /*name*/, Call call) const {
        return call();
    }
};

// Ports that pass every call on to another one of their kind: the base of a port that changes,
// counts or refuses some of the calls, and overrides only those.
//
//     class CountingStorage final : public ForwardingStorage<> { … };
//     ports.storage = std::make_shared<CountingStorage>(ports.storage);
//
// `Around` stands around each call that returns an AsyncResult: `around("Storage::load", call)`
// returns what `call()` returned, or something else in its place. The call owns its arguments, and
// is made once at most, so it may be made by a coroutine that holds it. Calls come from any thread.
// A call that is overridden no longer passes through `Around`.

/// What all of them share.
template <class Port, class Around>
class ForwardingPort : public Port {
public:
    /// REQUIRES: `inner` is not null.
    explicit ForwardingPort(std::shared_ptr<Port> inner, Around around = {})
        : inner_(std::move(inner)), around_(std::move(around)) {}

protected:
    const std::shared_ptr<Port> inner_;
    const Around around_;
};

/// The calls of the ports that are started and stopped.
template <class Port, class Around>
class ForwardingComponent : public ForwardingPort<Port, Around> {
public:
    using ForwardingPort<Port, Around>::ForwardingPort;

    AsyncResult<void> start() override {
        return this->around_("start", [this] { return this->inner_->start(); });
    }
    AsyncResult<void> stop(SteadyTime deadline) override {
        return this->around_("stop", [this, deadline] { return this->inner_->stop(deadline); });
    }
    AsyncResult<void> check() override {
        return this->around_("check", [this] { return this->inner_->check(); });
    }
};

template <class Around = CallThrough>
class ForwardingStorage : public ForwardingComponent<Storage, Around> {
public:
    using ForwardingComponent<Storage, Around>::ForwardingComponent;

    [[nodiscard]] StorageCapabilities capabilities() const noexcept override {
        return this->inner_->capabilities();
    }
    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        return this->around_(
            "Storage::create", [this, task = std::move(task), scope = std::move(scope),
                                update = std::move(update)]() mutable {
                return this->inner_->create(std::move(task), std::move(scope), std::move(update));
            });
    }
    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override {
        return this->around_("Storage::load", [=, this, scope = std::move(scope)]() mutable {
            return this->inner_->load(task, std::move(scope), history_length, include_artifacts);
        });
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        return this->around_("Storage::append", [this, task, scope = std::move(scope),
                                                 update = std::move(update)]() mutable {
            return this->inner_->append(task, std::move(scope), std::move(update));
        });
    }
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override {
        return this->around_("Storage::claim", [=, this] {
            return this->inner_->claim(id, task, turn, node, lease);
        });
    }
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override {
        return this->around_("Storage::renew",
                             [=, this] { return this->inner_->renew(node, lease); });
    }
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override {
        return this->around_("Storage::release", [=, this] {
            return this->inner_->release(task, epoch, how, not_before);
        });
    }
    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override {
        return this->around_("Storage::list",
                             [this, scope = std::move(scope), query = std::move(query)]() mutable {
                                 return this->inner_->list(std::move(scope), std::move(query));
                             });
    }
    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override {
        return this->around_("Storage::events", [=, this, scope = std::move(scope)]() mutable {
            return this->inner_->events(task, std::move(scope), after, limit);
        });
    }
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override {
        return this->around_("Storage::tails", [this, tasks = std::move(tasks)]() mutable {
            return this->inner_->tails(std::move(tasks));
        });
    }
    AsyncResult<Timestamp> now() override {
        return this->around_("Storage::now", [this] { return this->inner_->now(); });
    }
};

template <class Around = CallThrough>
class ForwardingContextStore : public ForwardingPort<ContextStore, Around> {
public:
    using ForwardingPort<ContextStore, Around>::ForwardingPort;

    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override {
        return this->around_(
            "ContextStore::load_context",
            [this, scope = std::move(scope), context_id = std::move(context_id)]() mutable {
                return this->inner_->load_context(std::move(scope), std::move(context_id));
            });
    }
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override {
        return this->around_(
            "ContextStore::update_context",
            [this, expected, scope = std::move(scope), context_id = std::move(context_id),
             value = std::move(value)]() mutable {
                return this->inner_->update_context(std::move(scope), std::move(context_id),
                                                    std::move(value), expected);
            });
    }
};

template <class Around = CallThrough>
class ForwardingMaintenance : public ForwardingPort<Maintenance, Around> {
public:
    using ForwardingPort<Maintenance, Around>::ForwardingPort;

    AsyncResult<std::vector<Due>> due(int limit) override {
        return this->around_("Maintenance::due",
                             [this, limit] { return this->inner_->due(limit); });
    }
    AsyncResult<std::vector<TaskId>> erase(EraseQuery query) override {
        return this->around_("Maintenance::erase",
                             [this, query] { return this->inner_->erase(query); });
    }
    AsyncResult<int> compact(Timestamp ended_before, int limit) override {
        return this->around_("Maintenance::compact",
                             [=, this] { return this->inner_->compact(ended_before, limit); });
    }
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override {
        return this->around_("Maintenance::dead_letters",
                             [=, this] { return this->inner_->dead_letters(after, limit); });
    }
    AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) override {
        return this->around_("Maintenance::mark_redriven", [=, this] {
            return this->inner_->mark_redriven(dead_letter, redriven);
        });
    }
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override {
        return this->around_("Maintenance::stale_paused",
                             [=, this] { return this->inner_->stale_paused(before, limit); });
    }
    AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) override {
        return this->around_("Maintenance::stored_use",
                             [this, with_bytes, owner = std::move(owner)]() mutable {
                                 return this->inner_->stored_use(std::move(owner), with_bytes);
                             });
    }
};

template <class Around = CallThrough>
class ForwardingPushStore : public ForwardingPort<PushStore, Around> {
public:
    using ForwardingPort<PushStore, Around>::ForwardingPort;

    AsyncResult<PushConfig> put_config(OwnerScope scope, NewPushConfig config) override {
        return this->around_("PushStore::put_config", [this, scope = std::move(scope),
                                                       config = std::move(config)]() mutable {
            return this->inner_->put_config(std::move(scope), std::move(config));
        });
    }
    AsyncResult<std::optional<PushConfig>> find_config(OwnerScope scope, TaskId task,
                                                       std::string id) override {
        return this->around_("PushStore::find_config", [this, task, scope = std::move(scope),
                                                        id = std::move(id)]() mutable {
            return this->inner_->find_config(std::move(scope), task, std::move(id));
        });
    }
    AsyncResult<std::vector<PushConfig>> list_configs(OwnerScope scope, TaskId task) override {
        return this->around_("PushStore::list_configs",
                             [this, task, scope = std::move(scope)]() mutable {
                                 return this->inner_->list_configs(std::move(scope), task);
                             });
    }
    AsyncResult<void> remove_config(OwnerScope scope, TaskId task, std::string id) override {
        return this->around_("PushStore::remove_config", [this, task, scope = std::move(scope),
                                                          id = std::move(id)]() mutable {
            return this->inner_->remove_config(std::move(scope), task, std::move(id));
        });
    }
    AsyncResult<std::vector<PushDelivery>> due_deliveries(PushQuery query) override {
        return this->around_("PushStore::due_deliveries",
                             [this, query] { return this->inner_->due_deliveries(query); });
    }
    AsyncResult<void> settle(Uuid key, std::uint64_t lease, PushOutcome outcome) override {
        return this->around_("PushStore::settle",
                             [this, key, lease, outcome = std::move(outcome)]() mutable {
                                 return this->inner_->settle(key, lease, std::move(outcome));
                             });
    }
    AsyncResult<std::vector<PushDeadLetter>> dead_deliveries(std::optional<Uuid> after,
                                                             int limit) override {
        return this->around_("PushStore::dead_deliveries",
                             [=, this] { return this->inner_->dead_deliveries(after, limit); });
    }
    AsyncResult<void> redrive_delivery(Uuid key) override {
        return this->around_("PushStore::redrive_delivery",
                             [this, key] { return this->inner_->redrive_delivery(key); });
    }
};

/// Owned by the receiver's caller, unlike the ports.
template <class Around = CallThrough>
class ForwardingDelivery : public Delivery {
public:
    /// REQUIRES: `inner` is not null.
    explicit ForwardingDelivery(std::unique_ptr<Delivery> inner, Around around = {})
        : inner_(std::move(inner)), around_(std::move(around)) {}

    [[nodiscard]] const RunOperation& operation() const noexcept override {
        return inner_->operation();
    }
    [[nodiscard]] Run* claimed() noexcept override { return inner_->claimed(); }
    AsyncResult<void> ack() override {
        return around_("Delivery::ack", [this] { return inner_->ack(); });
    }
    AsyncResult<void> nack(Duration delay) override {
        return around_("Delivery::nack", [this, delay] { return inner_->nack(delay); });
    }

private:
    const std::unique_ptr<Delivery> inner_;
    const Around around_;
};

/// Its receivers are those of the inner broker.
template <class Around = CallThrough>
class ForwardingBroker : public ForwardingComponent<Broker, Around> {
public:
    using ForwardingComponent<Broker, Around>::ForwardingComponent;

    AsyncResult<void> enqueue(RunOperation operation,
                              std::optional<Timestamp> not_before) override {
        return this->around_("Broker::enqueue",
                             [=, this] { return this->inner_->enqueue(operation, not_before); });
    }
    std::unique_ptr<Broker::Receiver> receiver(NodeId node, Lease lease, int slots) override {
        return this->inner_->receiver(node, lease, slots);
    }
};

template <class Around = CallThrough>
class ForwardingEventBus : public ForwardingComponent<EventBus, Around> {
public:
    using ForwardingComponent<EventBus, Around>::ForwardingComponent;

    AsyncResult<void> publish(Wake wake) override {
        return this->around_("EventBus::publish",
                             [this, wake] { return this->inner_->publish(wake); });
    }
    AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId task, Interest interest) override {
        return this->around_("EventBus::subscribe",
                             [=, this] { return this->inner_->subscribe(task, interest); });
    }
    [[nodiscard]] std::vector<TaskId> watched() const override { return this->inner_->watched(); }
    void wake_local(Wake wake, bool erased) override { this->inner_->wake_local(wake, erased); }
};

template <class Around = CallThrough>
class ForwardingCancelRegistry : public ForwardingComponent<CancelRegistry, Around> {
public:
    using ForwardingComponent<CancelRegistry, Around>::ForwardingComponent;

    AsyncResult<void> request_cancel(TaskId task) override {
        return this->around_("CancelRegistry::request_cancel",
                             [this, task] { return this->inner_->request_cancel(task); });
    }
    AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) override {
        return this->around_("CancelRegistry::watch",
                             [this, task] { return this->inner_->watch(task); });
    }
    AsyncResult<void> forget(TaskId task) override {
        return this->around_("CancelRegistry::forget",
                             [this, task] { return this->inner_->forget(task); });
    }
};

}  // namespace a2akit
