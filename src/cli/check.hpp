#pragma once

#include <string>
#include <vector>

namespace a2akit::cli {

/// Reads a whole SQLite database, given as its file or as the data directory, while a server may be
/// using it, and says on stdout what is wrong. With `set_aside`, and no server on it, damaged tasks
/// are moved into a file beside it first. The same for a PostgreSQL schema, given as its URL: there
/// servers may be running, and the tasks are moved into a table of the schema. Returns the exit
/// status: 0 sound, 1 damaged, 2 it could not be read or changed.
int run_check(const std::string& path, bool set_aside);

/// Encrypts stored contents again under the first key of A2AKIT_DATA_KEYS, in a SQLite file or a
/// PostgreSQL schema, while servers may be running. Returns the exit status: 0 done, 1 something
/// could not be decrypted and is left, 2 it could not be read or written.
int run_reencrypt(const std::string& path);

/// Checks the chain of an audit log, given as one file or as several of which each goes on with the
/// one before, while a server may be writing it, and says on stdout which line is the first that is
/// wrong. Returns the exit status: 0 sound, 1 changed, 2 it could not be
/// read.
int run_check_audit_log(const std::vector<std::string>& paths);

}  // namespace a2akit::cli
