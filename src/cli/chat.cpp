#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/render.hpp"
#include "cli/turn.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>
#include <utility>

namespace a2akit::cli {
namespace {

/// What the next message of a conversation belongs to.
struct Conversation {
    std::string context_id;
    std::string task_id;  ///< Only while that task is paused.
};

void take_turn(Agent& agent, Conversation& conversation, const std::string& line,
               const Session& session) {
    Console& console = session.console();
    OutgoingRequest request = make_request(session, {Part::from_text(line)});
    request.message.context_id = conversation.context_id;
    request.message.task_id = conversation.task_id;
    const SendMessageResponse response = send_and_wait(agent, request, session);
    if (console.is_json()) console.json_line(json::encode(response));
    if (const auto* task = std::get_if<Task>(&response.payload)) {
        if (!console.is_json()) render_task(console, *task);
        conversation.context_id = task->context_id;
        conversation.task_id = is_interrupted(task->status.state) ? task->id : std::string();
    } else if (const auto* message = std::get_if<Message>(&response.payload)) {
        if (!console.is_json()) render_message(console, *message);
        if (!message->context_id.empty()) conversation.context_id = message->context_id;
    }
}

int run_chat(const Session& session) {
    Agent agent(session);
    Conversation conversation{session.options().context_id, session.options().task_id};
    const bool is_interactive = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    if (is_interactive) session.console().progress("End with Ctrl-D.");
    std::string line;
    int status = kExitSuccess;
    while (true) {
        if (is_interactive) session.console().text("> ");
        if (!std::getline(std::cin, line)) break;
        if (line.empty()) continue;
        try {
            take_turn(agent, conversation, line, session);
        } catch (const Failure& failure) {
            // A person can go on after a failed turn; a script sees it in the exit status.
            session.console().failure(failure);
            status = failure.exit_status();
            if (!is_interactive) break;
        }
    }
    return status;
}

}  // namespace

void add_chat(CLI::App& command, Program& program) {
    program.add_settings(command, {"context-id", "task-id", "poll-interval", "metadata"});
    program.add_agent_settings(command);
    program.on_chosen(command, &run_chat);
}

}  // namespace a2akit::cli
