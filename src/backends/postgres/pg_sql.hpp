#pragma once

namespace a2akit::postgres::sql {

/// The tables of schema version 1.
extern const char* const kTables1;
/// The changes from version 2 to 3.
extern const char* const kTables2;
/// The changes from version 3 to 4.
extern const char* const kTables3;
/// The changes from version 4 to 5.
extern const char* const kTables4;
/// The changes from version 5 to 6.
extern const char* const kTables5;
/// The changes from version 6 to 7: they follow once kFunctions has been committed.
extern const char* const kTables6;
/// The scripts that are run again with every version, in the order of their dependencies; ends with
/// a null.
extern const char* const kFunctions[];
/// Takes one task, {task}, out of the agent's tables.
extern const char* const kSetAside;

}  // namespace a2akit::postgres::sql
