#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/task.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The request and response messages of the eleven operations, field for field as in the table of
// messages (specification 1.0, section 3.2). `tenant` comes from the path or the message; an empty
// one is absent. `history_length` limits the messages in the answer to the newest ones: absent is
// all of them, 0 none (section 3.2.4).

namespace a2akit {

/// How an agent shows a webhook who it is (specification 1.0, section 4.3.2).
struct AuthenticationInfo {
    std::string scheme = {};       ///< Of the Authorization header: "Bearer", "Basic".
    std::string credentials = {};  ///< What follows the scheme. A secret.
};

/// A webhook that hears of a task's events (specification 1.0, section 4.3.1). The request of
/// CreateTaskPushNotificationConfig, and the answer to it.
struct TaskPushNotificationConfig {
    std::string tenant = {};
    std::string id = {};       ///< Unique within its task; the server makes one for an empty id.
    std::string task_id = {};  ///< Empty within SendMessageConfiguration: the task is being made.
    std::string url = {};      ///< Where the events are posted.
    std::string token = {};    ///< Sent with each event, so that the receiver knows it. A secret.
    std::optional<AuthenticationInfo> authentication = {};
};

/// What the sender of a message wants (specification 1.0, section 3.2.2).
struct SendMessageConfiguration {
    std::vector<std::string> accepted_output_modes = {};  ///< Media types; empty: any.
    std::optional<TaskPushNotificationConfig> task_push_notification_config = {};
    std::optional<std::int32_t> history_length = {};
    /// False: the answer waits until the task has ended or is paused. Streams do not look at it.
    bool return_immediately = false;
};

/// Of SendMessage and SendStreamingMessage (specification 1.0, sections 3.1.1 and 3.1.2).
struct SendMessageRequest {
    std::string tenant = {};
    Message message = {};  ///< With a task id it continues that task; else it starts one.
    std::optional<SendMessageConfiguration> configuration = {};
    RawJson metadata = {};  ///< A JSON object; empty: absent.
};

/// Specification 1.0, section 3.1.3.
struct GetTaskRequest {
    std::string tenant = {};
    std::string id = {};  ///< Of the task.
    std::optional<std::int32_t> history_length = {};
};

/// Specification 1.0, section 3.1.4. The filters add up: a task has to pass each that is given.
struct ListTasksRequest {
    std::string tenant = {};
    std::string context_id = {};                 ///< Empty: any
    TaskState status = TaskState::kUnspecified;  ///< kUnspecified: any
    std::optional<std::int32_t> page_size = {};  ///< 1 to 100, 50 when absent
    std::string page_token = {};                 ///< From the page before; empty: the first page.
    std::optional<std::int32_t> history_length = {};
    std::optional<Timestamp> status_timestamp_after = {};  ///< Inclusive, despite its name.
    std::optional<bool> include_artifacts = {};            ///< Absent is false.
};

/// One page. A page may be shorter than was asked for without being the last one.
struct ListTasksResponse {
    std::vector<Task> tasks = {};      ///< Newest status first.
    std::string next_page_token = {};  ///< Always present; empty on the last page.
    std::int32_t page_size = 0;        ///< That the server went by.
    std::int32_t total_size = 0;       ///< Tasks on all pages together.
};

/// Specification 1.0, section 3.1.5.
struct CancelTaskRequest {
    std::string tenant = {};
    std::string id = {};    ///< Of the task.
    RawJson metadata = {};  ///< A JSON object; empty: absent.
};

/// Specification 1.0, section 3.1.6. The stream begins with the task as it stands, unless it goes
/// on behind an event that the client has seen.
struct SubscribeToTaskRequest {
    std::string tenant = {};
    std::string id = {};  ///< Of a task that has not ended.
};

/// Specification 1.0, section 3.1.8.
struct GetTaskPushNotificationConfigRequest {
    std::string tenant = {};
    std::string task_id = {};
    std::string id = {};
};

/// Specification 1.0, section 3.1.10. Deleting what is not there succeeds.
struct DeleteTaskPushNotificationConfigRequest {
    std::string tenant = {};
    std::string task_id = {};
    std::string id = {};
};

/// Specification 1.0, section 3.1.9.
struct ListTaskPushNotificationConfigsRequest {
    std::string tenant = {};
    std::string task_id = {};
    std::int32_t page_size = 0;   ///< 0: as the server likes
    std::string page_token = {};  ///< From the page before; empty: the first page.
};

/// One page, in the order of the ids.
struct ListTaskPushNotificationConfigsResponse {
    std::vector<TaskPushNotificationConfig> configs = {};
    std::string next_page_token = {};  ///< Empty on the last page.
};

/// Specification 1.0, section 3.1.11. The answer is an AgentCard.
struct GetExtendedAgentCardRequest {
    std::string tenant = {};
};

/// A task, or the message with which the agent replied instead of making one.
struct SendMessageResponse {
    std::variant<std::monostate, Task, Message> payload = {};
};

/// One item of a stream (specification 1.0, section 3.2.3). A stream begins with a task, or
/// consists of one message.
struct StreamResponse {
    std::variant<std::monostate, Task, Message, TaskStatusUpdateEvent, TaskArtifactUpdateEvent>
        payload = {};
};

}  // namespace a2akit
