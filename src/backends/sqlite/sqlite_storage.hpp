#pragma once

#include "backends/common/broker_hub.hpp"
#include "backends/common/list_cursor.hpp"
#include "backends/common/unreadable_tasks.hpp"
#include "backends/sqlite/checkpointer.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/readers.hpp"
#include "backends/sqlite/task_row.hpp"
#include "backends/sqlite/writer.hpp"

#include <a2akit/storage/context_store.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

#include <memory>
#include <string>
#include <vector>

namespace a2akit::sqlite {

/// Tasks in one database file.
///
/// All changes are made by one writer's thread, many calls in one transaction; an answered call is
/// on disk. Reads have separate threads, which never wait for the writer. Several servers of one
/// process may share one object.
class SqliteStorage final : public Storage,
                            public ContextStore,
                            public Maintenance,
                            public PushStore {
public:
    /// `clock` null: the machine's. Every run of a former process is over by the time this returns.
    [[nodiscard]] static Result<std::shared_ptr<SqliteStorage>> open(
        DatabaseOptions options, std::shared_ptr<const Clock> clock = nullptr);
    ~SqliteStorage() override;

    AsyncResult<void> start() override { return check(); }
    /// Returns once all earlier calls are answered.
    AsyncResult<void> stop(SteadyTime deadline) override;
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override {
        return {.in_process = false};
    }
    AsyncResult<void> check() override;

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
    AsyncResult<Timestamp> now() override { return Result<Timestamp>(time_.now()); }

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

    // For the broker that serves the same file.
    [[nodiscard]] local::BrokerHub& hub() noexcept { return hub_; }
    /// The turns without a run, oldest first.
    AsyncResult<std::vector<RunOperation>> due_turns(int limit);

    [[nodiscard]] Writer::Counters counters() const noexcept { return writer_.counters(); }
    [[nodiscard]] std::size_t queued_writes() { return writer_.queued(); }
    /// Whether a caller waits for an answer that was not posted yet.
    [[nodiscard]] bool busy() const noexcept { return writer_.busy() || readers_.busy(); }

private:
    struct Parts {
        std::unique_ptr<Database> database;
        std::shared_ptr<const Clock> clock;
        std::unique_ptr<Connection> writer;
        std::unique_ptr<Connection> checkpointer;
        std::vector<std::unique_ptr<Connection>> readers;
        backends::CursorCodec::Key cursor_key;
    };
    explicit SqliteStorage(Parts parts);
    AsyncResult<TaskSnapshot> load_stored(TaskId task, OwnerScope scope,
                                          std::optional<std::int32_t> history_length,
                                          bool include_artifacts);
    AsyncResult<void> give_back_space();

    std::unique_ptr<Database> database_;
    backends::UnreadableTasks unreadable_;
    EngineTime time_;
    const backends::CursorCodec cursors_;
    local::BrokerHub hub_;
    LogLength log_length_;
    Checkpointer checkpointer_;
    Writer writer_;
    Readers readers_;  // closes first: the last connection moves the log into the file, and readers
                       // may not
};

}  // namespace a2akit::sqlite
