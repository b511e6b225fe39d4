#pragma once

#include <string>

namespace a2akit::cli {

/// Reads a whole SQLite database, given as its file or as the data directory, while a server may be
/// using it, and says on stdout what is wrong. With `set_aside`, and no server on it, damaged tasks
/// are moved into a file beside it first. Returns the exit status: 0 sound, 1 damaged, 2 it could
/// not be read or changed.
int run_check(const std::string& path, bool set_aside);

}  // namespace a2akit::cli
