#pragma once

#include <cstdint>
#include <string>

namespace a2akit {

/// How much memory this process may use, in bytes: the smallest of the machine's memory and the
/// limits of the control groups (version 1 or 2) it belongs to. 1 GiB when nothing can be read.
/// Reads files: ask once, not per request. `root` is put before every path that is read, for tests.
[[nodiscard]] std::uint64_t machine_memory_bytes(const std::string& root = {});

}  // namespace a2akit
