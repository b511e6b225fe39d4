#include "cli/turn.hpp"

#include "cli/failure.hpp"
#include "cli/render.hpp"
#include "cli/wait.hpp"
#include "json/codec.hpp"

#include <a2akit/core/ids.hpp>

#include <utility>

namespace a2akit::cli {
namespace {

bool is_settled_event(const StreamResponse& event, const Standing& standing) {
    return std::holds_alternative<Message>(event.payload) || standing.is_settled();
}

/// Notes the task as soon as it is known, once.
void remember(const Session& session, const Standing& before, const Standing& now) {
    if (before.task_id != now.task_id) session.remember_task(now.task_id);
}

SendMessageResponse settled(Agent& agent, const std::string& task_id, const Session& session) {
    return {poll_until_settled(agent, agent.get_task(task_id), session)};
}

/// Follows the stream of a new turn; the response is the task as it then stands.
SendMessageResponse stream_and_wait(Agent& agent, const OutgoingRequest& request,
                                    const Session& session) {
    const auto events = agent.stream(request);
    Standing standing;
    try {
        while (const std::optional<StreamResponse> event = events->next()) {
            const Standing before = standing;
            standing.update(*event);
            if (const auto* message = std::get_if<Message>(&event->payload)) return {*message};
            remember(session, before, standing);
            if (before.state != standing.state)
                session.console().progress(std::string(to_string(standing.state)));
            if (standing.is_settled()) break;
        }
    } catch (const Failure& failure) {
        if (standing.task_id.empty()) throw;
        session.console().debug("the stream failed, asks for the task instead: " +
                                failure.message());
    }
    if (standing.task_id.empty()) {
        throw Failure("InvalidAgentResponseError", "the agent ended its stream without an event",
                      "Add --debug to see the messages that were exchanged", {});
    }
    return settled(agent, standing.task_id, session);
}

bool refuses_streams(const Failure& failure) {
    return failure.code() == "UnsupportedOperationError" || failure.code() == "MethodNotFoundError";
}

}  // namespace

OutgoingRequest make_request(const Session& session, std::vector<OutgoingPart> parts) {
    const Options& options = session.options();
    OutgoingRequest request;
    request.message.message_id = Uuid::generate().to_string();
    request.message.role = Role::kUser;
    request.parts = std::move(parts);
    request.message.task_id = options.task_id;
    request.message.context_id = options.context_id;
    request.message.extensions = options.extensions;
    request.metadata = RawJson(options.metadata);
    request.configuration.emplace();
    return request;
}

SendMessageResponse send_and_wait(Agent& agent, const OutgoingRequest& request,
                                  const Session& session) {
    if (agent.can_stream()) {
        try {
            return stream_and_wait(agent, request, session);
        } catch (const Failure& failure) {
            // A continued task may refuse the message itself; then so does SendMessage.
            if (!refuses_streams(failure)) throw;
            session.console().debug("the agent does not stream: " + failure.message());
        }
    }
    SendMessageResponse response = agent.send(request);
    if (auto* task = std::get_if<Task>(&response.payload)) {
        session.remember_task(task->id);
        *task = poll_until_settled(agent, std::move(*task), session);
    }
    return response;
}

void print_event(const StreamResponse& event, const Session& session) {
    if (session.console().is_json()) {
        session.console().json_line(json::encode(event));
    } else {
        render_event(session.console(), event);
    }
}

Standing print_events(Agent& agent, Agent::Events& events, const Session& session) {
    Standing standing;
    bool is_done = false;
    bool last_names_all = false;
    try {
        while (const std::optional<StreamResponse> event = events.next()) {
            const Standing before = standing;
            standing.update(*event);
            remember(session, before, standing);
            print_event(*event, session);
            last_names_all = !std::holds_alternative<TaskArtifactUpdateEvent>(event->payload);
            is_done = is_settled_event(*event, standing);
            // Some agents keep the stream open while the task waits for its client.
            if (is_done) break;
        }
    } catch (const Failure& failure) {
        if (standing.task_id.empty() || !failure.is(LocalError::kUnreachable)) throw;
        session.console().warn("the stream was cut; asks for the task instead");
    }
    if (is_done || standing.task_id.empty()) {
        if (is_done && !last_names_all && !session.console().is_json())
            render_standing(session.console(), standing.task_id, standing.context_id,
                            standing.state);
        return standing;
    }
    const StreamResponse last{poll_until_settled(agent, agent.get_task(standing.task_id), session)};
    standing.update(last);
    print_event(last, session);
    return standing;
}

}  // namespace a2akit::cli
