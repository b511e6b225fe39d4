#pragma once

#include "backends/postgres/pg_values.hpp"

#include <a2akit/storage/storage.hpp>

namespace a2akit::postgres {

[[nodiscard]] inline Timestamp to_time(std::int64_t milliseconds) {
    return Timestamp(Duration(milliseconds));
}
[[nodiscard]] inline std::int64_t from_time(Timestamp time) {
    return time.time_since_epoch().count();
}

/// The columns of snapshot_of, from the row's next one on. When some of them cannot be read, `head`
/// (null: not wanted) is what the others say of the task: all but its contents.
[[nodiscard]] Result<TaskSnapshot> read_snapshot(PgRow& row,
                                                 std::optional<std::int32_t> history_length = {},
                                                 TaskSnapshot* head = nullptr);

[[nodiscard]] Error not_found(const TaskId& task);
/// A limit of bytes, for a statement.
[[nodiscard]] std::int64_t to_bigint(std::size_t bytes) noexcept;

/// What a write of the task did, from the column of its turn on.
[[nodiscard]] Appended read_appended(PgRow& row, TaskId task);

/// The result of a claim, from the column of its attempt on, followed by the snapshot.
[[nodiscard]] Result<Run> read_received_run(PgRow& row, Turn turn, Epoch epoch);

/// The columns of the statement `claim`, behind its code.
[[nodiscard]] Result<Run> read_claimed_run(PgRow& row, TaskId task);

}  // namespace a2akit::postgres
