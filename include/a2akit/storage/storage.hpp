#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/storage/task_update.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace a2akit {

using Lease = std::chrono::milliseconds;

/// The right to execute one turn: got from `claim`, kept by `renew`, given back by `release` or by
/// a terminal append.
struct Run {
    Epoch epoch = 0;
    /// 1 for the first claim of this turn. Runs that a drain handed back do not count.
    int attempt = 0;
    TaskSnapshot snapshot;
    TurnInput input;
    Appended appended;  ///< What the claim itself wrote: the move to working.
};

/// Why a claim got no run.
enum class Refusal {
    kStale,      ///< The turn has ended. Ack.
    kEnded,      ///< The task has ended, or does not exist any more. Ack.
    kDuplicate,  ///< This very turn is running. Ack.
    kBusy,       ///< An earlier turn's run is not released yet. Nack with a delay.
};
using Claimed = std::variant<Run, Refusal>;

/// How a run is given back.
enum class Release {
    kPaused,    ///< The handler has returned after a pausing append.
    kHandBack,  ///< A drain: another node may go on immediately; the attempt does not count.
    kRetry,     ///< Storage or node trouble: try again at `not_before`.
};

/// One of this node's runs, after its lease was renewed.
struct Renewal {
    TaskId task;
    Epoch epoch = 0;
    bool kept = false;                   ///< False: taken over or ended; the run is over.
    std::optional<Timestamp> cancel_by;  ///< A cancel is pending.
};

struct ListQuery {
    std::string context_id;                     ///< Empty: any
    TaskState state = TaskState::kUnspecified;  ///< kUnspecified: any
    std::optional<Timestamp> status_after;      ///< Strictly later.
    int page_size = 50;
    std::string page_token;  ///< From the page before; kInvalidParams for any other text.
    std::optional<std::int32_t> history_length;  ///< How much history the snapshots carry.
    bool include_artifacts = false;
    /// Approximate limit on the bytes of content in a page: the page ends before the task that
    /// would exceed it, but always has at least one task.
    std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
};

/// Newest status first, then by task id. Over a whole listing no task appears twice, and an
/// unchanged one appears exactly once. A page may hold fewer tasks than asked for without being the
/// last one.
struct ListPage {
    std::vector<TaskSnapshot> tasks;
    std::string next_page_token;  ///< Empty on the last page.
    std::int64_t total = 0;       ///< Exact number of tasks in the whole listing.
    /// Earlier than the stamp of any write that this listing may not have seen.
    Timestamp as_of{};
};

/// Limits of one read of a task's log.
struct EventLimit {
    EventLimit(int most_events,
               std::size_t most_bytes = std::numeric_limits<std::size_t>::max()) noexcept  // NOLINT
        : events(most_events), bytes(most_bytes) {}
    int events;
    /// Approximate limit on the bytes of content: the page ends before the event that would exceed
    /// it, but always has at least one event.
    std::size_t bytes;
};

struct EventPage {
    std::vector<TaskEvent> events;
    /// The task's last event. If the page ends before it, there is more to read.
    Sequence last = 0;
    Turn turn = 0;
    TaskState state = TaskState::kUnspecified;
    bool turn_ended = false;
};

/// The end of a task's log, for a node's tail check.
struct Tail {
    TaskId task;
    Sequence last = 0;
    Turn turn = 0;
    bool turn_ended = false;
    bool exists = true;  ///< False: erased.
};

struct StorageCapabilities {
    /// Nothing leaves the process; transient contexts are passed as they are.
    bool in_process = false;
};

/// The authority over tasks: their state, their event log, who runs them. All nodes that serve the
/// same tasks share one. Safe from any thread; every call is atomic and either fully visible or not
/// at all.
///
/// An unknown task, and one outside the scope of the call, is kTaskNotFound. An unavailable engine
/// is kUnavailable: then the write may or may not have been applied, and repeating it under its
/// WriteId is safe. A task whose contents cannot be read (a damaged disk) is kInternal in calls
/// that need them, and does not affect other tasks. Implementations pass
/// a2akit/testing/storage_contract.hpp.
class Storage {
public:
    virtual ~Storage() = default;

    virtual AsyncResult<void> start() = 0;
    virtual AsyncResult<void> stop(SteadyTime deadline) = 0;
    [[nodiscard]] virtual StorageCapabilities capabilities() const noexcept = 0;
    /// kUnavailable with a reason when the engine does not answer. For /health/ready.
    virtual AsyncResult<void> check() = 0;

    /// Makes a task, owned by `scope`, with `update` as its first write (a status, and usually a
    /// turn). Errors: kUnavailable with retry_after when the store is full; kResourceExhausted with
    /// retry_after when the owner's share of it is full; kIdempotencyConflict.
    virtual AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) = 0;

    /// `create` for a caller that may have to repeat it: the call moves from `task` and `update`
    /// only if it returns success that is already there, and otherwise leaves them as they were.
    /// They need not outlive the call. Unless an engine overrides it, it copies them.
    virtual AsyncResult<Created> create_or_leave(NewTask& task, const OwnerScope& scope,
                                                 TaskUpdate& update) {
        return create(task, scope, update);
    }

    /// The current state of the task. Unrevealed tasks are found only with
    /// `OwnerScope::everything()`. `history_length` limits the history in the snapshot;
    /// `include_artifacts` false leaves the artifacts out. With 0 and false, a task whose contents
    /// cannot be read is returned as well, without its status message, metadata, checkpoint and
    /// reply, so that it can be ended.
    virtual AsyncResult<TaskSnapshot> load(
        TaskId task, OwnerScope scope, std::optional<std::int32_t> history_length = std::nullopt,
        bool include_artifacts = true) = 0;

    /// Applies one update. kTaskTerminal when the task has ended; the Guard's errors; kRevealed;
    /// kIdempotencyConflict. kUnavailable and kResourceExhausted as for `create`, but never for a
    /// small update that ends the task. A terminal or interrupted status ends the turn; a terminal
    /// one also ends the run and any pending cancel. Cost: in proportion to the update.
    virtual AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) = 0;

    /// `append` for a caller that may have to repeat it, as `create_or_leave`.
    virtual AsyncResult<Appended> append_or_leave(TaskId task, const OwnerScope& scope,
                                                  TaskUpdate& update) {
        return append(task, scope, update);
    }

    /// One compare-and-set that makes `node` the one that runs the turn: raises the epoch, counts
    /// an attempt, and writes the event that the task is working. An expired run of the same turn
    /// is taken over. A task with a pending cancel is claimed as well: its snapshot says so.
    /// kInternal when the contents that it needs cannot be read: then the attempt counts, and there
    /// is no run.
    virtual AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                                       Lease lease) = 0;

    /// Extends the leases of all runs of `node` to now + `lease`, and returns the state of each.
    virtual AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) = 0;

    /// Ends a run. Idempotent; does nothing when the epoch is not the run's any more. Returns the
    /// turn that became due because of it, if any: the caller enqueues it (with kRetry: not before
    /// `not_before`).
    virtual AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                                     Timestamp not_before) = 0;

    /// Newest status first; within one millisecond, newest id first. A task whose contents cannot
    /// be read is listed without them.
    virtual AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) = 0;

    /// The events after `after`, oldest first, at most `limit`. kCompacted when some of them were
    /// compacted away.
    virtual AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                          EventLimit limit) = 0;

    /// The ends of these tasks' logs, in the order of `tasks`.
    virtual AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) = 0;

    /// The time of the engine's clock, which stamps the writes.
    virtual AsyncResult<Timestamp> now() = 0;
};

}  // namespace a2akit
