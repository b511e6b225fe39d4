// Part of our executables and not of the library: see a2akit_leave_sqlite_uncounted.

#include <sqlite3.h>

namespace {

/// SQLite would count the bytes of each allocation under one lock for the whole process. Only a
/// program can say that nobody reads the count, and it has to say so before SQLite is used.
[[maybe_unused]] const int kConfigured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

}  // namespace
