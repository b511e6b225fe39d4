#pragma once

#include <a2akit/core/result.hpp>

#include <string>
#include <vector>

namespace a2akit::serve {

/// One key of a configuration file with its value, or its values.
struct ConfigEntry {
    std::string key;
    std::vector<std::string> values;  ///< As the command line would give them.
    bool is_list = false;
    std::string place;  ///< "serve.toml:12"
};

/// What a configuration file says (docs/guides/serve.md): settings of the server at the top, the
/// agent in a table. Which keys exist is not known here.
struct ConfigFile {
    std::vector<ConfigEntry> settings = {};
    std::vector<ConfigEntry> agent = {};  ///< Of the table [agent].
};

/// kUnavailable when the file can't be read, kInvalidParams when it is not TOML or has something
/// else than the above; both name the place.
[[nodiscard]] Result<ConfigFile> read_config_file(const std::string& path);

}  // namespace a2akit::serve
