#include "serve/server_config.hpp"

#include "json/writer.hpp"
#include "server/backend_registry.hpp"
#include "server/setting_values.hpp"
#include "server/unknown_settings.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::serve {
namespace {

constexpr std::string_view kPrefix = "A2AKIT_";

using Kind = SettingValue::Kind;

std::string key_of(std::string_view variable) {
    std::string key(variable.substr(kPrefix.size()));
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return key;
}

const std::vector<SettingValue>& defaults() {
    static const std::vector<SettingValue> kAll = setting_values({});
    return kAll;
}

std::string variable_of(std::string_view key) {
    std::string variable(kPrefix);
    for (const char c : key) variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return variable;
}

/// All variables that settings are read from, A2AKIT_ADMIN_TOKEN_FILE included.
const std::vector<std::string>& variables() {
    static const std::vector<std::string> kAll = [] {
        std::vector<std::string> asked;
        (void)Settings{}.resolved([&asked](std::string_view name) -> std::optional<std::string> {
            if (std::ranges::find(asked, name) == asked.end()) asked.emplace_back(name);
            return std::nullopt;
        });
        return asked;
    }();
    return kAll;
}

const SettingValue* find_default(std::string_view key) {
    for (const SettingValue& one : defaults()) {
        if (key_of(one.name) == key) return &one;
    }
    return nullptr;
}

/// As TOML writes it; JSON's strings are TOML's basic strings.
std::string written(const SettingValue& setting) {
    if (setting.kind == Kind::kSecret) return "\"***\"";
    if (setting.kind != Kind::kText) return *setting.value;
    std::string out;
    json::Writer(out).string(setting.value->find("://") == std::string::npos
                                 ? *setting.value
                                 : shown_url(*setting.value));
    return out;
}

}  // namespace

std::vector<std::string> ServerConfig::keys() {
    std::vector<std::string> all;
    for (const std::string& variable : variables()) all.push_back(key_of(variable));
    return all;
}

bool ServerConfig::is_secret(std::string_view key) {
    const SettingValue* one = find_default(key);
    return one != nullptr && one->kind == Kind::kSecret;
}

std::string ServerConfig::flag_of(std::string_view key) {
    std::string flag = "--" + std::string(key);
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}

bool ServerConfig::is_switch(std::string_view key) {
    const SettingValue* one = find_default(key);
    return one != nullptr && one->kind == Kind::kFlag;
}

std::string ServerConfig::help_of(std::string_view key) {
    const SettingValue* one = find_default(key);
    if (one == nullptr) return variable_of(key) + "; a file that holds it";
    const std::string value = !one->value ? "none" : one->value->empty() ? "\"\"" : *one->value;
    const bool in_seconds = one->kind == Kind::kSeconds;
    return one->name + "; " + value + (in_seconds && one->value ? " s" : "") + " by default";
}

void ServerConfig::set_flag(const std::string& key, std::string value) {
    flags_[key] = {std::move(value), flag_of(key)};
}

Result<void> ServerConfig::set_file(const std::vector<ConfigEntry>& entries) {
    for (const ConfigEntry& entry : entries) {
        const auto refused = [&entry](const std::string& what) {
            return fail(ErrorCode::kInvalidParams, entry.place + ": " + what);
        };
        const std::vector<std::string> known = keys();
        if (std::ranges::find(known, entry.key) == known.end()) {
            const std::string nearest = nearest_to(entry.key, known);
            return refused(entry.key + " is not a setting" +
                           (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
        }
        if (entry.is_list) return refused(entry.key + " must be one value, not a list");
        file_[entry.key] = {entry.values.at(0), entry.place};
    }
    return {};
}

void ServerConfig::prefer(const std::string& key, std::string value) {
    preferred_[key] = {std::move(value), "serve"};
}

std::optional<ServerConfig::Given> ServerConfig::given(const std::string& key) const {
    if (const auto found = flags_.find(key); found != flags_.end()) return found->second;
    if (environment_) {
        // An empty variable counts as not given.
        const std::string variable = variable_of(key);
        if (auto value = environment_(variable); value && !value->empty())
            return Given{std::move(*value), variable};
    }
    if (const auto found = file_.find(key); found != file_.end()) return found->second;
    if (const auto found = preferred_.find(key); found != preferred_.end()) return found->second;
    return std::nullopt;
}

Result<Settings> ServerConfig::settings() const {
    Result<Settings> resolved =
        Settings{}.resolved([this](std::string_view variable) -> std::optional<std::string> {
            std::optional<Given> found = given(key_of(variable));
            if (!found) return std::nullopt;
            return std::move(found->value);
        });
    if (resolved) return resolved;
    // Settings know variables only; the message names what the user wrote.
    const Error& error = resolved.error();
    std::string message = error.message;
    for (const std::string& key : keys()) {
        const std::string variable = variable_of(key) + ": ";
        const std::optional<Given> found = given(key);
        if (found && message.starts_with(variable))
            message.replace(0, variable.size() - 2, found->source);
    }
    return fail(error.code, std::move(message));
}

std::string ServerConfig::print(const Settings& settings) const {
    std::string out;
    for (const SettingValue& one : setting_values(settings)) {
        const std::string key = key_of(one.name);
        std::optional<Given> found = given(key);
        if (!found) found = given(key + "_file");
        const std::string source = found ? found->source : "default";
        std::string line = one.value ? key + " = " + written(one) : "# " + key + " = none";
        constexpr std::size_t kColumn = 50;
        line.resize(std::max(line.size() + 1, kColumn), ' ');
        out += line + "# " + source + '\n';
    }
    return out;
}

}  // namespace a2akit::serve
