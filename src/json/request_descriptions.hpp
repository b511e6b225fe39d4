#pragma once

#include "json/description.hpp"

#include <a2akit/protocol/requests.hpp>

// The requests and responses of specification 1.0, section 3.1.

namespace a2akit::json {

template <>
struct Description<SendMessageConfiguration> {
    static constexpr std::string_view kName = "SendMessageConfiguration";
    static constexpr auto kFields =
        std::tuple(field("accepted_output_modes", &SendMessageConfiguration::accepted_output_modes),
                   field("task_push_notification_config",
                         &SendMessageConfiguration::task_push_notification_config),
                   field("history_length", &SendMessageConfiguration::history_length),
                   field("return_immediately", &SendMessageConfiguration::return_immediately));
};

template <>
struct Description<AuthenticationInfo> {
    static constexpr std::string_view kName = "AuthenticationInfo";
    static constexpr auto kFields =
        std::tuple(field("scheme", &AuthenticationInfo::scheme, Need::kRequired),
                   field("credentials", &AuthenticationInfo::credentials));
};

template <>
struct Description<TaskPushNotificationConfig> {
    static constexpr std::string_view kName = "TaskPushNotificationConfig";
    static constexpr auto kFields =
        std::tuple(field("tenant", &TaskPushNotificationConfig::tenant),
                   field("id", &TaskPushNotificationConfig::id),
                   field("task_id", &TaskPushNotificationConfig::task_id),
                   field("url", &TaskPushNotificationConfig::url, Need::kRequired),
                   field("token", &TaskPushNotificationConfig::token),
                   field("authentication", &TaskPushNotificationConfig::authentication));
};

template <>
struct Description<SendMessageRequest> {
    static constexpr std::string_view kName = "SendMessageRequest";
    static constexpr auto kFields =
        std::tuple(field("tenant", &SendMessageRequest::tenant),
                   field("message", &SendMessageRequest::message, Need::kRequired),
                   field("configuration", &SendMessageRequest::configuration),
                   field("metadata", &SendMessageRequest::metadata));
};

template <>
struct Description<GetTaskRequest> {
    static constexpr std::string_view kName = "GetTaskRequest";
    static constexpr auto kFields = std::tuple(
        field("tenant", &GetTaskRequest::tenant), field("id", &GetTaskRequest::id, Need::kRequired),
        field("history_length", &GetTaskRequest::history_length));
};

template <>
struct Description<ListTasksRequest> {
    static constexpr std::string_view kName = "ListTasksRequest";
    static constexpr auto kFields =
        std::tuple(field("tenant", &ListTasksRequest::tenant),
                   field("context_id", &ListTasksRequest::context_id),
                   field("status", &ListTasksRequest::status),
                   field("page_size", &ListTasksRequest::page_size),
                   field("page_token", &ListTasksRequest::page_token),
                   field("history_length", &ListTasksRequest::history_length),
                   field_read_as<NotBefore>("status_timestamp_after",
                                            &ListTasksRequest::status_timestamp_after),
                   field("include_artifacts", &ListTasksRequest::include_artifacts));
};

template <>
struct Description<ListTasksResponse> {
    static constexpr std::string_view kName = "ListTasksResponse";
    static constexpr auto kFields = std::tuple(
        field("tasks", &ListTasksResponse::tasks, Need::kRequiredMayBeEmpty),
        field("next_page_token", &ListTasksResponse::next_page_token, Need::kRequiredMayBeEmpty),
        field("page_size", &ListTasksResponse::page_size, Need::kRequired),
        field("total_size", &ListTasksResponse::total_size, Need::kRequired));
};

template <>
struct Description<CancelTaskRequest> {
    static constexpr std::string_view kName = "CancelTaskRequest";
    static constexpr auto kFields = std::tuple(field("tenant", &CancelTaskRequest::tenant),
                                               field("id", &CancelTaskRequest::id, Need::kRequired),
                                               field("metadata", &CancelTaskRequest::metadata));
};

template <>
struct Description<GetTaskPushNotificationConfigRequest> {
    static constexpr std::string_view kName = "GetTaskPushNotificationConfigRequest";
    static constexpr auto kFields = std::tuple(
        field("tenant", &GetTaskPushNotificationConfigRequest::tenant),
        field("task_id", &GetTaskPushNotificationConfigRequest::task_id, Need::kRequired),
        field("id", &GetTaskPushNotificationConfigRequest::id, Need::kRequired));
};

template <>
struct Description<DeleteTaskPushNotificationConfigRequest> {
    static constexpr std::string_view kName = "DeleteTaskPushNotificationConfigRequest";
    static constexpr auto kFields = std::tuple(
        field("tenant", &DeleteTaskPushNotificationConfigRequest::tenant),
        field("task_id", &DeleteTaskPushNotificationConfigRequest::task_id, Need::kRequired),
        field("id", &DeleteTaskPushNotificationConfigRequest::id, Need::kRequired));
};

template <>
struct Description<SubscribeToTaskRequest> {
    static constexpr std::string_view kName = "SubscribeToTaskRequest";
    static constexpr auto kFields =
        std::tuple(field("tenant", &SubscribeToTaskRequest::tenant),
                   field("id", &SubscribeToTaskRequest::id, Need::kRequired));
};

template <>
struct Description<ListTaskPushNotificationConfigsRequest> {
    static constexpr std::string_view kName = "ListTaskPushNotificationConfigsRequest";
    static constexpr auto kFields = std::tuple(
        field("tenant", &ListTaskPushNotificationConfigsRequest::tenant),
        field("task_id", &ListTaskPushNotificationConfigsRequest::task_id, Need::kRequired),
        field("page_size", &ListTaskPushNotificationConfigsRequest::page_size),
        field("page_token", &ListTaskPushNotificationConfigsRequest::page_token));
};

template <>
struct Description<GetExtendedAgentCardRequest> {
    static constexpr std::string_view kName = "GetExtendedAgentCardRequest";
    static constexpr auto kFields =
        std::tuple(field("tenant", &GetExtendedAgentCardRequest::tenant));
};

template <>
struct Description<SendMessageResponse> {
    static constexpr std::string_view kName = "SendMessageResponse";
    static constexpr auto kFields =
        std::tuple(alternative<1>("task", "payload", &SendMessageResponse::payload),
                   alternative<2>("message", "payload", &SendMessageResponse::payload));
};

template <>
struct Description<StreamResponse> {
    static constexpr std::string_view kName = "StreamResponse";
    static constexpr auto kFields =
        std::tuple(alternative<1>("task", "payload", &StreamResponse::payload),
                   alternative<2>("message", "payload", &StreamResponse::payload),
                   alternative<3>("status_update", "payload", &StreamResponse::payload),
                   alternative<4>("artifact_update", "payload", &StreamResponse::payload));
};

template <>
struct Description<ListTaskPushNotificationConfigsResponse> {
    static constexpr std::string_view kName = "ListTaskPushNotificationConfigsResponse";
    static constexpr auto kFields = std::tuple(
        field("configs", &ListTaskPushNotificationConfigsResponse::configs),
        field("next_page_token", &ListTaskPushNotificationConfigsResponse::next_page_token));
};

}  // namespace a2akit::json
