#include "backends/common/sealed_ports.hpp"

#include "backends/common/sealed_content.hpp"
#include "backends/common/unreadable_tasks.hpp"
#include "storage/forwarding_ports.hpp"

#include <a2akit/core/error.hpp>

#include <string>
#include <utility>

namespace a2akit::backends {
namespace {

/// What the sealed ports share.
struct Vault {
    explicit Vault(DataKeys k) : keys(std::move(k)) {}

    [[nodiscard]] SealedContent content_of(const TaskId& task) const { return {keys, task}; }
    /// Says what cannot be read, as an engine does.
    template <class T>
    Result<void> open(const TaskId& task, T& content) {
        Result<void> opened = content_of(task).open(content);
        if (opened) return opened;
        return fail(unreadable.note(task, opened.error().message));
    }

    const DataKeys keys;
    UnreadableTasks unreadable;
};

class SealedStorage final : public ForwardingStorage<> {
public:
    SealedStorage(std::shared_ptr<Storage> inner, std::shared_ptr<Vault> vault)
        : ForwardingStorage(std::move(inner)), vault_(std::move(vault)) {}

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        if (auto sealed = vault_->content_of(task.id).seal(update); !sealed)
            co_return fail(std::move(sealed.error()));
        auto creating = inner_->create(std::move(task), std::move(scope), std::move(update));
        Result<Created> created = co_await std::move(creating);
        if (!created || !created->snapshot) co_return created;
        TaskSnapshot& snapshot = *created->snapshot;
        if (auto opened = vault_->open(snapshot.id, snapshot); !opened)
            co_return fail(std::move(opened.error()));
        co_return created;
    }

    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override {
        auto loading = inner_->load(task, std::move(scope), history_length, include_artifacts);
        Result<TaskSnapshot> snapshot = co_await std::move(loading);
        if (!snapshot) co_return snapshot;
        auto opened = vault_->open(task, *snapshot);
        if (opened) co_return snapshot;
        if (history_length != 0 || include_artifacts) co_return fail(std::move(opened.error()));
        drop_contents(*snapshot);
        co_return snapshot;
    }

    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        if (auto sealed = vault_->content_of(task).seal(update); !sealed)
            return fail(std::move(sealed.error()));
        return inner_->append(task, std::move(scope), std::move(update));
    }

    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override {
        auto claiming = inner_->claim(id, task, turn, node, lease);
        Result<Claimed> claimed = co_await std::move(claiming);
        Run* run = claimed ? std::get_if<Run>(&*claimed) : nullptr;
        if (run == nullptr) co_return claimed;
        if (auto opened = open_run(*vault_, *run); !opened) {
            // The attempt counts, so that the sweeps end the task after its last one.
            auto releasing = inner_->release(task, run->epoch, Release::kRetry, Timestamp{});
            const auto released = co_await std::move(releasing);
            if (!released) co_return fail(released.error());
            co_return fail(std::move(opened.error()));
        }
        co_return claimed;
    }

    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override {
        auto listing = inner_->list(std::move(scope), std::move(query));
        Result<ListPage> page = co_await std::move(listing);
        if (!page) co_return page;
        for (TaskSnapshot& task : page->tasks) {
            if (!vault_->open(task.id, task)) drop_contents(task);
        }
        co_return page;
    }

    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override {
        auto reading = inner_->events(task, std::move(scope), after, limit);
        Result<EventPage> page = co_await std::move(reading);
        if (!page) co_return page;
        for (TaskEvent& event : page->events) {
            if (auto opened = vault_->open(task, event); !opened)
                co_return fail(std::move(opened.error()));
        }
        co_return page;
    }

    static Result<void> open_run(Vault& vault, Run& run) {
        const TaskId task = run.snapshot.id;
        if (auto opened = vault.open(task, run.snapshot); !opened) return opened;
        return vault.open(task, run.input);
    }

private:
    const std::shared_ptr<Vault> vault_;
};

class SealedMaintenance final : public ForwardingMaintenance<> {
public:
    SealedMaintenance(std::shared_ptr<Maintenance> inner, std::shared_ptr<Vault> vault)
        : ForwardingMaintenance(std::move(inner)), vault_(std::move(vault)) {}

    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override {
        auto listing = inner_->dead_letters(after, limit);
        auto letters = co_await std::move(listing);
        if (!letters) co_return letters;
        for (DeadLetter& letter : *letters) {
            if (!vault_->open(letter.task, letter.message)) letter.message = {};
        }
        co_return letters;
    }

private:
    const std::shared_ptr<Vault> vault_;
};

class SealedPushStore final : public ForwardingPushStore<> {
public:
    SealedPushStore(std::shared_ptr<PushStore> inner, std::shared_ptr<Vault> vault)
        : ForwardingPushStore(std::move(inner)), vault_(std::move(vault)) {}

    AsyncResult<PushConfig> put_config(OwnerScope scope, NewPushConfig config) override {
        const SealedContent content = vault_->content_of(config.task);
        if (auto sealed = content.seal(config.config); !sealed)
            co_return fail(std::move(sealed.error()));
        auto putting = inner_->put_config(std::move(scope), std::move(config));
        co_return opened(co_await std::move(putting));
    }
    AsyncResult<std::optional<PushConfig>> find_config(OwnerScope scope, TaskId task,
                                                       std::string id) override {
        auto finding = inner_->find_config(std::move(scope), task, std::move(id));
        auto found = co_await std::move(finding);
        if (!found || !*found) co_return found;
        Result<PushConfig> config = opened(std::move(**found));
        if (!config) co_return fail(std::move(config.error()));
        co_return std::optional(std::move(*config));
    }
    AsyncResult<std::vector<PushConfig>> list_configs(OwnerScope scope, TaskId task) override {
        auto listing = inner_->list_configs(std::move(scope), task);
        auto all = co_await std::move(listing);
        if (!all) co_return all;
        for (PushConfig& config : *all) {
            Result<PushConfig> plain = opened(std::move(config));
            if (!plain) co_return fail(std::move(plain.error()));
            config = std::move(*plain);
        }
        co_return all;
    }

    AsyncResult<std::vector<PushDelivery>> due_deliveries(PushQuery query) override {
        auto looking = inner_->due_deliveries(query);
        auto due = co_await std::move(looking);
        if (!due) co_return due;
        std::vector<PushDelivery> plain;
        for (PushDelivery& delivery : *due) {
            const Uuid key = delivery.config.key;
            Result<PushConfig> config = opened(std::move(delivery.config));
            if (config) {
                delivery.config = std::move(*config);
                plain.push_back(std::move(delivery));
                continue;
            }
            // It must not keep the others waiting. A dead letter can be redriven.
            PushOutcome outcome;
            outcome.next = PushOutcome::Next::kGiveUp;
            outcome.cursor = delivery.cursor;
            outcome.reason = "the configuration cannot be decrypted";
            auto settling = inner_->settle(key, delivery.lease, std::move(outcome));
            (void)co_await std::move(settling);
        }
        co_return plain;
    }

private:
    Result<PushConfig> opened(Result<PushConfig> config) {
        if (!config) return config;
        if (auto done = vault_->open(config->task, config->config); !done)
            return fail(std::move(done.error()));
        return config;
    }

    const std::shared_ptr<Vault> vault_;
};

class SealedContextStore final : public ForwardingContextStore<> {
public:
    SealedContextStore(std::shared_ptr<ContextStore> inner, std::shared_ptr<Vault> vault)
        : ForwardingContextStore(std::move(inner)), vault_(std::move(vault)) {}

    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override {
        const std::string about = about_context(scope.owner, scope.tenant, context_id);
        auto loading = inner_->load_context(std::move(scope), std::move(context_id));
        Result<ContextValue> value = co_await std::move(loading);
        if (!value) co_return value;
        Result<RawJson> plain = open_json(vault_->keys, value->value, about);
        if (!plain) co_return fail(std::move(plain.error()));
        value->value = std::move(*plain);
        co_return value;
    }
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override {
        if (!value.empty()) {
            Result<RawJson> sealed = seal_json(
                vault_->keys, value, about_context(scope.owner, scope.tenant, context_id));
            if (!sealed) return fail(std::move(sealed.error()));
            value = std::move(*sealed);
        }
        return inner_->update_context(std::move(scope), std::move(context_id), std::move(value),
                                      expected);
    }

private:
    const std::shared_ptr<Vault> vault_;
};

/// Opens the runs that a broker has claimed while it delivered them.
class SealedBroker final : public ForwardingBroker<> {
public:
    SealedBroker(std::shared_ptr<Broker> inner, std::shared_ptr<Storage> storage,
                 std::shared_ptr<Vault> vault)
        : ForwardingBroker(std::move(inner)),
          storage_(std::move(storage)),
          vault_(std::move(vault)) {}

    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override {
        return std::make_unique<OpeningReceiver>(inner_->receiver(node, lease, slots), storage_,
                                                 vault_);
    }

private:
    /// A delivery without the run that was claimed with it.
    class UnclaimedDelivery final : public ForwardingDelivery<> {
    public:
        using ForwardingDelivery::ForwardingDelivery;
        [[nodiscard]] Run* claimed() noexcept override { return nullptr; }
    };

    class OpeningReceiver final : public Receiver {
    public:
        OpeningReceiver(std::unique_ptr<Receiver> inner, std::shared_ptr<Storage> storage,
                        std::shared_ptr<Vault> vault)
            : inner_(std::move(inner)), storage_(std::move(storage)), vault_(std::move(vault)) {}

        Async<std::unique_ptr<Delivery>> receive(int room) override {
            auto receiving = inner_->receive(room);
            std::unique_ptr<Delivery> delivery = co_await std::move(receiving);
            Run* const run = delivery ? delivery->claimed() : nullptr;
            if (run == nullptr || SealedStorage::open_run(*vault_, *run)) co_return delivery;
            // Without its run the entry is claimed again, and that says that it cannot be read.
            auto releasing =
                storage_->release(run->snapshot.id, run->epoch, Release::kRetry, Timestamp{});
            (void)co_await std::move(releasing);
            co_return std::make_unique<UnclaimedDelivery>(std::move(delivery));
        }
        void close() noexcept override { inner_->close(); }

    private:
        const std::unique_ptr<Receiver> inner_;
        const std::shared_ptr<Storage> storage_;
        const std::shared_ptr<Vault> vault_;
    };

    const std::shared_ptr<Storage> storage_;
    const std::shared_ptr<Vault> vault_;
};

// No principal's name, with an agent's or without, begins and ends like this.
constexpr const char* kMarkOwner =
    "\x1f\x1f"
    "a2akit data keys\x1f\x1f";
constexpr const char* kMarkContext = "a2akit data keys";

}  // namespace

Ports sealed_ports(Ports ports, DataKeys keys) {
    auto vault = std::make_shared<Vault>(std::move(keys));
    const std::shared_ptr<Storage> plain = ports.storage;
    ports.storage = std::make_shared<SealedStorage>(plain, vault);
    if (ports.context_store)
        ports.context_store = std::make_shared<SealedContextStore>(ports.context_store, vault);
    if (ports.maintenance)
        ports.maintenance = std::make_shared<SealedMaintenance>(ports.maintenance, vault);
    if (ports.push_store)
        ports.push_store = std::make_shared<SealedPushStore>(ports.push_store, vault);
    ports.broker = std::make_shared<SealedBroker>(ports.broker, plain, vault);
    return ports;
}

AsyncResult<void> check_data_keys(std::shared_ptr<ContextStore> contexts,
                                  std::shared_ptr<const DataKeys> keys) {
    const OwnerScope owner{kMarkOwner, "", false};
    const std::string about = about_context(owner.owner, owner.tenant, kMarkContext);
    auto loading = contexts->load_context(owner, kMarkContext);
    const Result<ContextValue> mark = co_await std::move(loading);
    if (!mark) co_return fail(mark.error());
    if (!keys) {
        if (mark->value.empty()) co_return Result<void>();
        co_return fail(Error::invalid_field(
            "A2AKIT_DATA_KEYS", "is missing: the contents of this storage are encrypted"));
    }
    if (const auto opened = open_json(*keys, mark->value, about); !opened) {
        co_return fail(Error::invalid_field(
            "A2AKIT_DATA_KEYS",
            "does not fit the contents of this storage: of their mark, " + opened.error().message));
    }
    const Result<RawJson> renewed = seal_json(*keys, RawJson("true"), about);
    if (!renewed) co_return fail(renewed.error());
    auto updating = contexts->update_context(owner, kMarkContext, *renewed, std::nullopt);
    const auto updated = co_await std::move(updating);
    if (!updated) co_return fail(updated.error());
    co_return Result<void>();
}

}  // namespace a2akit::backends
