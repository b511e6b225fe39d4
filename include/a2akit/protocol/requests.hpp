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
// one is absent.

namespace a2akit {

struct AuthenticationInfo {
    std::string scheme = {};
    std::string credentials = {};
};

struct TaskPushNotificationConfig {
    std::string tenant = {};
    std::string id = {};
    std::string task_id = {};
    std::string url = {};
    std::string token = {};
    std::optional<AuthenticationInfo> authentication = {};
};

struct SendMessageConfiguration {
    std::vector<std::string> accepted_output_modes = {};
    std::optional<TaskPushNotificationConfig> task_push_notification_config = {};
    std::optional<std::int32_t> history_length = {};
    bool return_immediately = false;
};

struct SendMessageRequest {
    std::string tenant = {};
    Message message = {};
    std::optional<SendMessageConfiguration> configuration = {};
    RawJson metadata = {};
};

struct GetTaskRequest {
    std::string tenant = {};
    std::string id = {};
    std::optional<std::int32_t> history_length = {};
};

struct ListTasksRequest {
    std::string tenant = {};
    std::string context_id = {};
    TaskState status = TaskState::kUnspecified;  ///< kUnspecified: any
    std::optional<std::int32_t> page_size = {};  ///< 1 to 100, 50 when absent
    std::string page_token = {};
    std::optional<std::int32_t> history_length = {};
    std::optional<Timestamp> status_timestamp_after = {};  ///< Inclusive, despite its name.
    std::optional<bool> include_artifacts = {};
};

struct ListTasksResponse {
    std::vector<Task> tasks = {};
    std::string next_page_token = {};  ///< Always present; empty on the last page.
    std::int32_t page_size = 0;
    std::int32_t total_size = 0;
};

struct CancelTaskRequest {
    std::string tenant = {};
    std::string id = {};
    RawJson metadata = {};
};

struct SubscribeToTaskRequest {
    std::string tenant = {};
    std::string id = {};
};

struct GetTaskPushNotificationConfigRequest {
    std::string tenant = {};
    std::string task_id = {};
    std::string id = {};
};

struct DeleteTaskPushNotificationConfigRequest {
    std::string tenant = {};
    std::string task_id = {};
    std::string id = {};
};

struct ListTaskPushNotificationConfigsRequest {
    std::string tenant = {};
    std::string task_id = {};
    std::int32_t page_size = 0;
    std::string page_token = {};
};

struct ListTaskPushNotificationConfigsResponse {
    std::vector<TaskPushNotificationConfig> configs = {};
    std::string next_page_token = {};
};

struct GetExtendedAgentCardRequest {
    std::string tenant = {};
};

struct SendMessageResponse {
    std::variant<std::monostate, Task, Message> payload = {};
};

/// One item of a stream (specification 1.0, section 3.2.3).
struct StreamResponse {
    std::variant<std::monostate, Task, Message, TaskStatusUpdateEvent, TaskArtifactUpdateEvent>
        payload = {};
};

}  // namespace a2akit
