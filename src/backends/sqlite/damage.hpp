#pragma once

#include "backends/sqlite/connection.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The functions behind `a2akit check` and its --set-aside. All throw Failure.

namespace a2akit::sqlite {

/// The damage that SQLite itself finds in pages and indexes, one line each. If there is any, rows
/// cannot be checked.
[[nodiscard]] std::vector<std::string> find_damaged_pages(Connection& db);

/// Each task that cannot be read, or whose rows contradict each other: the number that its rows
/// have, and a line that names it. REQUIRES: no page is damaged.
using DamagedTasks = std::map<std::int64_t, std::string>;
[[nodiscard]] DamagedTasks find_damaged_tasks(Connection& db);

}  // namespace a2akit::sqlite
