#include "cli/plugin.hpp"

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/safe_file.hpp"

#include <a2akit/json/json.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

namespace a2akit::cli {
namespace {

constexpr std::string_view kPrefix = "a2a-";
constexpr std::string_view kTransport = "transport-";

std::string list_path() {
    return (std::filesystem::path(configuration_directory()) / "plugins").string();
}

/// Name -> path, from lines "NAME PATH".
std::map<std::string, std::string> read_enabled() {
    std::map<std::string, std::string> enabled;
    std::ifstream file(list_path());
    for (std::string line; std::getline(file, line);) {
        const std::size_t space = line.find(' ');
        if (space != std::string::npos) enabled[line.substr(0, space)] = line.substr(space + 1);
    }
    return enabled;
}

void write_enabled(const std::map<std::string, std::string>& enabled) {
    std::string text;
    for (const auto& [name, path] : enabled) text += name + " " + path + "\n";
    save_secret_file(list_path(), text);
}

bool is_name(std::string_view text) {
    return !text.empty() && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_';
           });
}

void scan(const std::filesystem::path& directory, std::map<std::string, std::string>& found) {
    std::error_code fault;
    for (const auto& entry : std::filesystem::directory_iterator(directory, fault)) {
        const std::string file = entry.path().filename().string();
        if (!file.starts_with(kPrefix)) continue;
        const std::string name = file.substr(kPrefix.size());
        if (is_name(name) && ::access(entry.path().c_str(), X_OK) == 0)
            found.emplace(name, std::filesystem::absolute(entry.path()).string());
    }
}

std::map<std::string, std::string> scan_path() {
    std::map<std::string, std::string> found;
    const char* variable = std::getenv("PATH");
    std::string_view left = variable != nullptr ? variable : "";
    while (!left.empty()) {
        const std::size_t end = std::min(left.find(':'), left.size());
        if (end > 0) scan(left.substr(0, end), found);
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return found;
}

int run_list(const Session& session) {
    Console& console = session.console();
    Json list = Json::array();
    const std::vector<Plugin> plugins = find_plugins();
    for (const Plugin& plugin : plugins) {
        if (console.is_json()) {
            list.push_back(Json::object(
                {{"name", plugin.name}, {"path", plugin.path}, {"enabled", plugin.is_enabled}}));
        } else {
            console.field("Plugin",
                          plugin.name + (plugin.is_enabled ? " (enabled) " : " ") + plugin.path);
        }
    }
    if (console.is_json()) console.json_line(list.text());
    if (plugins.empty()) {
        console.progress("No program on the PATH is called a2a-NAME or a2a-transport-NAME.");
    }
    return kExitSuccess;
}

int set_enabled(const std::string& name, bool on) {
    std::map<std::string, std::string> enabled = read_enabled();
    if (on) {
        const auto found = scan_path();
        const auto plugin = found.find(name);
        if (plugin == found.end())
            throw usage("there is no program a2a-" + name + " on the PATH", "plugin set-enabled");
        enabled[name] = plugin->second;
    } else {
        enabled.erase(name);
    }
    write_enabled(enabled);
    return kExitSuccess;
}

}  // namespace

std::vector<Plugin> find_plugins() {
    const std::map<std::string, std::string> enabled = read_enabled();
    std::map<std::string, std::string> all = enabled;
    all.merge(scan_path());
    std::vector<Plugin> plugins;
    for (const auto& [name, path] : all) plugins.push_back({name, path, enabled.contains(name)});
    return plugins;
}

std::optional<std::string> enabled_plugin(const std::string& name) {
    const std::map<std::string, std::string> enabled = read_enabled();
    const auto found = enabled.find(name);
    return found == enabled.end() ? std::nullopt : std::optional(found->second);
}

void run_plugin(const std::vector<std::string>& arguments) {
    if (arguments.size() < 2 || !is_name(arguments[1])) return;
    if (arguments[1].starts_with(kTransport)) return;
    for (const Command& command : commands()) {
        if (command.name.substr(0, command.name.find(' ')) == arguments[1]) return;
    }
    for (const Plugin& plugin : find_plugins()) {
        if (plugin.name != arguments[1]) continue;
        if (!plugin.is_enabled) {
            throw Failure(LocalError::kUsage, plugin.path + " is a plugin that is not enabled",
                          "a2akit plugin set-enabled " + plugin.name + " on");
        }
        std::vector<char*> words{const_cast<char*>(plugin.path.c_str())};
        for (std::size_t i = 2; i < arguments.size(); ++i)
            words.push_back(const_cast<char*>(arguments[i].c_str()));
        words.push_back(nullptr);
        ::execv(plugin.path.c_str(), words.data());
        throw Failure(LocalError::kInternal,
                      plugin.path + " can't be run: " + std::strerror(errno));
    }
}

void add_plugin_list(CLI::App& command, Program& program) {
    program.add_settings(command, {"output"});
    program.on_chosen(command, &run_list);
}

void add_plugin_set_enabled(CLI::App& command, Program& program) {
    const auto name = std::make_shared<std::string>();
    const auto state = std::make_shared<std::string>();
    command.add_option("name", *name, "NAME of a program a2a-NAME")->option_text(" ")->required();
    command.add_option("state", *state, "on or off")
        ->option_text(" ")
        ->required()
        ->check(CLI::IsMember({"on", "off"}));
    program.on_chosen_alone(command, [name, state] { return set_enabled(*name, *state == "on"); });
}

}  // namespace a2akit::cli
