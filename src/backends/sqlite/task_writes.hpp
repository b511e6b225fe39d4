#pragma once

#include "backends/sqlite/task_row.hpp"

#include <optional>
#include <variant>

// What the calls of Storage do to one task: rules as in docs/concepts/durability.md, rows as in
// schema.cpp. All on the writer's thread; all throw Failure.

namespace a2akit::sqlite {

/// The first answer, if a write with this id was applied before.
[[nodiscard]] std::optional<Appended> repeated_write(const TaskRow& row, const WriteId& id);

/// Why the update must not be applied; nothing when it may.
[[nodiscard]] std::optional<Error> refusal(Session& session, const TaskRow& row,
                                           const TaskUpdate& update, Timestamp now);

/// Applies an update that nothing speaks against: writes what has rows of its own, and changes
/// `row`, which the caller saves. For `creates` it is the row to make.
Appended apply(Session& session, TaskRow& row, const TaskUpdate& update, Timestamp now,
               bool creates);

/// A successful claim: the run's numbers, and its write.
struct ClaimedRun {
    Epoch epoch = 0;
    int attempt = 0;
    Appended appended;
};
/// The caller saves `row`.
[[nodiscard]] std::variant<ClaimedRun, Refusal> claim(Session& session, TaskRow& row,
                                                      const WriteId& id, Turn turn,
                                                      const NodeId& node, Lease lease,
                                                      Timestamp now);
/// The input that the newest turn gives to the handler. REQUIRES: the turn has not ended.
[[nodiscard]] TurnInput read_input(Connection& db, const TaskRow& row);

/// The caller saves `row`.
std::optional<Turn> release(Session& session, TaskRow& row, Epoch epoch, Release how,
                            Timestamp not_before, Timestamp now);

/// Writes what changed, or all of it for a row that was not there before, and counts the task where
/// it belongs now.
void save(Session& session, const TaskRow* before, const TaskRow& after);

/// Ends the run, if there is one; `lost`: its node has to be told. The caller saves `row`.
void end_run(Session& session, TaskRow& row, bool lost, Timestamp now);

/// When the lease of a run is over, its node's renewals counted.
[[nodiscard]] Timestamp run_until(Session& session, const RunRow& run);
[[nodiscard]] bool live_run(Session& session, const TaskRow& row, Timestamp now);

/// 1 s after a turn was made, then 2, 4… up to 30 s after the look before.
[[nodiscard]] Duration until_next_look(int looks);

/// The state of a task that was made by this update and nothing else.
[[nodiscard]] TaskSnapshot snapshot_of_new(Session& session, const TaskRow& row,
                                           const TaskUpdate& update);

/// Removes a task with everything of its own.
void erase(Session& session, const TaskRow& row);

}  // namespace a2akit::sqlite
