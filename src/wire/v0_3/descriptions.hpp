#pragma once

#include "json/description.hpp"
#include "wire/v0_3/forms.hpp"

#include <a2akit/core/shared.hpp>
#include <a2akit/protocol/requests.hpp>

#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

// The messages of protocol 0.3, described once for both of its forms.

namespace a2akit::wire::v0_3 {

/// `fields` only in the schema's form.
template <Form F, class... Fields>
constexpr auto only_in_schema(Fields... fields) {
    if constexpr (F == Form::kSchema)
        return std::tuple(fields...);
    else
        return std::tuple<>();
}

/// "kind", by which the schema tells messages apart.
template <Form F>
constexpr auto kind(std::string_view value) {
    return only_in_schema<F>(json::constant("kind", value));
}

template <Form F>
constexpr std::string_view name_in(std::string_view schema, std::string_view proto) {
    return F == Form::kSchema ? schema : proto;
}

/// The proto's roles are those of 1.0.
template <Form F>
using RoleIn = std::conditional_t<F == Form::kSchema, In<Form::kSchema, Role>, Role>;

}  // namespace a2akit::wire::v0_3

namespace a2akit::json {

using wire::v0_3::Form;
using wire::v0_3::In;

template <Form F>
struct Description<In<F, Message>> {
    static constexpr std::string_view kName = "Message";
    static constexpr auto kFields = std::tuple_cat(
        wire::v0_3::kind<F>("message"),
        std::tuple(field("message_id", &Message::message_id, Need::kRequired),
                   field("context_id", &Message::context_id), field("task_id", &Message::task_id),
                   field_as<wire::v0_3::RoleIn<F>>("role", &Message::role, Need::kRequired),
                   field_as<std::vector<In<F, Part>>>(wire::v0_3::name_in<F>("parts", "content"),
                                                      &Message::parts, Need::kRequired),
                   field("metadata", &Message::metadata),
                   field("extensions", &Message::extensions)),
        wire::v0_3::only_in_schema<F>(field("reference_task_ids", &Message::reference_task_ids)));
};

template <Form F>
struct Description<In<F, Artifact>> {
    static constexpr std::string_view kName = "Artifact";
    static constexpr auto kFields = std::tuple(
        field("artifact_id", &Artifact::artifact_id, Need::kRequired),
        field("name", &Artifact::name), field("description", &Artifact::description),
        field_as<std::vector<In<F, Part>>>("parts", &Artifact::parts, Need::kRequired),
        field("metadata", &Artifact::metadata), field("extensions", &Artifact::extensions));
};

template <Form F>
struct Description<In<F, TaskStatus>> {
    static constexpr std::string_view kName = "TaskStatus";
    static constexpr auto kFields =
        std::tuple(field_as<In<F, TaskState>>("state", &TaskStatus::state, Need::kRequired),
                   field_as<std::optional<Shared<In<F, Message>>>>("message", &TaskStatus::message),
                   field("timestamp", &TaskStatus::timestamp));
};

template <Form F>
struct Description<In<F, Task>> {
    static constexpr std::string_view kName = "Task";
    static constexpr auto kFields = std::tuple_cat(
        wire::v0_3::kind<F>("task"),
        std::tuple(field("id", &Task::id, Need::kRequired),
                   field("context_id", &Task::context_id, Need::kRequired),
                   field_as<In<F, TaskStatus>>("status", &Task::status, Need::kRequired),
                   field_as<std::vector<Shared<In<F, Artifact>>>>("artifacts", &Task::artifacts),
                   field_as<std::vector<Shared<In<F, Message>>>>("history", &Task::history),
                   field("metadata", &Task::metadata)));
};

/// Without "final", which is not a property of the event: see write_status_update.
template <Form F>
struct Description<In<F, TaskStatusUpdateEvent>> {
    static constexpr std::string_view kName = "TaskStatusUpdateEvent";
    static constexpr auto kFields = std::tuple_cat(
        wire::v0_3::kind<F>("status-update"),
        std::tuple(
            field("task_id", &TaskStatusUpdateEvent::task_id, Need::kRequired),
            field("context_id", &TaskStatusUpdateEvent::context_id, Need::kRequired),
            field_as<In<F, TaskStatus>>("status", &TaskStatusUpdateEvent::status, Need::kRequired),
            field("metadata", &TaskStatusUpdateEvent::metadata)));
};

template <Form F>
struct Description<In<F, TaskArtifactUpdateEvent>> {
    static constexpr std::string_view kName = "TaskArtifactUpdateEvent";
    static constexpr auto kFields = std::tuple_cat(
        wire::v0_3::kind<F>("artifact-update"),
        std::tuple(field("task_id", &TaskArtifactUpdateEvent::task_id, Need::kRequired),
                   field("context_id", &TaskArtifactUpdateEvent::context_id, Need::kRequired),
                   field_as<Shared<In<F, Artifact>>>("artifact", &TaskArtifactUpdateEvent::artifact,
                                                     Need::kRequired),
                   field("append", &TaskArtifactUpdateEvent::append),
                   field("last_chunk", &TaskArtifactUpdateEvent::last_chunk),
                   field("metadata", &TaskArtifactUpdateEvent::metadata)));
};

template <Form F>
struct Description<In<F, wire::v0_3::File>> {
    using File = wire::v0_3::File;
    static constexpr std::string_view kName = "FilePart";
    static constexpr auto kFields = std::tuple(
        alternative<1>(wire::v0_3::name_in<F>("bytes", "file_with_bytes"), "file", &File::content),
        alternative<2>(wire::v0_3::name_in<F>("uri", "file_with_uri"), "file", &File::content),
        field("mime_type", &File::mime_type), field("name", &File::name));
};

template <Form F>
struct Description<In<F, wire::v0_3::AnyPart>> {
    using AnyPart = wire::v0_3::AnyPart;
    static constexpr std::string_view kName = "Part";
    static constexpr auto kFields = std::tuple_cat(
        std::tuple(alternative<1>("text", "part", &AnyPart::content),
                   alternative_as<2, In<F, wire::v0_3::File>>("file", "part", &AnyPart::content),
                   alternative_as<3, In<F, DataContent>>("data", "part", &AnyPart::content),
                   field("metadata", &AnyPart::metadata)),
        wire::v0_3::only_in_schema<F>(field("kind", &AnyPart::kind)));
};

template <Form F>
struct Description<In<F, AuthenticationInfo>> {
    static constexpr std::string_view kName = "PushNotificationAuthenticationInfo";
    static constexpr auto kFields = std::tuple(
        field_as<wire::v0_3::FirstOfList>("schemes", &AuthenticationInfo::scheme, Need::kRequired),
        field("credentials", &AuthenticationInfo::credentials));
};

template <Form F>
struct Description<In<F, wire::v0_3::PushConfig>> {
    static constexpr std::string_view kName = "PushNotificationConfig";
    static constexpr auto kFields =
        std::tuple(field("id", &TaskPushNotificationConfig::id),
                   field("url", &TaskPushNotificationConfig::url, Need::kRequired),
                   field("token", &TaskPushNotificationConfig::token),
                   field_as<std::optional<In<F, AuthenticationInfo>>>(
                       "authentication", &TaskPushNotificationConfig::authentication));
};

template <Form F>
struct Description<In<F, SendMessageConfiguration>> {
    static constexpr std::string_view kName = "MessageSendConfiguration";
    static constexpr auto kFields = std::tuple(
        field("accepted_output_modes", &SendMessageConfiguration::accepted_output_modes),
        field_as<std::optional<In<F, wire::v0_3::PushConfig>>>(
            wire::v0_3::name_in<F>("push_notification_config", "push_notification"),
            &SendMessageConfiguration::task_push_notification_config),
        field("history_length", &SendMessageConfiguration::history_length),
        field_as<wire::v0_3::Opposite>("blocking", &SendMessageConfiguration::return_immediately));
};

template <Form F>
struct Description<In<F, SendMessageRequest>> {
    static constexpr std::string_view kName = "MessageSendParams";
    static constexpr auto kFields =
        std::tuple(field_as<In<F, Message>>(
                       F == Form::kSchema ? FieldName("message") : FieldName("request", "message"),
                       &SendMessageRequest::message, Need::kRequired),
                   field_as<std::optional<In<F, SendMessageConfiguration>>>(
                       "configuration", &SendMessageRequest::configuration),
                   field("metadata", &SendMessageRequest::metadata));
};

template <>
struct Description<In<Form::kSchema, GetTaskRequest>> {
    static constexpr std::string_view kName = "TaskQueryParams";
    static constexpr auto kFields =
        std::tuple(field("id", &GetTaskRequest::id, Need::kRequired),
                   field("history_length", &GetTaskRequest::history_length));
};

template <>
struct Description<In<Form::kSchema, CancelTaskRequest>> {
    static constexpr std::string_view kName = "TaskIdParams";
    static constexpr auto kFields = std::tuple(field("id", &CancelTaskRequest::id, Need::kRequired),
                                               field("metadata", &CancelTaskRequest::metadata));
};
template <>
struct Description<In<Form::kProto, CancelTaskRequest>> {
    static constexpr std::string_view kName = "CancelTaskRequest";
    static constexpr auto kFields =
        std::tuple(field_as<wire::v0_3::TaskName>("name", &CancelTaskRequest::id));
};

template <>
struct Description<In<Form::kSchema, SubscribeToTaskRequest>> {
    static constexpr std::string_view kName = "TaskIdParams";
    static constexpr auto kFields =
        std::tuple(field("id", &SubscribeToTaskRequest::id, Need::kRequired));
};
template <>
struct Description<In<Form::kProto, SubscribeToTaskRequest>> {
    static constexpr std::string_view kName = "TaskSubscriptionRequest";
    static constexpr auto kFields =
        std::tuple(field_as<wire::v0_3::TaskName>("name", &SubscribeToTaskRequest::id));
};

template <>
struct Description<wire::v0_3::TaskConfig> {
    using TaskConfig = wire::v0_3::TaskConfig;
    static constexpr std::string_view kName = "TaskPushNotificationConfig";
    static constexpr auto kFields =
        std::tuple(field("task_id", &TaskConfig::task_id, Need::kRequired),
                   field_as<In<Form::kSchema, wire::v0_3::PushConfig>>(
                       "push_notification_config", &TaskConfig::config, Need::kRequired));
};
template <>
struct Description<wire::v0_3::NamedConfig> {
    using NamedConfig = wire::v0_3::NamedConfig;
    static constexpr std::string_view kName = "TaskPushNotificationConfig";
    static constexpr auto kFields =
        std::tuple(field("name", &NamedConfig::name),
                   field_as<std::optional<In<Form::kProto, wire::v0_3::PushConfig>>>(
                       "push_notification_config", &NamedConfig::config));
};
template <>
struct Description<wire::v0_3::CreateConfig> {
    using CreateConfig = wire::v0_3::CreateConfig;
    static constexpr std::string_view kName = "CreateTaskPushNotificationConfigRequest";
    static constexpr auto kFields = std::tuple(
        field("parent", &CreateConfig::parent), field("config_id", &CreateConfig::config_id),
        field("config", &CreateConfig::inner), field("name", &CreateConfig::name),
        field_as<std::optional<In<Form::kProto, wire::v0_3::PushConfig>>>(
            "push_notification_config", &CreateConfig::config));
};

template <>
struct Description<In<Form::kSchema, GetTaskPushNotificationConfigRequest>> {
    static constexpr std::string_view kName = "GetTaskPushNotificationConfigParams";
    static constexpr auto kFields =
        std::tuple(field("id", &GetTaskPushNotificationConfigRequest::task_id, Need::kRequired),
                   field("push_notification_config_id", &GetTaskPushNotificationConfigRequest::id));
};
template <>
struct Description<In<Form::kSchema, ListTaskPushNotificationConfigsRequest>> {
    static constexpr std::string_view kName = "ListTaskPushNotificationConfigParams";
    static constexpr auto kFields =
        std::tuple(field("id", &ListTaskPushNotificationConfigsRequest::task_id, Need::kRequired));
};
template <>
struct Description<In<Form::kSchema, DeleteTaskPushNotificationConfigRequest>> {
    static constexpr std::string_view kName = "DeleteTaskPushNotificationConfigParams";
    static constexpr auto kFields =
        std::tuple(field("id", &DeleteTaskPushNotificationConfigRequest::task_id, Need::kRequired),
                   field("push_notification_config_id",
                         &DeleteTaskPushNotificationConfigRequest::id, Need::kRequired));
};

}  // namespace a2akit::json
