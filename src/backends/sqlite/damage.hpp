#pragma once

#include "backends/common/data_keys.hpp"
#include "backends/sqlite/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The functions behind `a2akit check` and its --set-aside. All throw Failure.

namespace a2akit::sqlite {

/// The damage that SQLite itself finds in pages and indexes, one line each. If there is any, rows
/// cannot be checked.
[[nodiscard]] std::vector<std::string> find_damaged_pages(Connection& db);

/// The number that a task's rows have, and a line that names the task.
using DamagedTasks = std::map<std::int64_t, std::string>;
struct Damage {
    DamagedTasks tasks;         ///< Each that cannot be read, or whose rows contradict each other.
    std::size_t encrypted = 0;  ///< Others, with contents that the keys at hand do not open.
};
/// `keys`: null for none. REQUIRES: no page is damaged.
[[nodiscard]] Damage find_damaged_tasks(Connection& db, const backends::DataKeys* keys);

}  // namespace a2akit::sqlite
