#pragma once

#include "backends/common/unreadable_tasks.hpp"
#include "backends/sqlite/task_row.hpp"

#include <a2akit/storage/storage.hpp>

#include <optional>

// The readers' queries about one task; on any connection. All throw Failure.

namespace a2akit::sqlite {

[[nodiscard]] Error not_found(const TaskId& task);
/// Whether the task is there for this scope.
[[nodiscard]] bool sees(Connection& db, const OwnerScope& scope, const TaskRow& row);

/// The state of a task without its history and its log.
[[nodiscard]] TaskSnapshot outline(const TaskRow& row, const OwnerScope& owner, bool live_run);

struct SnapshotParts {
    std::optional<std::int32_t> history_length;
    bool include_artifacts = true;
};
[[nodiscard]] TaskSnapshot read_snapshot(Connection& db, const TaskRow& row,
                                         const SnapshotParts& parts, Timestamp now);

/// The same on a reader's connection. If its transaction has just read the same parts of the same
/// task, the contents are shared with that snapshot: many callers who ask for one large task cost
/// the time and the memory of one.
[[nodiscard]] TaskSnapshot read_shared_snapshot(Connection& db, const TaskRow& row,
                                                const SnapshotParts& parts, Timestamp now);

/// The state from the row's columns alone, for a task whose contents cannot be read.
[[nodiscard]] TaskSnapshot read_head(Connection& db, const TaskRow& row, Timestamp now);

/// Returns the result of `read`. If `read` finds damage, the task is noted as unreadable, and the
/// error says so.
template <class Read>
auto read_or_note(const TaskId& task, backends::UnreadableTasks& unreadable, Read read)
    -> Result<decltype(read())> {
    try {
        return read();
    } catch (const Failure& failure) {
        if (!failure.is_damage()) throw;
        return fail(unreadable.note(task, failure.what()));
    }
}

/// REQUIRES: `after` is not behind the compaction horizon.
[[nodiscard]] std::vector<TaskEvent> read_events(Connection& db, const TaskRow& row, Sequence after,
                                                 EventLimit limit);

/// Drops the log of an ended task, and keeps what its snapshot needs. Returns how many stored bytes
/// it read.
std::size_t compact(Connection& db, const TaskRow& row);

/// Lives until the next call.
[[nodiscard]] const OwnerScope& read_owner(Connection& db, std::int64_t id);

}  // namespace a2akit::sqlite
