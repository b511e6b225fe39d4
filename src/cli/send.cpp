#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/parts.hpp"
#include "cli/render.hpp"
#include "cli/turn.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace a2akit::cli {
namespace {

void print_response(const SendMessageResponse& response, const Session& session) {
    Console& console = session.console();
    if (console.is_json()) console.json_line(json::encode(response));
    if (const auto* task = std::get_if<Task>(&response.payload)) {
        if (!console.is_json()) render_task(console, *task);
        render_follow_up(session, task->id, task->context_id, task->status.state);
    } else if (const auto* message = std::get_if<Message>(&response.payload)) {
        if (!console.is_json()) render_message(console, *message);
    }
}

void print_request(const OutgoingRequest& request, Console& console) {
    if (!console.is_verbose() || console.is_json()) return;
    console.field("Sent Message ID", request.message.message_id);
    render_outgoing(console, request.parts);
}

/// --stream from an agent that has no streams, or --stream --async: the response as one event.
void print_as_event(SendMessageResponse response, const Session& session) {
    StreamResponse event;
    if (auto* task = std::get_if<Task>(&response.payload)) {
        event.payload = std::move(*task);
    } else if (auto* message = std::get_if<Message>(&response.payload)) {
        event.payload = std::move(*message);
    }
    print_event(event, session);
    Standing standing;
    standing.update(event);
    if (!standing.task_id.empty() && standing.state != TaskState::kUnspecified)
        render_follow_up(session, standing.task_id, standing.context_id, standing.state);
}

int run_send(const Session& session, std::vector<OutgoingPart> parts, bool streams) {
    if (parts.empty())
        throw usage("there is nothing to send; give a text, --text, --file or --data", "send");
    Agent agent(session);
    OutgoingRequest request = make_request(session, std::move(parts));
    print_request(request, session.console());
    if (!session.options().wait) {
        request.configuration->return_immediately = true;
        SendMessageResponse response = agent.send(request);
        if (streams) {
            print_as_event(std::move(response), session);
        } else {
            print_response(response, session);
        }
        return kExitSuccess;
    }
    if (!streams) {
        print_response(send_and_wait(agent, request, session), session);
        return kExitSuccess;
    }
    if (!agent.can_stream()) {
        session.console().warn("the agent does not stream; waits for the result instead");
        print_as_event(send_and_wait(agent, request, session), session);
        return kExitSuccess;
    }
    const auto events = agent.stream(request);
    const Standing standing = print_events(agent, *events, session);
    if (!standing.task_id.empty() && standing.state != TaskState::kUnspecified)
        render_follow_up(session, standing.task_id, standing.context_id, standing.state);
    return kExitSuccess;
}

}  // namespace

void add_send(CLI::App& command, Program& program) {
    const auto parts = std::make_shared<PartFlags>(command);
    program.add_settings(command,
                         {"task-id", "context-id", "async", "wait", "poll-interval", "metadata"});
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(command, [parts, &program](const Session& session) {
        return run_send(session, parts->read(), program.streams());
    });
}

}  // namespace a2akit::cli
