#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Commands of others: a program a2a-NAME on the PATH is `a2akit NAME` once the user has enabled it.
// A program a2a-transport-NAME is a binding instead; see transport_plugin.hpp.

namespace a2akit::cli {

struct Plugin {
    std::string name;
    std::string path;
    bool is_enabled = false;
};

/// Every a2a-NAME on the PATH. One that is enabled is the file that it was then, wherever the PATH
/// leads now.
[[nodiscard]] std::vector<Plugin> find_plugins();

/// The program of the plugin of this name, when it is enabled.
[[nodiscard]] std::optional<std::string> enabled_plugin(const std::string& name);

/// Becomes the plugin when `arguments` (with the program's own name first) begin with the name of
/// one that is enabled. Throws Failure (usage) for one that is not enabled. Returns when there is
/// none of this name.
void run_plugin(const std::vector<std::string>& arguments);

}  // namespace a2akit::cli
