#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/storage/task_update.hpp>

#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// An entry that a sweep has to look at. `due` has already moved the next look at it, so no other
/// node got it as well.
struct Due {
    enum class Kind {
        kTurn,        ///< A turn without a run: enqueue it (again).
        kExpiredRun,  ///< A run whose lease is over, its turn not ended: enqueue the turn, so that
                      ///< it is taken over.
        kCancel,      ///< A pending cancel is overdue: force the end.
    };
    Kind kind{};
    TaskId task;
    Turn turn = 0;
    Epoch epoch = 0;
    int attempts = 0;  ///< Claims of this turn so far.
};

struct DeadLetter {
    TaskId task;
    Turn turn = 0;
    OwnerScope owner;
    std::string context_id;
    std::string reason;
    Timestamp at{};
    int attempts = 0;
    Shared<Message> message;         ///< The turn's message; empty when it cannot be read.
    std::optional<TaskId> redriven;  ///< The task that a redrive made.
    /// The name of the task's agent, in a server with several. Filled in by the Server, which takes
    /// it off `owner`; empty in what Maintenance returns.
    std::string agent = {};
};

/// Which ended tasks to erase: both limits apply, whichever erases more.
struct EraseQuery {
    std::optional<TaskState> state;  ///< A terminal state; absent: all of them.
    std::optional<Timestamp> ended_before;
    std::optional<std::int64_t> keep_at_most;
    int limit = 1000;  ///< Per call, so that other calls need not wait long.
};

/// What is stored of the visible tasks of one owner, in all tenants.
struct StoredUse {
    std::int64_t tasks = 0;
    std::int64_t bytes = 0;  ///< Approximate: the contents, without indexes.
};

/// The housekeeping side of Storage. Safe from any thread; several nodes may call it concurrently.
/// Implementations pass a2akit/testing/maintenance_contract.hpp.
class Maintenance {
public:
    virtual ~Maintenance() = default;

    /// The entries that a sweep has to look at now. The next look at each returned entry is moved
    /// by compare-and-set: for a turn 1 s after it was made, then doubling up to 30 s; for a run
    /// its lease deadline. Deletes expired runs of ended turns.
    virtual AsyncResult<std::vector<Due>> due(int limit) = 0;

    /// Erases ended tasks with everything of theirs. Never touches a task that has not ended.
    /// Returns their ids.
    virtual AsyncResult<std::vector<TaskId>> erase(EraseQuery query) = 0;

    /// Drops the event logs of tasks that ended before `ended_before`; their snapshots stay.
    /// Returns how many.
    virtual AsyncResult<int> compact(Timestamp ended_before, int limit) = 0;

    virtual AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                              int limit) = 0;

    /// Notes the task that a redrive made. The first one wins: returns the task that is noted after
    /// the call.
    virtual AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) = 0;

    /// Paused tasks whose status is older than `before`, to be canceled by an append.
    virtual AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) = 0;

    /// What `owner` (OwnerScope::owner) has stored. `with_bytes` false leaves the bytes at 0: to
    /// count them takes time in proportion to the owner's tasks.
    virtual AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) = 0;
};

}  // namespace a2akit
