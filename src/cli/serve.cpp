#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "serve/agent_config.hpp"
#include "serve/config_file.hpp"
#include "serve/server_config.hpp"
#include "server/secret_file.hpp"
#include "server/unknown_settings.hpp"

#include <a2akit/server/server.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::cli {
namespace {

using serve::AgentKey;
using serve::ServerConfig;

/// What the command line says about one key.
struct Given {
    std::string key;
    std::vector<std::string> values = {};
};

/// Of several uses of a flag that has one value, the last one counts.
void add_option(CLI::App& command, Given& given, AgentKey::Kind kind, const std::string& help,
                const std::string& group) {
    const std::string flag = ServerConfig::flag_of(given.key);
    CLI::Option* option = nullptr;
    if (kind == AgentKey::Kind::kFlag) {
        option = command.add_flag(flag + "{true}", given.values, help);
    } else {
        option = command.add_option(flag, given.values, help);
        option->allow_extra_args(false);
    }
    if (kind != AgentKey::Kind::kTexts)
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    option->group(group);
}

Result<void> read_agent(serve::AgentConfig& agent, const std::string& name,
                        const std::vector<std::string>& values, bool is_list,
                        const std::string& source) {
    std::vector<std::string> known;
    for (const AgentKey& key : serve::agent_keys()) {
        known.emplace_back(key.key);
        if (key.key != name) continue;
        if (is_list && key.kind != AgentKey::Kind::kTexts) {
            return fail(ErrorCode::kInvalidParams,
                        source + ": " + name + " must be one value, not a list");
        }
        const Result<void> read = key.read(agent, values);
        if (read) return read;
        return fail(read.error().code, source + ": " + read.error().message);
    }
    const std::string nearest = nearest_to(name, known);
    return fail(ErrorCode::kInvalidParams,
                source + ": " + name + " is not a setting of an agent" +
                    (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

/// What is to be served.
struct Plan {
    explicit Plan(Settings::Environment environment) : server(std::move(environment)) {}

    ServerConfig server;
    /// By name; the name of a single agent is empty.
    std::vector<std::pair<std::string, serve::AgentConfig>> agents;
};

struct ServeOptions {
    std::vector<Given> agent;
    std::vector<Given> server;
    std::string config;
    bool print_config = false;

    /// The command line and the file.
    [[nodiscard]] Result<Plan> read() const;

private:
    Result<void> read_file(Plan& plan) const;
    Result<void> read_flags(Plan& plan) const;
};

Result<void> ServeOptions::read_file(Plan& plan) const {
    const Result<serve::ConfigFile> file = serve::read_config_file(config);
    if (!file) return fail(file.error());
    for (const serve::ConfigAgent& agent : file->agents) {
        serve::AgentConfig& into =
            plan.agents.emplace_back(agent.name, serve::AgentConfig{}).second;
        for (const serve::ConfigEntry& entry : agent.entries) {
            auto read = read_agent(into, entry.key, entry.values, entry.is_list, entry.place);
            if (!read) return read;
        }
    }
    for (const Given& given : agent) {
        if (!given.values.empty() && file->has_several()) {
            return fail(ErrorCode::kInvalidParams, ServerConfig::flag_of(given.key) +
                                                       " is for a single agent; " + file->name +
                                                       " has several");
        }
    }
    return plan.server.set_file(file->settings);
}

Result<void> ServeOptions::read_flags(Plan& plan) const {
    for (const Given& given : agent) {
        if (given.values.empty()) continue;
        auto read = read_agent(plan.agents.front().second, given.key, given.values, false,
                               ServerConfig::flag_of(given.key));
        if (!read) return read;
    }
    for (const Given& given : server) {
        if (given.values.empty()) continue;
        const bool is_secret = ServerConfig::is_secret(given.key);
        if (is_secret || has_password(given.values.back())) {
            const std::string flag = ServerConfig::flag_of(given.key);
            return fail(ErrorCode::kInvalidParams,
                        flag + (is_secret ? "" : " with a password") +
                            " is not allowed: every user of this machine can read the command "
                            "line. Use " +
                            flag + "-file, a variable, or a file with --config");
        }
        plan.server.set_flag(given.key, given.values.back());
    }
    return {};
}

Result<Plan> ServeOptions::read() const {
    Plan plan(Settings::process_environment());
    if (!config.empty()) {
        if (Result<void> read = read_file(plan); !read) return fail(std::move(read.error()));
    }
    if (plan.agents.empty()) plan.agents.emplace_back();
    if (Result<void> read = read_flags(plan); !read) return fail(std::move(read.error()));
    for (const auto& [name, one] : plan.agents) {
        // Each message is a process.
        if (!one.exec.empty()) plan.server.prefer("max_concurrent_tasks", "64");
    }
    return plan;
}

void add_options(CLI::App& command, ServeOptions& o) {
    command.add_option("--config", o.config,
                       "A TOML file: settings of the server by name, and those of the agent in a "
                       "table [agent], or of several in tables [agents.NAME]");
    command.add_flag("--print-config", o.print_config,
                     "Print each setting of the server with its source, and stop");
    // Reserved, since the parser keeps where each value goes.
    o.agent.reserve(serve::agent_keys().size());
    for (const AgentKey& key : serve::agent_keys()) {
        o.agent.push_back({std::string(key.key)});
        add_option(command, o.agent.back(), key.kind, std::string(key.help), "Agent");
    }
    const std::vector<std::string> keys = ServerConfig::keys();
    o.server.reserve(keys.size());
    for (const std::string& key : keys) {
        o.server.push_back({key});
        const auto kind =
            ServerConfig::is_switch(key) ? AgentKey::Kind::kFlag : AgentKey::Kind::kText;
        // A flag without a group is not shown.
        add_option(command, o.server.back(), kind, ServerConfig::help_of(key),
                   ServerConfig::is_secret(key) ? "" : "Server");
    }
}

/// Throws Failure for an agent that cannot be served.
AgentOptions agent_options(const std::string& name, const serve::AgentConfig& config) {
    Result<std::shared_ptr<Worker>> worker = config.worker();
    const std::string where = name.empty() ? "" : "agents." + name + ": ";
    if (!worker) throw usage(where + worker.error().message, "serve");
    return {.name = name, .worker = std::move(*worker), .card = config.card()};
}

int run(const ServeOptions& options) {
    Result<Plan> plan = options.read();
    if (!plan) throw usage(plan.error().message, "serve");
    Result<Settings> settings = plan->server.settings();
    if (!settings) throw usage(settings.error().message, "serve");
    if (options.print_config) {
        std::cout << plan->server.print(*settings);
        return 0;
    }
    ServerOptions server;
    for (const auto& [name, config] : plan->agents)
        server.agents.push_back(agent_options(name, config));
    if (server.agents.front().name.empty()) {
        server.worker = std::move(server.agents.front().worker);
        server.card = std::move(server.agents.front().card);
        server.agents.clear();
    }
    server.settings = std::move(*settings);
    return Server(std::move(server)).run();
}

}  // namespace

void add_serve(CLI::App& command, Program& program) {
    const auto options = std::make_shared<ServeOptions>();
    add_options(command, *options);
    program.on_chosen_alone(command, [options] { return run(*options); });
}

}  // namespace a2akit::cli
