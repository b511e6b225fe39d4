#include "grpc/convert_0_3.hpp"

#include "a2a_v0_3.pb.h"
#include "grpc/card_security_0_3.hpp"
#include "wire/codec.hpp"
#include "wire/decode.hpp"

#include <google/protobuf/util/json_util.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace a2akit::rpc {
namespace {

/// By way of its ProtoJSON, which the codec of 0.3 reads.
void read_by_json(const google::protobuf::Message& from, OperationParams& to, Violations& wrong) {
    std::string text;
    if (!google::protobuf::util::MessageToJsonString(from, &text).ok()) {
        wrong.push_back({"", "the message holds a value that JSON does not have, such as NaN"});
        return;
    }
    json::Cursor cursor(text, json::Mode::kStrict, wire::kRequestLimits);
    wire::codec(wire::Version::k0_3).read_params(cursor, false, to);
    const Result<void> read = cursor.finish();
    if (wire::note_violations(read, wrong)) return;
    wrong.push_back({"", read.error().message});
}

std::string text_of(const std::string& from, const char* field, Violations& wrong) {
    refuse_nul(from, field, wrong);
    return from;
}

constexpr std::string_view kTasks = "tasks/";
constexpr std::string_view kConfigs = "/pushNotificationConfigs/";

/// The id in "tasks/{id}".
std::string task_of(const std::string& name, const char* field, Violations& wrong) {
    refuse_nul(name, field, wrong);
    const std::string_view id =
        std::string_view(name).substr(name.starts_with(kTasks) ? kTasks.size() : 0);
    if (id.size() == name.size() || id.empty() || id.find('/') != std::string_view::npos) {
        wrong.push_back({field, "must be \"tasks/\" and the id of the task"});
    }
    return std::string(id);
}

struct ConfigName {
    std::string task_id;
    std::string id;
};
/// The ids in "tasks/{id}/pushNotificationConfigs/{config id}".
ConfigName config_of(const std::string& name, Violations& wrong) {
    refuse_nul(name, "name", wrong);
    const std::size_t at = name.find(kConfigs);
    if (name.starts_with(kTasks) && at != std::string::npos && at > kTasks.size()) {
        return {name.substr(kTasks.size(), at - kTasks.size()), name.substr(at + kConfigs.size())};
    }
    wrong.push_back({"name", "must be tasks/{task id}/pushNotificationConfigs/{config id}"});
    return {};
}

wire::AnswerForm form_of(Operation operation) {
    wire::AnswerForm form;
    form.version = wire::Version::k0_3;
    form.operation = operation;
    return form;
}

void fill(const std::string& text, google::protobuf::Message& to) {
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &to, options);
    if (!parsed.ok())
        throw std::runtime_error("an answer does not fit into protocol 0.3: " + parsed.ToString());
}

/// By way of what the codec of 0.3 writes.
void write_by_json(const Reply& reply, Operation operation, google::protobuf::Message& to) {
    std::string text;
    wire::codec(wire::Version::k0_3).write_reply(text, reply, form_of(operation));
    fill(text, to);
}

}  // namespace

void read(const v0::SendMessageRequest& from, OperationParams& to, Violations& wrong) {
    to.emplace<SendMessageRequest>();
    read_by_json(from, to, wrong);
}
void read(const v0::GetTaskRequest& from, OperationParams& to, Violations& wrong) {
    auto& params = to.emplace<GetTaskRequest>();
    params.id = task_of(from.name(), "name", wrong);
    if (from.history_length() != 0) params.history_length = from.history_length();
}
void read(const v0::CancelTaskRequest& from, OperationParams& to, Violations& wrong) {
    to.emplace<CancelTaskRequest>().id = task_of(from.name(), "name", wrong);
}
void read(const v0::TaskSubscriptionRequest& from, OperationParams& to, Violations& wrong) {
    to.emplace<SubscribeToTaskRequest>().id = task_of(from.name(), "name", wrong);
}
void read(const v0::CreateTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong) {
    to.emplace<TaskPushNotificationConfig>();
    read_by_json(from, to, wrong);
}
void read(const v0::GetTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong) {
    ConfigName name = config_of(from.name(), wrong);
    auto& params = to.emplace<GetTaskPushNotificationConfigRequest>();
    params.task_id = std::move(name.task_id);
    params.id = std::move(name.id);
}
void read(const v0::ListTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong) {
    auto& params = to.emplace<ListTaskPushNotificationConfigsRequest>();
    params.task_id = task_of(from.parent(), "parent", wrong);
    params.page_size = from.page_size();
    params.page_token = text_of(from.page_token(), "pageToken", wrong);
}
void read(const v0::DeleteTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong) {
    ConfigName name = config_of(from.name(), wrong);
    auto& params = to.emplace<DeleteTaskPushNotificationConfigRequest>();
    params.task_id = std::move(name.task_id);
    params.id = std::move(name.id);
}
void read(const v0::GetAgentCardRequest&, OperationParams& to, Violations&) {
    to.emplace<GetExtendedAgentCardRequest>();
}

void write(const Reply& reply, v0::SendMessageResponse& to) {
    write_by_json(reply, Operation::kSendMessage, to);
}
void write(const Reply& reply, v0::Task& to) { write_by_json(reply, Operation::kGetTask, to); }
void write(const Reply& reply, v0::TaskPushNotificationConfig& to) {
    write_by_json(reply, Operation::kGetTaskPushNotificationConfig, to);
}
void write(const Reply& reply, v0::ListTaskPushNotificationConfigResponse& to) {
    write_by_json(reply, Operation::kListTaskPushNotificationConfigs, to);
}
void write(const Reply& reply, v0::AgentCard& to) {
    write_by_json(reply, Operation::kGetExtendedAgentCard, to);
    write_security(std::get<AgentCard>(reply), to);
}
void write(const StreamResponse& event, v0::StreamResponse& to) {
    std::string text;
    wire::codec(wire::Version::k0_3)
        .write_event(text, event, form_of(Operation::kSendStreamingMessage));
    fill(text, to);
}

}  // namespace a2akit::rpc
