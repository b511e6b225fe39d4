#pragma once

namespace a2akit::postgres::sql {

/// The tables of schema version 1.
extern const char* const kTables1;
/// What changes in them from version 2 to 3.
extern const char* const kTables2;
/// What is made anew with every version, in the order in which they need each other; ends with a null.
extern const char* const kFunctions[];

}  // namespace a2akit::postgres::sql
