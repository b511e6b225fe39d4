#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/render.hpp"
#include "cli/task_argument.hpp"
#include "cli/wait.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <utility>

// The commands that read, stop and follow one task.

namespace a2akit::cli {
namespace {

struct GetFlags {
    std::optional<int> history;
    bool waits = false;
};

void print_task(const Task& task, const Session& session) {
    if (session.console().is_json()) {
        session.console().json_line(json::encode(task));
    } else {
        render_task(session.console(), task);
    }
    render_follow_up(session, task.id, task.context_id, task.status.state);
}

int run_get(const Session& session, const TaskArgument& argument, const GetFlags& flags) {
    const std::string id = argument.id(session);
    Agent agent(session);
    Task task = agent.get_task(id, flags.history);
    session.remember_task(task.id);
    if (flags.waits) task = poll_until_settled(agent, std::move(task), session, flags.history);
    print_task(task, session);
    return kExitSuccess;
}

int run_cancel(const Session& session, const TaskArgument& argument) {
    const std::string id = argument.id(session);
    Agent agent(session);
    print_task(agent.cancel(id, session.options().metadata), session);
    return kExitSuccess;
}

}  // namespace

void add_task_get(CLI::App& command, Program& program) {
    const auto argument = TaskArgument::add(command, program, "task get");
    const auto flags = std::make_shared<GetFlags>();
    command.add_option("--history", flags->history, "How many messages of its history to return")
        ->option_text("N")
        ->check(CLI::NonNegativeNumber);
    command.add_flag("--wait,--watch", flags->waits,
                     "Ask again until the task ends or needs you [default false]");
    program.add_settings(command, {"poll-interval"});
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(command, [argument, flags](const Session& session) {
        return run_get(session, *argument, *flags);
    });
}

void add_task_cancel(CLI::App& command, Program& program) {
    const auto argument = TaskArgument::add(command, program, "task cancel");
    program.add_settings(command, {"metadata"});
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(
        command, [argument](const Session& session) { return run_cancel(session, *argument); });
}

}  // namespace a2akit::cli
