#pragma once

#include "cli/agent.hpp"
#include "cli/session.hpp"

#include <a2akit/protocol/requests.hpp>

#include <string>
#include <vector>

namespace a2akit::cli {

/// A message with these parts and the identifiers and metadata of the session's options.
[[nodiscard]] OutgoingRequest make_request(const Session& session, std::vector<OutgoingPart> parts);

/// Sends and waits until the task has ended or is paused. Follows the task's stream where the agent
/// has one, and asks for the task when the stream fails or is cut.
[[nodiscard]] SendMessageResponse send_and_wait(Agent& agent, const OutgoingRequest& request,
                                                const Session& session);

/// Prints each event as it comes, and returns where the task then stands. A stream that is cut
/// before its task has settled is followed by the whole task.
Standing print_events(Agent& agent, Agent::Events& events, const Session& session);

void print_event(const StreamResponse& event, const Session& session);

}  // namespace a2akit::cli
