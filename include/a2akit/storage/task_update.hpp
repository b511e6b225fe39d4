#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/storage/snapshot.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// Conditions of a write: if one does not hold any more, the write is refused and changes nothing.
struct Guard {
    std::optional<Revision> revision;  ///< Must be the current one; else kRevisionConflict.
    std::optional<Epoch> epoch;        ///< The run is still this one; else kLeaseLost.
    bool no_live_run = false;          ///< Else kLiveRun.
};

/// A transient context that leaves the process: encrypted for one task and turn.
struct SealedContext {
    std::string bytes;
};

/// The input that a turn gives to the handler.
struct TurnInput {
    Shared<Message> message;
    RawJson metadata;                                ///< SendMessageRequest.metadata
    std::vector<std::string> accepted_output_modes;  ///< Empty: any
    std::vector<std::string> extensions;  ///< Activated for the request that made the turn.
    /// Passed as it is where Storage::capabilities().in_process holds; dropped, never stored,
    /// elsewhere.
    std::shared_ptr<const RequestContext> context;
    std::optional<SealedContext> sealed_context;  ///< Erased when the turn ends.
};

/// Makes a write happen once, however often a client repeats it. Scoped to the owner and tenant of
/// the call.
struct IdempotencyKey {
    std::string key;
    /// Another hash under the same key: kIdempotencyConflict.
    std::array<std::uint8_t, 32> request_hash{};
    Duration lifetime{std::chrono::hours(24)};
};

/// The changes of one call of TaskContext, TaskManager or recovery: applied as a whole or not at
/// all.
///
/// Each status and each chunk becomes one event, in this order: artifacts, then the status. Storage
/// stamps the status's timestamp. Events need a `status` or `artifacts`; everything else changes
/// the task silently.
struct TaskUpdate {
    WriteId id;  ///< REQUIRED. Repeated under the same id, it is applied once.
    Guard guard;
    bool raise_epoch = false;  ///< A forced end: ends the run as well.
    bool reveal = false;
    std::optional<TaskStatus> status;
    RawJson status_metadata;  ///< Of the status event.
    std::vector<ArtifactChunk> artifacts;
    std::vector<Shared<Message>> history;
    /// A direct reply; kRevealed when the task is already visible.
    std::optional<Shared<Message>> reply;
    std::optional<TurnInput> turn;  ///< Makes the next turn, due immediately.
    std::optional<IdempotencyKey> once;
    std::optional<RawJson> checkpoint;
    std::optional<RawJson> metadata;
    /// Without a live run the task is canceled by this append; else the request is kept.
    std::optional<Timestamp> cancel_by;
    /// With a terminal status: the turn becomes a dead letter, for this reason.
    std::optional<std::string> dead_letter;
    /// The task's, for the hooks; empty: not known. Outlives the call. No change.
    std::string_view context_id;
};

/// The result of a write.
struct Appended {
    TaskId task;
    /// The newest turn after the write (for `once` repeats: the turn that the key made).
    Turn turn = 0;
    Revision revision = 0;
    Sequence first = 0;  ///< The first event that this write added; last + 1 when it added none.
    Sequence last = 0;   ///< The task's last event after the write.
    TaskState before = TaskState::kUnspecified;
    TaskState after = TaskState::kUnspecified;
    bool turn_ended = false;  ///< Whether `turn` has ended, seen after the write.
    /// True when `turn` may be enqueued now; false while the pausing run of the turn before is not
    /// released.
    bool turn_due = false;
    bool repeated = false;  ///< It had been applied before; nothing was written now.
};

struct NewTask {
    TaskId id;  ///< Chosen by the caller, so that it can subscribe first.
    std::string context_id;
    bool revealed = true;
    /// Whether Created carries the task. Leaving it out saves taking it.
    bool wants_snapshot = true;
};

struct Created {
    Appended appended;
    /// Set when NewTask::wants_snapshot. For a `once` repeat: the task that the key made, as it
    /// stands now.
    std::optional<TaskSnapshot> snapshot = {};
};

}  // namespace a2akit
