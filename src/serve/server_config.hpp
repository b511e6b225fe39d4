#pragma once

#include "serve/config_file.hpp"

#include <a2akit/server/settings.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::serve {

/// The settings of a server from all sources: the command line, then the environment, then a file,
/// then what `serve` itself prefers, then the defaults. Every setting is named once, where
/// Settings::resolved reads it; flags and keys are made from those names.
class ServerConfig {
public:
    explicit ServerConfig(Settings::Environment environment)
        : environment_(std::move(environment)) {}

    /// The names of all settings as a file writes them: "max_body_bytes" for A2AKIT_MAX_BODY_BYTES,
    /// and for each secret, "admin_token", that of its file, "admin_token_file".
    [[nodiscard]] static std::vector<std::string> keys();
    /// Whether a setting must not be given on the command line.
    [[nodiscard]] static bool is_secret(std::string_view key);
    /// The flag of a key: "--max-body-bytes".
    [[nodiscard]] static std::string flag_of(std::string_view key);
    /// Whether a setting is a switch, which the command line may give without a value.
    [[nodiscard]] static bool is_switch(std::string_view key);
    /// "A2AKIT_PORT; 8000 by default"
    [[nodiscard]] static std::string help_of(std::string_view key);

    void set_flag(const std::string& key, std::string value);
    /// kInvalidParams, naming the place, for keys that do not exist and lists.
    Result<void> set_file(const std::vector<ConfigEntry>& entries);
    /// What stands in place of a default.
    void prefer(const std::string& key, std::string value);

    /// kInvalidParams naming the source, the value and what is allowed.
    [[nodiscard]] Result<Settings> settings() const;
    /// All settings as a file of TOML, each with its source as a comment; secrets are masked.
    /// REQUIRES: `settings` succeeded with these.
    [[nodiscard]] std::string print(const Settings& settings) const;

private:
    struct Given {
        std::string value;
        std::string source;
    };
    [[nodiscard]] std::optional<Given> given(const std::string& key) const;

    Settings::Environment environment_;
    std::map<std::string, Given> flags_;
    std::map<std::string, Given> file_;
    std::map<std::string, Given> preferred_;
};

}  // namespace a2akit::serve
