#pragma once

#include <a2akit/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace a2akit {

/// Reads a secret that a file holds as its only line; white space around it is taken off. Logs a
/// warning when any user of the machine may read the file, or its group may change it.
/// kInvalidParams says what is wrong with the file, and nothing of what it holds.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& setting,
                                                   const std::string& path);

/// Whether a URL carries a password, so that it must not stand on a command line.
[[nodiscard]] bool has_password(std::string_view url) noexcept;

/// Overwrites a secret that is not needed any more.
void wipe(std::optional<std::string>& secret) noexcept;

}  // namespace a2akit
