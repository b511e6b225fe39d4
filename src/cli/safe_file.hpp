#pragma once

#include <string>
#include <string_view>

namespace a2akit::cli {

/// A name for a file that an agent has chosen, without a directory, a leading dot or a control
/// character: it can't leave the directory it is saved in, nor hide there.
[[nodiscard]] std::string safe_name(std::string_view name);

/// Writes a new file below `directory` (made when it is missing) and returns its path. A name that
/// is taken gets a number; nothing is overwritten, and no link is followed. Throws Failure.
[[nodiscard]] std::string save_new_file(const std::string& directory, std::string_view name,
                                        std::string_view content);

/// Replaces a file that only its owner can read (mode 0600), in a directory of mode 0700. Throws
/// Failure.
void save_secret_file(const std::string& path, std::string_view content);

}  // namespace a2akit::cli
