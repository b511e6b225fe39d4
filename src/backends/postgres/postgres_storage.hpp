#pragma once

#include "backends/postgres/postgres_node.hpp"

#include <a2akit/storage/context_store.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

#include <memory>
#include <string>
#include <vector>

namespace a2akit::postgres {

/// Tasks in PostgreSQL: each write is one call of a function of the schema, so one round trip and
/// one transaction.
class PostgresStorage final : public Storage,
                              public ContextStore,
                              public Maintenance,
                              public PushStore {
public:
    explicit PostgresStorage(std::shared_ptr<PostgresNode> node) : node_(std::move(node)) {}

    AsyncResult<void> start() override { return node_->start(PostgresNode::kStorage); }
    AsyncResult<void> stop(SteadyTime) override { return node_->stop(PostgresNode::kStorage); }
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override { return {}; }
    AsyncResult<void> check() override { return node_->check(); }
    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override;
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override;
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override;
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override;
    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override;
    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override;
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override;
    AsyncResult<Timestamp> now() override;

    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override;
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override;

    AsyncResult<std::vector<Due>> due(int limit) override;
    AsyncResult<std::vector<TaskId>> erase(EraseQuery query) override;
    AsyncResult<int> compact(Timestamp ended_before, int limit) override;
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override;
    AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) override;
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override;
    AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) override;

    AsyncResult<PushConfig> put_config(OwnerScope scope, NewPushConfig config) override;
    AsyncResult<std::optional<PushConfig>> find_config(OwnerScope scope, TaskId task,
                                                       std::string id) override;
    AsyncResult<std::vector<PushConfig>> list_configs(OwnerScope scope, TaskId task) override;
    AsyncResult<void> remove_config(OwnerScope scope, TaskId task, std::string id) override;
    AsyncResult<std::vector<PushDelivery>> due_deliveries(PushQuery query) override;
    AsyncResult<void> settle(Uuid key, std::uint64_t lease, PushOutcome outcome) override;
    AsyncResult<std::vector<PushDeadLetter>> dead_deliveries(std::optional<Uuid> after,
                                                             int limit) override;
    AsyncResult<void> redrive_delivery(Uuid key) override;

private:
    [[nodiscard]] PgParams write_params(const TaskId& task, const OwnerScope& scope,
                                        const TaskUpdate& update, const NewTask* made) const;
    struct Snapshots {
        std::vector<TaskSnapshot> tasks;
        int looked_at = 0;  ///< How many of those asked for these are, with those that are gone.
    };
    /// The snapshots of the first of these tasks in their order, as many as fit, without those that
    /// are gone.
    AsyncResult<Snapshots> snapshots(std::vector<TaskId> tasks,
                                     std::optional<std::int32_t> history_length,
                                     bool include_artifacts, std::size_t max_bytes);

    // For tasks of which the server cannot read some value.
    AsyncResult<Claimed> claim_damaged(TaskId task, Turn turn, NodeId node, Lease lease);
    AsyncResult<TaskSnapshot> load_damaged(TaskId task, OwnerScope scope,
                                           std::optional<std::int32_t> history_length,
                                           bool include_artifacts);
    AsyncResult<TaskSnapshot> load_head(TaskId task);
    AsyncResult<Snapshots> snapshots_one_by_one(std::vector<TaskId> tasks,
                                                std::optional<std::int32_t> history_length,
                                                bool include_artifacts, std::size_t max_bytes);

    std::shared_ptr<PostgresNode> node_;
};

}  // namespace a2akit::postgres
