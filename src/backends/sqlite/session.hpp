#pragma once

#include "backends/sqlite/connection.hpp"
#include "backends/sqlite/ended_tasks.hpp"
#include "backends/sqlite/task_row.hpp"

#include <a2akit/storage/storage.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace a2akit::sqlite {

/// A process that has or had runs. All its runs were renewed together, up to `until`.
struct Node {
    std::int64_t id = 0;
    NodeId node;
    Timestamp until{};
};

/// A run that its node lost without having given it back.
struct LostRun {
    NodeId node;
    TaskId task;
    Epoch epoch = 0;
    Timestamp at{};
};

/// The engine's clock, for the writer and the readers. Safe from any thread.
class EngineTime {
public:
    explicit EngineTime(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}
    /// Never earlier than one that was given out before.
    [[nodiscard]] Timestamp now();
    /// Every write that is stamped earlier than this is committed, or failed.
    [[nodiscard]] Timestamp settled();

    // For the writer: around each transaction.
    void begin_writing() { writing_since_ = now(); }
    void end_writing() { writing_since_ = kIdle; }

private:
    static constexpr Timestamp kIdle = Timestamp::max();
    std::shared_ptr<const Clock> clock_;
    std::atomic<Timestamp> latest_{Timestamp{}};
    std::atomic<Timestamp> writing_since_{kIdle};
};

/// The state that the operations of one transaction share: the connection, the time, and the
/// writer's caches between transactions. Used on the writer's thread only.
///
/// Effects of an operation outside of the database go through `on_commit` and `on_failure`.
class Session {
public:
    Session(std::unique_ptr<Connection> connection, EngineTime& time);

    [[nodiscard]] Connection& db() noexcept { return *connection_; }
    [[nodiscard]] Timestamp now() { return time_.now(); }
    [[nodiscard]] EngineTime& time() noexcept { return time_; }

    [[nodiscard]] std::int64_t next_task() noexcept { return ++last_task_; }
    [[nodiscard]] std::int64_t owner_id(const OwnerScope& scope);
    /// 0: no owner of that name has stored anything.
    [[nodiscard]] std::int64_t find_owner(const OwnerScope& scope);
    [[nodiscard]] const OwnerScope& owner(std::int64_t id);
    [[nodiscard]] Node& node(const NodeId& node);
    /// Null: unknown.
    [[nodiscard]] const Node* node(std::int64_t id);

    [[nodiscard]] RowCache& rows() noexcept { return rows_; }
    [[nodiscard]] UnfinishedContents& unfinished() noexcept { return unfinished_; }
    /// Safe from any thread.
    [[nodiscard]] EndedTasks& ended() noexcept { return ended_; }

    /// One visible task of this owner more, or one less, in this state.
    void count(std::int64_t owner, TaskState state, int change);
    /// How many visible tasks are in this state, with what this transaction has changed.
    [[nodiscard]] std::int64_t counted(TaskState state);

    /// Whether the operations were rolled back before: one of them met what it did not expect.
    [[nodiscard]] bool is_done_again() const noexcept { return is_done_again_; }

    void on_commit(std::function<void()> effect) { effects_.push_back({std::move(effect), true}); }
    void on_failure(std::function<void()> effect) {
        effects_.push_back({std::move(effect), false});
    }

    [[nodiscard]] std::vector<LostRun>& lost_runs() noexcept { return lost_runs_; }
    /// Whether any push notification configuration has been stored in the file.
    [[nodiscard]] bool has_pushes();
    void note_push() noexcept { has_pushes_ = true; }
    /// Tasks that cannot be read, as far as upkeep has met them.
    [[nodiscard]] std::unordered_set<std::int64_t>& damaged() noexcept { return damaged_; }

    // For the writer: where an operation begins, and how it and the transaction end.
    struct Mark {
        std::size_t effects = 0;
        std::size_t changes = 0;
    };
    [[nodiscard]] Mark mark() const noexcept { return {effects_.size(), changes_.size()}; }
    void undo(const Mark& mark);
    void begin(bool again) noexcept { is_done_again_ = again; }
    void write_counts();
    void committed();
    void rolled_back();

private:
    struct Effect {
        std::function<void()> run;
        bool when_committed = true;
    };
    struct Change {
        std::int64_t owner = 0;
        std::int64_t state = 0;
        std::int64_t by = 0;
    };
    void forget_cached();

    std::unique_ptr<Connection> connection_;
    EngineTime& time_;
    std::int64_t last_task_ = 0;
    std::unordered_map<std::string, std::int64_t> owner_ids_;
    std::unordered_map<NodeId, Node> nodes_;
    RowCache rows_;
    UnfinishedContents unfinished_;
    EndedTasks ended_;
    std::vector<Effect> effects_;
    std::vector<Change> changes_;
    std::vector<LostRun> lost_runs_;
    std::unordered_set<std::int64_t> damaged_;
    std::optional<bool> has_pushes_;
    bool is_done_again_ = false;
};

}  // namespace a2akit::sqlite
