#include "grpc/convert.hpp"

#include "json/codec.hpp"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/util/json_util.h>
#include "a2a_v1_0.pb.h"

#include <string>
#include <utility>

namespace a2akit::rpc {
namespace {

constexpr int kMaxParts = 10'000;  // as in JSON

/// The path of a field, put together only where something is wrong with it.
struct Path {
    const char* before = "";
    int index = -1;  ///< Of an element of `before`; -1: none.

    [[nodiscard]] std::string to(const char* name) const {
        std::string path = before;
        if (index >= 0) path += "[" + std::to_string(index) + "]";
        if (!path.empty() && *name != '\0') path += '.';
        return path + name;
    }
};

void read(const std::string& from, std::string& to, const Path& path, const char* name,
          Violations& wrong) {
    if (from.find('\0') == std::string::npos)
        to = from;
    else
        refuse_nul(from, path.to(name), wrong);
}

void read_required(const std::string& from, std::string& to, const Path& path, const char* name,
                   Violations& wrong) {
    if (from.empty()) wrong.push_back({path.to(name), "is required: a string that is not empty"});
    read(from, to, path, name, wrong);
}

template <class List>
void read(const List& from, std::vector<std::string>& to, const Path& path, const char* name,
          Violations& wrong) {
    to.reserve(static_cast<std::size_t>(from.size()));
    for (const std::string& text : from) read(text, to.emplace_back(), path, name, wrong);
}

template <class From>
void read_metadata(const From& from, RawJson& to, const Path& path, Violations& wrong) {
    if (from.has_metadata()) to = to_json(from.metadata(), path.to("metadata").c_str(), wrong);
}

void read(const v1::Part& from, Part& to, const Path& path, Violations& wrong) {
    switch (from.content_case()) {
        case v1::Part::kText:
            read(from.text(), to.content.emplace<TextContent>().text, path, "text", wrong);
            break;
        case v1::Part::kRaw:
            to.content.emplace<RawContent>().bytes = from.raw();
            break;
        case v1::Part::kUrl:
            read(from.url(), to.content.emplace<UrlContent>().url, path, "url", wrong);
            break;
        case v1::Part::kData:
            to.content.emplace<DataContent>().value =
                to_json(from.data(), path.to("data").c_str(), wrong);
            break;
        case v1::Part::CONTENT_NOT_SET:
            wrong.push_back({path.to(""), "must hold one of text, raw, url, data"});
            break;
    }
    read_metadata(from, to.metadata, path, wrong);
    read(from.filename(), to.filename, path, "filename", wrong);
    read(from.media_type(), to.media_type, path, "mediaType", wrong);
}

void read(const v1::Message& from, Message& to, Violations& wrong) {
    constexpr Path kPath{"message"};
    read_required(from.message_id(), to.message_id, kPath, "messageId", wrong);
    read(from.context_id(), to.context_id, kPath, "contextId", wrong);
    read(from.task_id(), to.task_id, kPath, "taskId", wrong);
    if (from.role() == v1::ROLE_USER || from.role() == v1::ROLE_AGENT) {
        to.role = static_cast<Role>(from.role());
    } else {
        wrong.push_back({"message.role", "is required: one of ROLE_USER, ROLE_AGENT"});
    }
    if (from.parts().empty())
        wrong.push_back({"message.parts", "is required: an array that is not empty"});
    if (from.parts_size() > kMaxParts) {
        wrong.push_back({"message.parts",
                         "must not have more than " + std::to_string(kMaxParts) + " elements"});
        return;
    }
    to.parts.reserve(static_cast<std::size_t>(from.parts_size()));
    for (int i = 0; i < from.parts_size(); ++i) {
        read(from.parts(i), to.parts.emplace_back(), Path{"message.parts", i}, wrong);
    }
    read_metadata(from, to.metadata, kPath, wrong);
    read(from.extensions(), to.extensions, kPath, "extensions", wrong);
    read(from.reference_task_ids(), to.reference_task_ids, kPath, "referenceTaskIds", wrong);
}

void read(const v1::TaskPushNotificationConfig& from, TaskPushNotificationConfig& to,
          const Path& path, Violations& wrong) {
    read(from.tenant(), to.tenant, path, "tenant", wrong);
    read(from.id(), to.id, path, "id", wrong);
    read(from.task_id(), to.task_id, path, "taskId", wrong);
    read_required(from.url(), to.url, path, "url", wrong);
    read(from.token(), to.token, path, "token", wrong);
    if (!from.has_authentication()) return;
    auto& authentication = to.authentication.emplace();
    read_required(from.authentication().scheme(), authentication.scheme, path,
                  "authentication.scheme", wrong);
    read(from.authentication().credentials(), authentication.credentials, path,
         "authentication.credentials", wrong);
}

void read(const v1::SendMessageConfiguration& from, SendMessageConfiguration& to,
          Violations& wrong) {
    read(from.accepted_output_modes(), to.accepted_output_modes, Path{"configuration"},
         "acceptedOutputModes", wrong);
    if (from.has_task_push_notification_config()) {
        read(from.task_push_notification_config(), to.task_push_notification_config.emplace(),
             Path{"configuration.taskPushNotificationConfig"}, wrong);
    }
    if (from.has_history_length()) to.history_length = from.history_length();
    to.return_immediately = from.return_immediately();
}

// -- Answers

template <class To>
void write_metadata(const RawJson& from, To& to) {
    if (!from.empty()) from_json(from, *to.mutable_metadata());
}

void write(const std::vector<Part>& from, google::protobuf::RepeatedPtrField<v1::Part>& to) {
    to.Reserve(static_cast<int>(from.size()));
    for (const Part& part : from) {
        v1::Part& out = *to.Add();
        if (const auto* text = std::get_if<TextContent>(&part.content))
            out.set_text(text->text);
        else if (const auto* raw = std::get_if<RawContent>(&part.content))
            out.set_raw(raw->bytes);
        else if (const auto* url = std::get_if<UrlContent>(&part.content))
            out.set_url(url->url);
        else if (const auto* data = std::get_if<DataContent>(&part.content)) {
            from_json(data->value, *out.mutable_data());
        }
        write_metadata(part.metadata, out);
        if (!part.filename.empty()) out.set_filename(part.filename);
        if (!part.media_type.empty()) out.set_media_type(part.media_type);
    }
}

void write(const Message& from, v1::Message& to) {
    to.set_message_id(from.message_id);
    if (!from.context_id.empty()) to.set_context_id(from.context_id);
    if (!from.task_id.empty()) to.set_task_id(from.task_id);
    to.set_role(static_cast<v1::Role>(from.role));
    write(from.parts, *to.mutable_parts());
    write_metadata(from.metadata, to);
    for (const std::string& uri : from.extensions) to.add_extensions(uri);
    for (const std::string& id : from.reference_task_ids) to.add_reference_task_ids(id);
}

void write(const Artifact& from, v1::Artifact& to) {
    to.set_artifact_id(from.artifact_id);
    if (!from.name.empty()) to.set_name(from.name);
    if (!from.description.empty()) to.set_description(from.description);
    write(from.parts, *to.mutable_parts());
    write_metadata(from.metadata, to);
    for (const std::string& uri : from.extensions) to.add_extensions(uri);
}

void write(const TaskStatus& from, v1::TaskStatus& to) {
    to.set_state(static_cast<v1::TaskState>(from.state));
    if (from.message) write(**from.message, *to.mutable_message());
    if (from.timestamp) rpc::write(*from.timestamp, *to.mutable_timestamp());
}

void write(const Task& from, v1::Task& to) {
    to.set_id(from.id);
    to.set_context_id(from.context_id);
    write(from.status, *to.mutable_status());
    for (const auto& artifact : from.artifacts) write(*artifact, *to.add_artifacts());
    for (const auto& message : from.history) write(*message, *to.add_history());
    write_metadata(from.metadata, to);
}

void write(const TaskStatusUpdateEvent& from, v1::TaskStatusUpdateEvent& to) {
    to.set_task_id(from.task_id);
    to.set_context_id(from.context_id);
    write(from.status, *to.mutable_status());
    write_metadata(from.metadata, to);
}

void write(const TaskArtifactUpdateEvent& from, v1::TaskArtifactUpdateEvent& to) {
    to.set_task_id(from.task_id);
    to.set_context_id(from.context_id);
    write(*from.artifact, *to.mutable_artifact());
    to.set_append(from.append);
    to.set_last_chunk(from.last_chunk);
    write_metadata(from.metadata, to);
}

void write(const TaskPushNotificationConfig& from, v1::TaskPushNotificationConfig& to) {
    to.set_tenant(from.tenant);
    to.set_id(from.id);
    to.set_task_id(from.task_id);
    to.set_url(from.url);
    to.set_token(from.token);
    if (!from.authentication) return;
    to.mutable_authentication()->set_scheme(from.authentication->scheme);
    to.mutable_authentication()->set_credentials(from.authentication->credentials);
}

}  // namespace

void read(const v1::SendMessageRequest& from, OperationParams& to, Violations& wrong) {
    auto& params = to.emplace<SendMessageRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    if (from.has_message())
        read(from.message(), params.message, wrong);
    else
        wrong.push_back({"message", "is required: an object"});
    if (from.has_configuration()) read(from.configuration(), params.configuration.emplace(), wrong);
    read_metadata(from, params.metadata, {}, wrong);
}

void read(const v1::GetTaskRequest& from, OperationParams& to, Violations& wrong) {
    auto& params = to.emplace<GetTaskRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read_required(from.id(), params.id, {}, "id", wrong);
    if (from.has_history_length()) params.history_length = from.history_length();
}

void read(const v1::ListTasksRequest& from, OperationParams& to, Violations& wrong) {
    auto& params = to.emplace<ListTasksRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read(from.context_id(), params.context_id, {}, "contextId", wrong);
    if (v1::TaskState_IsValid(from.status()))
        params.status = static_cast<TaskState>(from.status());
    else
        wrong.push_back({"status", "must be a task state, a number from 1 to 8"});
    // The Go SDK writes the 0 of a field that was not set.
    if (from.page_size() != 0) params.page_size = from.page_size();
    read(from.page_token(), params.page_token, {}, "pageToken", wrong);
    if (from.has_history_length()) params.history_length = from.history_length();
    if (from.has_status_timestamp_after()) {
        params.status_timestamp_after =
            not_before(from.status_timestamp_after(), "statusTimestampAfter", wrong);
    }
    if (from.has_include_artifacts()) params.include_artifacts = from.include_artifacts();
}

void read(const v1::CancelTaskRequest& from, OperationParams& to, Violations& wrong) {
    auto& params = to.emplace<CancelTaskRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read_required(from.id(), params.id, {}, "id", wrong);
    read_metadata(from, params.metadata, {}, wrong);
}

void read(const v1::SubscribeToTaskRequest& from, OperationParams& to, Violations& wrong) {
    auto& params = to.emplace<SubscribeToTaskRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read_required(from.id(), params.id, {}, "id", wrong);
}

void read(const v1::TaskPushNotificationConfig& from, OperationParams& to, Violations& wrong) {
    read(from, to.emplace<TaskPushNotificationConfig>(), Path{}, wrong);
}

void read(const v1::GetTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong) {
    auto& params = to.emplace<GetTaskPushNotificationConfigRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read_required(from.task_id(), params.task_id, {}, "taskId", wrong);
    read_required(from.id(), params.id, {}, "id", wrong);
}

void read(const v1::ListTaskPushNotificationConfigsRequest& from, OperationParams& to,
          Violations& wrong) {
    auto& params = to.emplace<ListTaskPushNotificationConfigsRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read_required(from.task_id(), params.task_id, {}, "taskId", wrong);
    params.page_size = from.page_size();
    read(from.page_token(), params.page_token, {}, "pageToken", wrong);
}

void read(const v1::DeleteTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong) {
    auto& params = to.emplace<DeleteTaskPushNotificationConfigRequest>();
    read(from.tenant(), params.tenant, {}, "tenant", wrong);
    read_required(from.task_id(), params.task_id, {}, "taskId", wrong);
    read_required(from.id(), params.id, {}, "id", wrong);
}

void read(const v1::GetExtendedAgentCardRequest& from, OperationParams& to, Violations& wrong) {
    read(from.tenant(), to.emplace<GetExtendedAgentCardRequest>().tenant, {}, "tenant", wrong);
}

void write(const Reply& reply, v1::SendMessageResponse& to) {
    const auto& payload = std::get<SendMessageResponse>(reply).payload;
    if (const auto* task = std::get_if<Task>(&payload))
        write(*task, *to.mutable_task());
    else if (const auto* message = std::get_if<Message>(&payload))
        write(*message, *to.mutable_message());
}

void write(const Reply& reply, v1::Task& to) { write(std::get<Task>(reply), to); }

void write(const Reply& reply, v1::ListTasksResponse& to) {
    const auto& list = std::get<ListTasksResponse>(reply);
    for (const Task& task : list.tasks) write(task, *to.add_tasks());
    to.set_next_page_token(list.next_page_token);
    to.set_page_size(list.page_size);
    to.set_total_size(list.total_size);
}

void write(const Reply& reply, v1::TaskPushNotificationConfig& to) {
    write(std::get<TaskPushNotificationConfig>(reply), to);
}

void write(const Reply& reply, v1::ListTaskPushNotificationConfigsResponse& to) {
    const auto& list = std::get<ListTaskPushNotificationConfigsResponse>(reply);
    for (const auto& config : list.configs) write(config, *to.add_configs());
    to.set_next_page_token(list.next_page_token);
}

// Asked for seldom, and large in kinds of fields: by way of its JSON, which is that of the protocol
// buffer.
void write(const Reply& reply, v1::AgentCard& to) {
    (void)google::protobuf::util::JsonStringToMessage(json::encode(std::get<AgentCard>(reply)),
                                                      &to);
}

void write(const Reply&, google::protobuf::Empty&) {}

void write(const StreamResponse& event, v1::StreamResponse& to) {
    if (const auto* task = std::get_if<Task>(&event.payload))
        write(*task, *to.mutable_task());
    else if (const auto* message = std::get_if<Message>(&event.payload))
        write(*message, *to.mutable_message());
    else if (const auto* status = std::get_if<TaskStatusUpdateEvent>(&event.payload)) {
        write(*status, *to.mutable_status_update());
    } else if (const auto* artifact = std::get_if<TaskArtifactUpdateEvent>(&event.payload)) {
        write(*artifact, *to.mutable_artifact_update());
    }
}

}  // namespace a2akit::rpc
