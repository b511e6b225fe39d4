#pragma once

#include "backends/common/data_keys.hpp"
#include "backends/common/reencryption.hpp"
#include "backends/postgres/pg_session.hpp"

#include <a2akit/core/ids.hpp>
#include <a2akit/core/result.hpp>

#include <cstddef>
#include <string>
#include <vector>

// What `a2akit check` does with PostgreSQL. These functions block, and nodes may be running
// meanwhile.

namespace a2akit::postgres {

struct Findings {
    std::string schema;
    std::vector<std::string> lines;  ///< The damage, one line each; empty when there is none.
    std::vector<TaskId> damaged;     ///< Those that can be set aside.
    std::size_t encrypted = 0;       ///< Tasks with contents that the keys at hand do not open.
    std::size_t wrong_counts = 0;    ///< Owners whose tasks are counted wrongly.
};
/// Reads every task of the schema, some at a time, as the server does and as the storage does.
/// `keys`: of A2AKIT_DATA_KEYS; null for none. kUnavailable when the server cannot be reached,
/// kInvalidParams for a schema that an agent of this version would not use as it is.
[[nodiscard]] Result<Findings> check_schema(const std::string& url, const backends::DataKeys* keys);

/// Moves these tasks with all their rows into the table `set_aside` of the schema, which it makes,
/// each in a transaction of its own. Returns how many were moved: one that was erased meanwhile is
/// not. When one fails, those before it are moved.
[[nodiscard]] Result<std::size_t> set_aside(const std::string& url,
                                            const std::vector<TaskId>& tasks);

/// Compares the counts of tasks with the tasks, at one moment: adds what differs to `findings`,
/// with at most `most_lines` lines.
[[nodiscard]] Result<void> find_wrong_counts(PgSession& session, std::size_t most_lines,
                                             Findings& findings);

/// Counts the tasks of every owner anew; writes of tasks wait meanwhile. kUnavailable when a
/// transaction that has written tasks does not end within a minute.
[[nodiscard]] Result<void> count_anew(const std::string& url);

/// Encrypts all stored contents again under the first key, wherever another key of `keys` has
/// encrypted them, a row at a time, each if it still holds what was read. Nodes may be running,
/// with the same first key. Can be interrupted and repeated at any time.
[[nodiscard]] Result<backends::Reencrypted> reencrypt(const std::string& url,
                                                      const backends::DataKeys& keys);

}  // namespace a2akit::postgres
