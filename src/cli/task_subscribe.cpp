#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/render.hpp"
#include "cli/task_argument.hpp"
#include "cli/turn.hpp"
#include "cli/wait.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace a2akit::cli {
namespace {

void print_task(const Task& task, const Session& session, bool streams) {
    if (!session.console().is_json()) {
        render_task(session.console(), task);
    } else if (streams) {
        session.console().json_line(json::encode(StreamResponse{task}));
    } else {
        session.console().json_line(json::encode(task));
    }
}

/// Follows the task's events without printing them, until it has settled.
Task follow(Agent& agent, Agent::Events& events, const std::string& id, const Session& session) {
    Standing standing;
    try {
        while (!standing.is_settled()) {
            const std::optional<StreamResponse> event = events.next();
            if (!event) break;
            standing.update(*event);
            session.console().progress(std::string(to_string(standing.state)));
        }
    } catch (const Failure& failure) {
        if (!failure.is(LocalError::kUnreachable)) throw;
        session.console().debug("the stream was cut, asks for the task instead");
    }
    return poll_until_settled(agent, agent.get_task(id), session);
}

int run_subscribe(const Session& session, const TaskArgument& argument, bool streams) {
    const std::string id = argument.id(session);
    Agent agent(session);
    session.remember_task(id);
    if (!agent.can_stream()) {
        throw Failure("UnsupportedOperationError", "the card says that the agent does not stream",
                      session.command_line("task get " + shell_word(id) + " --wait"), {});
    }
    // An agent refuses to stream a task that has ended; what there is to see is the task.
    Task task = agent.get_task(id);
    if (is_terminal(task.status.state)) {
        print_task(task, session, streams);
        render_follow_up(session, task.id, task.context_id, task.status.state);
        return kExitSuccess;
    }
    const auto events = agent.subscribe(id);
    Standing standing{task.id, task.context_id, task.status.state};
    if (session.console().is_json() && !streams) {
        task = follow(agent, *events, id, session);
        print_task(task, session, streams);
        standing.state = task.status.state;
    } else {
        standing = print_events(agent, *events, session);
    }
    render_follow_up(session, standing.task_id, standing.context_id, standing.state);
    return kExitSuccess;
}

}  // namespace

void add_task_subscribe(CLI::App& command, Program& program) {
    const auto argument = TaskArgument::add(command, program, "task subscribe");
    program.add_settings(command, {"poll-interval"});
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(command, [argument, &program](const Session& session) {
        return run_subscribe(session, *argument, program.streams());
    });
}

}  // namespace a2akit::cli
