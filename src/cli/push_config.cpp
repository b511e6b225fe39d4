#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/task_argument.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace a2akit::cli {
namespace {

struct ConfigFlags {
    std::string id;
    std::string url;
    std::string scheme;
};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// Secrets that go to the agent are not shown again.
void print_config(const TaskPushNotificationConfig& config, Console& console) {
    if (console.is_json()) {
        console.json_line(json::encode(config));
        return;
    }
    console.field("Config ID", config.id);
    console.field("Task ID", config.task_id);
    console.field("URL", config.url);
    if (!config.token.empty()) console.field("Token", "***");
    if (config.authentication) console.field("Authentication", config.authentication->scheme);
}

/// An agent whose card says that it sends push notifications.
Agent connect(const Session& session) {
    Agent agent(session);
    if (!agent.card().capabilities.push_notifications.value_or(false)) {
        throw Failure("PushNotificationNotSupportedError",
                      "the card says that the agent sends no push notifications",
                      "Follow the task with a2akit task subscribe or a2akit task get --wait", {});
    }
    return agent;
}

int run_create(const Session& session, const TaskArgument& task, const ConfigFlags& flags) {
    TaskPushNotificationConfig config;
    config.task_id = task.id(session);
    config.id = flags.id;
    config.url = flags.url;
    config.token = variable("A2ACLI_PUSH_TOKEN");
    const std::string credentials = variable("A2ACLI_PUSH_CREDENTIALS");
    if (!flags.scheme.empty())
        config.authentication = AuthenticationInfo{flags.scheme, credentials};
    session.console().mask(config.token);
    session.console().mask(credentials);
    print_config(connect(session).set_push_config(config), session.console());
    return kExitSuccess;
}

int run_get(const Session& session, const TaskArgument& task, const ConfigFlags& flags) {
    print_config(connect(session).get_push_config(task.id(session), flags.id), session.console());
    return kExitSuccess;
}

int run_list(const Session& session, const TaskArgument& task) {
    Console& console = session.console();
    const auto configs = connect(session).list_push_configs(task.id(session));
    if (console.is_json()) {
        console.json_line(json::encode(ListTaskPushNotificationConfigsResponse{configs, {}}));
        return kExitSuccess;
    }
    for (const TaskPushNotificationConfig& config : configs) print_config(config, console);
    console.field("Total", std::to_string(configs.size()));
    return kExitSuccess;
}

int run_delete(const Session& session, const TaskArgument& task, const ConfigFlags& flags) {
    connect(session).delete_push_config(task.id(session), flags.id);
    if (session.console().is_json()) {
        session.console().json_line("{}");
    } else {
        session.console().field("Deleted", flags.id);
    }
    return kExitSuccess;
}

void add_config_argument(CLI::App& command, ConfigFlags& flags) {
    command.add_option("configId", flags.id, "The configuration")->option_text(" ")->required();
}

}  // namespace

void add_push_config_create(CLI::App& command, Program& program) {
    const auto task = TaskArgument::add(command, program, "task push-config create");
    const auto flags = std::make_shared<ConfigFlags>();
    command.add_option("--url", flags->url, "Where the agent posts its notifications")
        ->option_text("URL")
        ->required();
    command.add_option("--id", flags->id, "Id of the configuration; unset: the agent's choice")
        ->option_text("ID");
    command
        .add_option("--auth-scheme", flags->scheme,
                    "How the agent authenticates itself there, such as Bearer; with the "
                    "credentials in A2ACLI_PUSH_CREDENTIALS. A token to recognise its "
                    "notifications is read from A2ACLI_PUSH_TOKEN")
        ->option_text("SCHEME");
    program.add_agent_settings(command);
    program.on_chosen(command, [task, flags](const Session& session) {
        return run_create(session, *task, *flags);
    });
}

void add_push_config_get(CLI::App& command, Program& program) {
    const auto task = TaskArgument::add(command, program, "task push-config get");
    const auto flags = std::make_shared<ConfigFlags>();
    add_config_argument(command, *flags);
    program.add_agent_settings(command);
    program.on_chosen(
        command, [task, flags](const Session& session) { return run_get(session, *task, *flags); });
}

void add_push_config_list(CLI::App& command, Program& program) {
    const auto task = TaskArgument::add(command, program, "task push-config list");
    program.add_agent_settings(command);
    program.on_chosen(command, [task](const Session& session) { return run_list(session, *task); });
}

void add_push_config_delete(CLI::App& command, Program& program) {
    const auto task = TaskArgument::add(command, program, "task push-config delete");
    const auto flags = std::make_shared<ConfigFlags>();
    add_config_argument(command, *flags);
    program.add_agent_settings(command);
    program.on_chosen(command, [task, flags](const Session& session) {
        return run_delete(session, *task, *flags);
    });
}

}  // namespace a2akit::cli
