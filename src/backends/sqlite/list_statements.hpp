#pragma once

// The statements of a listing. Each is answered from an index alone, already in the order of the
// listing.

namespace a2akit::sqlite {

/// Keys of one owner's tasks in one state, no later than ?3, later than ?4.
inline constexpr const char* kListOfState =
    "SELECT status_time, task, id FROM tasks WHERE owner = ?1 AND state = ?2 AND revealed "
    "AND status_time <= ?3 AND status_time > ?4 ORDER BY status_time DESC, task DESC";
inline constexpr const char* kCountOfState =
    "SELECT count(*) FROM tasks WHERE owner = ?1 AND state = ?2 AND revealed AND status_time > ?3";

/// The same of the tasks of one context, ?2.
inline constexpr const char* kListOfContext =
    "SELECT status_time, task, id FROM tasks WHERE owner = ?1 AND context = ?2 AND revealed = 1 "
    "AND state = ?3 "
    "AND status_time <= ?4 AND status_time > ?5 ORDER BY status_time DESC, task DESC";
inline constexpr const char* kCountOfContext =
    "SELECT count(*) FROM tasks WHERE owner = ?1 AND context = ?2 AND revealed = 1 AND state = ?3 "
    "AND status_time > ?4";

}  // namespace a2akit::sqlite
