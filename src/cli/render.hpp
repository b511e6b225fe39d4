#pragma once

#include "cli/session.hpp"

#include <a2akit/client/local_file.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>

#include <string>
#include <vector>

// The text form of what agents return (a2a-cli specification 0.2, sections 10.2 and 11.2): fields
// and blocks, with the same labels everywhere.

namespace a2akit::cli {

/// Text as text, data as formatted JSON, files by name, media type and size; no part is left out.
void render_parts(Console& console, const std::vector<Part>& parts);
/// The same for what is about to be sent.
void render_outgoing(Console& console, const std::vector<OutgoingPart>& parts);
void render_artifact(Console& console, const Artifact& artifact);

/// Identifiers, state, status message and artifacts; with --verbose history and metadata as well.
void render_task(Console& console, const Task& task);
/// The reply of an agent that made no task.
void render_message(Console& console, const Message& message);
void render_event(Console& console, const StreamResponse& event);
/// "Task ID", "Context ID" and "State".
void render_standing(Console& console, const std::string& task_id, const std::string& context_id,
                     TaskState state);
void render_card(Console& console, const AgentCard& card);

/// Names an outcome that is not a success on stderr, and prints the command that goes on with the
/// task: to stdout in text, to stderr in JSON.
void render_follow_up(const Session& session, const std::string& task_id,
                      const std::string& context_id, TaskState state);

}  // namespace a2akit::cli
