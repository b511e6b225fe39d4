#pragma once

#include <a2akit/core/clock.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The options that a flag, the environment, a file or a default can set (a2a-cli specification 0.2,
// sections 6.5, 7.2 and 8.3).

namespace a2akit::cli {

enum class OutputFormat { kText, kJson };

/// The values in effect for one invocation.
struct Options {
    std::string agent_card;
    std::string a2a_version;  ///< Empty: the highest that both sides speak, never below 1.0.
    std::vector<std::string> transports;  ///< As cards spell them; the first is preferred.
    OutputFormat output = OutputFormat::kText;
    bool verbose = false;
    bool debug = false;
    bool wait = true;
    bool insecure = false;
    std::string ca_file;
    std::string client_certificate;
    std::string client_key;
    std::string bearer;
    std::string api_key;
    std::vector<std::string> credential_origins;
    std::vector<std::pair<std::string, std::string>> service_parameters;
    std::vector<std::string> extensions;
    std::string metadata;  ///< A JSON object; empty: none.
    std::string context_id;
    std::string task_id;
    Duration poll_interval = std::chrono::seconds(2);
    bool poll_interval_is_given = false;  ///< Not the default: then the first wait is as long.
    Duration timeout = Duration::zero();  ///< Zero: none.
};

/// One setting, as the help, the environment and the files know it.
struct Setting {
    std::string_view flag;         ///< Without dashes: "agent-card".
    std::string_view short_flags;  ///< "-a,"; empty: none.
    std::string_view value;        ///< What stands for the value in the help; empty: a switch.
    std::string_view standard;     ///< The built-in default as text; empty: not set.
    std::string_view help;
    bool is_secret = false;
    bool is_repeatable = false;
    /// Reads one value into the options; throws std::invalid_argument that says what would be
    /// right.
    void (*apply)(Options& options, const std::string& value) = nullptr;

    /// "A2ACLI_AGENT_CARD"
    [[nodiscard]] std::string variable() const;
};

[[nodiscard]] std::span<const Setting> settings() noexcept;
/// REQUIRES: there is a setting of this name.
[[nodiscard]] const Setting& setting(std::string_view flag);

/// Flag -> its values, in the order in which they were given.
using FlagValues = std::map<std::string, std::vector<std::string>, std::less<>>;

struct ResolvedValue {
    const Setting* setting;
    std::vector<std::string> values;
    std::string source;  ///< "flag", "environment", "file PATH", "default" or "not set".
};

struct Configuration {
    Options options;
    std::vector<ResolvedValue> values;  ///< One per setting, in the order of `settings`.
    std::vector<std::string> warnings;  ///< For stderr.
};

/// Applies the precedence: flag, environment variable, local file (.env in the working directory or
/// above it, or the one of --config), ~/.config/a2a-cli/.env, default. Throws Failure (usage) for a
/// value that is wrong, and names where it came from.
[[nodiscard]] Configuration resolve(const FlagValues& flags);

/// "250ms", "2s", "1.5m", "1h"; a bare number counts seconds. Nothing for anything else.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

/// ~/.config/a2a-cli (or below XDG_CONFIG_HOME).
[[nodiscard]] std::string configuration_directory();

}  // namespace a2akit::cli
