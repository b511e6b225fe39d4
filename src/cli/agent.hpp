#pragma once

#include "cli/card.hpp"
#include "cli/session.hpp"

#include <a2akit/client/local_file.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::cli {

/// A request whose message has `parts` instead of parts of its own; files are read while they are
/// sent.
struct OutgoingRequest : SendMessageRequest {
    std::vector<OutgoingPart> parts = {};
};

/// The agent that a command talks to. All that the command line uses of the client library is in
/// agent.cpp.
///
/// The interface is the first of the card's that the client speaks, or the first binding of
/// --transport that the card has. Every failure is thrown as Failure: a failure of the protocol by
/// A2A's name, others by the codes of appendix D.
class Agent {
public:
    /// Resolves the card of the session, and connects to nothing yet.
    explicit Agent(const Session& session);
    Agent(const Session& session, ResolvedCard card);
    Agent(Agent&&) noexcept;
    ~Agent();

    [[nodiscard]] const AgentCard& card() const noexcept;
    [[nodiscard]] const AgentInterface& interface() const noexcept;
    [[nodiscard]] bool can_stream() const noexcept;

    /// The events of one task, pulled one by one.
    class Events {
    public:
        virtual ~Events() = default;
        /// Nothing when the agent has ended the stream.
        virtual std::optional<StreamResponse> next() = 0;
        /// The stream was cut before the latest event, and events may have been lost.
        [[nodiscard]] virtual bool after_gap() const noexcept = 0;
    };

    SendMessageResponse send(const OutgoingRequest& request);
    std::unique_ptr<Events> stream(const OutgoingRequest& request);
    Task get_task(const std::string& task_id, std::optional<int> history_length = {});
    ListTasksResponse list_tasks(const ListTasksRequest& request);
    Task cancel(const std::string& task_id, const std::string& metadata);
    std::unique_ptr<Events> subscribe(const std::string& task_id);
    TaskPushNotificationConfig set_push_config(const TaskPushNotificationConfig& config);
    TaskPushNotificationConfig get_push_config(const std::string& task_id, const std::string& id);
    std::vector<TaskPushNotificationConfig> list_push_configs(const std::string& task_id);
    void delete_push_config(const std::string& task_id, const std::string& id);
    AgentCard extended_card();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Task id, context id and state of an event or a response, as far as it names them.
struct Standing {
    std::string task_id = {};
    std::string context_id = {};
    TaskState state = TaskState::kUnspecified;
    /// Ended, paused, or a message without a task: nothing more is to be waited for.
    [[nodiscard]] bool is_settled() const noexcept {
        return is_terminal(state) || is_interrupted(state);
    }
    void update(const StreamResponse& event);
};

}  // namespace a2akit::cli
