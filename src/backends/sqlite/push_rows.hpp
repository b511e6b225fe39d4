#pragma once

#include "backends/common/push_rules.hpp"
#include "backends/sqlite/task_row.hpp"

#include <a2akit/storage/push_store.hpp>

#include <optional>
#include <string_view>

// Rows of `push`. All throw Failure.

namespace a2akit::sqlite {

/// A row of `push`.
struct PushRow {
    std::int64_t id = 0;  ///< Of the task's row.
    PushConfig config;
    backends::PushProgress progress;
};

/// The columns that `read_push_row` reads, in its order, of `push p` and `tasks t`.
#define A2AKIT_PUSH_COLUMNS                                                                   \
    "p.id, p.key, t.task, p.config, p.version, p.cursor, p.state, p.task_first, p.attempts, " \
    "p.next_try, p.lease, p.lease_until, p.reason, p.at "
[[nodiscard]] PushRow read_push_row(Query& query);

[[nodiscard]] std::optional<PushRow> find_push_row(Connection& db, std::int64_t task,
                                                   std::string_view name);
[[nodiscard]] std::optional<PushRow> find_push_row(Connection& db, const Uuid& key);
[[nodiscard]] int count_push_rows(Connection& db, std::int64_t task);
/// Inserts the row, or replaces the one with its key.
void save_push_row(Connection& db, const PushRow& row, Sequence last);
/// `last`: the task's newest event. A configuration that has told all of them rests until the next
/// one comes, and no look for what is due sees it.
void save_push_progress(Connection& db, const PushRow& row, Sequence last);
/// The task has a new event.
void wake_push_rows(Connection& db, std::int64_t task);

}  // namespace a2akit::sqlite
