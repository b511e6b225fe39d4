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

/// The table of an agent: [agent], whose name is empty, or [agents.NAME].
struct ConfigAgent {
    std::string name = {};
    std::vector<ConfigEntry> entries = {};
};

/// What a configuration file says (docs/guides/serve.md): settings of the server at the top, one
/// agent or several in tables. Which keys exist is not known here.
struct ConfigFile {
    std::string name = {};  ///< "serve.toml"
    std::vector<ConfigEntry> settings = {};
    std::vector<ConfigAgent> agents = {};
    /// [agents.NAME]: each agent is served below its name.
    [[nodiscard]] bool has_several() const noexcept {
        return !agents.empty() && !agents.front().name.empty();
    }
};

/// kUnavailable when the file can't be read, kInvalidParams when it is not TOML or has something
/// else than the above; both name the place.
[[nodiscard]] Result<ConfigFile> read_config_file(const std::string& path);

}  // namespace a2akit::serve
