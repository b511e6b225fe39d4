#pragma once

#include "backends/sqlite/session.hpp"

#include <optional>
#include <variant>

// What the calls of Storage store of one task: the rules are the kernel's, the rows as in
// schema.cpp. All on the writer's thread; all throw Failure.

namespace a2akit::sqlite {

/// The task's row, from memory if one of the last transactions saved it.
[[nodiscard]] std::optional<TaskRow> find_task(Session& session, const TaskId& task);

/// The first answer, if a write with this id was applied before.
[[nodiscard]] std::optional<Appended> repeated_write(const TaskRow& row, const WriteId& id);

/// Applies an update that is not refused: writes what has rows of its own, and changes `row`, which
/// the caller saves. For `creates` it is the row to make.
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

/// Writes what changed, or all of it for a row that was not there before, and counts the task where
/// it belongs now.
void save(Session& session, const TaskRow* before, const TaskRow& after);

/// The state of a task that was made by this update and nothing else.
[[nodiscard]] TaskSnapshot snapshot_of_new(Session& session, const TaskRow& row,
                                           const TaskUpdate& update);

/// Removes a task with everything of its own.
void erase(Session& session, const TaskRow& row);

}  // namespace a2akit::sqlite
