#include "grpc/client_messages.hpp"

#include "a2a_v0_3.pb.h"
#include "a2a_v1_0.pb.h"
#include "grpc/card_security_0_3.hpp"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <type_traits>

namespace a2akit::rpc {
namespace {

namespace pb = google::protobuf;
namespace v1 = ::lf::a2a::v1;
namespace v0 = ::a2a::v1;

/// What one method is called and takes and answers with.
struct Method {
    Operation operation;
    std::string_view path;
    const pb::Message& (*request)();
    const pb::Message& (*reply)();
};

template <class M>
const pb::Message& message_of() {
    return M::default_instance();
}
template <class Request, class Answer>
constexpr Method method(Operation operation, std::string_view path) {
    return {operation, path, &message_of<Request>, &message_of<Answer>};
}

const std::array<Method, 11> kMethods1_0{{
    method<v1::SendMessageRequest, v1::SendMessageResponse>(Operation::kSendMessage,
                                                            "/lf.a2a.v1.A2AService/SendMessage"),
    method<v1::SendMessageRequest, v1::StreamResponse>(
        Operation::kSendStreamingMessage, "/lf.a2a.v1.A2AService/SendStreamingMessage"),
    method<v1::GetTaskRequest, v1::Task>(Operation::kGetTask, "/lf.a2a.v1.A2AService/GetTask"),
    method<v1::ListTasksRequest, v1::ListTasksResponse>(Operation::kListTasks,
                                                        "/lf.a2a.v1.A2AService/ListTasks"),
    method<v1::CancelTaskRequest, v1::Task>(Operation::kCancelTask,
                                            "/lf.a2a.v1.A2AService/CancelTask"),
    method<v1::SubscribeToTaskRequest, v1::StreamResponse>(Operation::kSubscribeToTask,
                                                           "/lf.a2a.v1.A2AService/SubscribeToTask"),
    method<v1::TaskPushNotificationConfig, v1::TaskPushNotificationConfig>(
        Operation::kCreateTaskPushNotificationConfig,
        "/lf.a2a.v1.A2AService/CreateTaskPushNotificationConfig"),
    method<v1::GetTaskPushNotificationConfigRequest, v1::TaskPushNotificationConfig>(
        Operation::kGetTaskPushNotificationConfig,
        "/lf.a2a.v1.A2AService/GetTaskPushNotificationConfig"),
    method<v1::ListTaskPushNotificationConfigsRequest, v1::ListTaskPushNotificationConfigsResponse>(
        Operation::kListTaskPushNotificationConfigs,
        "/lf.a2a.v1.A2AService/ListTaskPushNotificationConfigs"),
    method<v1::DeleteTaskPushNotificationConfigRequest, pb::Empty>(
        Operation::kDeleteTaskPushNotificationConfig,
        "/lf.a2a.v1.A2AService/DeleteTaskPushNotificationConfig"),
    method<v1::GetExtendedAgentCardRequest, v1::AgentCard>(
        Operation::kGetExtendedAgentCard, "/lf.a2a.v1.A2AService/GetExtendedAgentCard"),
}};

const std::array<Method, 10> kMethods0_3{{
    method<v0::SendMessageRequest, v0::SendMessageResponse>(Operation::kSendMessage,
                                                            "/a2a.v1.A2AService/SendMessage"),
    method<v0::SendMessageRequest, v0::StreamResponse>(Operation::kSendStreamingMessage,
                                                       "/a2a.v1.A2AService/SendStreamingMessage"),
    method<v0::GetTaskRequest, v0::Task>(Operation::kGetTask, "/a2a.v1.A2AService/GetTask"),
    method<v0::CancelTaskRequest, v0::Task>(Operation::kCancelTask,
                                            "/a2a.v1.A2AService/CancelTask"),
    method<v0::TaskSubscriptionRequest, v0::StreamResponse>(Operation::kSubscribeToTask,
                                                            "/a2a.v1.A2AService/TaskSubscription"),
    method<v0::CreateTaskPushNotificationConfigRequest, v0::TaskPushNotificationConfig>(
        Operation::kCreateTaskPushNotificationConfig,
        "/a2a.v1.A2AService/CreateTaskPushNotificationConfig"),
    method<v0::GetTaskPushNotificationConfigRequest, v0::TaskPushNotificationConfig>(
        Operation::kGetTaskPushNotificationConfig,
        "/a2a.v1.A2AService/GetTaskPushNotificationConfig"),
    method<v0::ListTaskPushNotificationConfigRequest, v0::ListTaskPushNotificationConfigResponse>(
        Operation::kListTaskPushNotificationConfigs,
        "/a2a.v1.A2AService/ListTaskPushNotificationConfig"),
    method<v0::DeleteTaskPushNotificationConfigRequest, pb::Empty>(
        Operation::kDeleteTaskPushNotificationConfig,
        "/a2a.v1.A2AService/DeleteTaskPushNotificationConfig"),
    method<v0::GetAgentCardRequest, v0::AgentCard>(Operation::kGetExtendedAgentCard,
                                                   "/a2a.v1.A2AService/GetAgentCard"),
}};

template <std::size_t N>
const Method* find_in(const std::array<Method, N>& methods, Operation operation) noexcept {
    for (const Method& each : methods) {
        if (each.operation == operation) return &each;
    }
    return nullptr;
}

const Method* find(const wire::ClientCodec& codec, Operation operation) noexcept {
    return codec.version() == "0.3" ? find_in(kMethods0_3, operation)
                                    : find_in(kMethods1_0, operation);
}

// -- Requests

Error no_place(const std::string& reason) {
    return Error{ErrorCode::kInvalidParams,
                 "the request does not fit into a gRPC message: " + reason, nullptr};
}

Result<std::string> bytes_of(const pb::Message& message) {
    if (message.ByteSizeLong() > std::numeric_limits<int>::max())
        return fail(no_place("it is larger than 2 GiB"));
    return message.SerializeAsString();
}

/// By way of the JSON that the other bindings send.
Result<std::string> from_json(const std::string& json, const pb::Message& of_type) {
    const std::unique_ptr<pb::Message> message(of_type.New());
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    const auto parsed = pb::util::JsonStringToMessage(json, message.get(), options);
    if (!parsed.ok()) return fail(no_place(std::string(parsed.message())));
    return bytes_of(*message);
}

std::string task_name(const std::string& id) { return "tasks/" + id; }
std::string config_name(const std::string& task_id, const std::string& id) {
    return task_name(task_id) + "/pushNotificationConfigs/" + id;
}

/// The messages of 0.3 that hold nothing but names.
struct WriteNames {
    Result<std::string> operator()(const GetTaskRequest& request) const {
        v0::GetTaskRequest to;
        to.set_name(task_name(request.id));
        to.set_history_length(request.history_length.value_or(0));
        return bytes_of(to);
    }
    Result<std::string> operator()(const CancelTaskRequest& request) const {
        v0::CancelTaskRequest to;
        to.set_name(task_name(request.id));
        return bytes_of(to);
    }
    Result<std::string> operator()(const SubscribeToTaskRequest& request) const {
        v0::TaskSubscriptionRequest to;
        to.set_name(task_name(request.id));
        return bytes_of(to);
    }
    Result<std::string> operator()(const GetTaskPushNotificationConfigRequest& request) const {
        v0::GetTaskPushNotificationConfigRequest to;
        to.set_name(config_name(request.task_id, request.id));
        return bytes_of(to);
    }
    Result<std::string> operator()(const DeleteTaskPushNotificationConfigRequest& request) const {
        v0::DeleteTaskPushNotificationConfigRequest to;
        to.set_name(config_name(request.task_id, request.id));
        return bytes_of(to);
    }
    Result<std::string> operator()(const ListTaskPushNotificationConfigsRequest& request) const {
        v0::ListTaskPushNotificationConfigRequest to;
        to.set_parent(task_name(request.task_id));
        to.set_page_size(request.page_size);
        to.set_page_token(request.page_token);
        return bytes_of(to);
    }
    template <class Other>
    Result<std::string> operator()(const Other&) const {
        return std::string();
    }
};

// -- Answers

Error unreadable(const std::string& reason) {
    return {ErrorCode::kInvalidAgentResponse, "the agent's message can't be read: " + reason,
            nullptr};
}

Result<void> parse(std::string_view bytes, pb::Message& message) {
    if (bytes.size() > std::numeric_limits<int>::max() ||
        !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return fail(unreadable("it is not a " + std::string(message.GetTypeName())));
    return {};
}

Result<std::string> to_json(const pb::Message& message) {
    std::string json;
    const auto written = pb::util::MessageToJsonString(message, &json);
    if (!written.ok()) return fail(unreadable(std::string(written.message())));
    return json;
}

/// By way of the JSON that the other bindings receive.
Result<std::string> to_json(const pb::Message& of_type, std::string_view bytes) {
    const std::unique_ptr<pb::Message> message(of_type.New());
    if (auto parsed = parse(bytes, *message); !parsed) return fail(std::move(parsed.error()));
    return to_json(*message);
}

Error as_agents(Error error) {
    if (error.code == ErrorCode::kInvalidAgentResponse) return error;
    return {ErrorCode::kInvalidAgentResponse, "the agent's message can't be read: " + error.message,
            error.details};
}

Result<Reply> read_card_of_0_3(const wire::ClientCodec& codec, std::string_view bytes) {
    v0::AgentCard message;
    if (auto parsed = parse(bytes, message); !parsed) return fail(std::move(parsed.error()));
    CardSecurity security = take_security(message);
    const auto json = to_json(message);
    if (!json) return fail(json.error());
    auto reply = codec.read_reply(*json, Operation::kGetExtendedAgentCard, false);
    if (!reply) return fail(as_agents(std::move(reply.error())));
    auto& card = std::get<AgentCard>(*reply);
    card.security_schemes = std::move(security.schemes);
    card.security_requirements = std::move(security.requirements);
    for (std::size_t i = 0; i < std::min(card.skills.size(), security.of_skills.size()); ++i)
        card.skills[i].security_requirements = std::move(security.of_skills[i]);
    return reply;
}

}  // namespace

std::string_view method_path(const wire::ClientCodec& codec, Operation operation) noexcept {
    const Method* const found = find(codec, operation);
    return found == nullptr ? std::string_view() : found->path;
}

Result<std::string> write_request(const wire::ClientCodec& codec, Operation operation,
                                  const OperationParams& params) {
    const pb::Message& request = find(codec, operation)->request();
    if (codec.version() == "0.3") {
        // The form of HTTP+JSON in 0.3 is that of the protocol buffers.
        if (std::holds_alternative<SendMessageRequest>(params) ||
            std::holds_alternative<TaskPushNotificationConfig>(params))
            return from_json(codec.http_call(operation, params)->body, request);
        return std::visit(WriteNames{}, params);
    }
    std::string json;
    codec.write_rpc_params(json, operation, params);
    return from_json(json, request);
}

Result<Reply> read_reply(const wire::ClientCodec& codec, Operation operation,
                         std::string_view bytes) {
    if (operation == Operation::kGetExtendedAgentCard && codec.version() == "0.3")
        return read_card_of_0_3(codec, bytes);
    const auto json = to_json(find(codec, operation)->reply(), bytes);
    if (!json) return fail(json.error());
    if (operation == Operation::kDeleteTaskPushNotificationConfig) return Reply(Empty{});
    auto reply = codec.read_reply(*json, operation, false);
    if (!reply) return fail(as_agents(std::move(reply.error())));
    return reply;
}

Result<StreamResponse> read_event(const wire::ClientCodec& codec, std::string_view bytes) {
    const auto json = to_json(find(codec, Operation::kSubscribeToTask)->reply(), bytes);
    if (!json) return fail(json.error());
    auto event = codec.read_event(*json, false);
    if (!event) return fail(as_agents(std::move(event.error())));
    if (event->payload.index() == 0) {
        return fail(ErrorCode::kInvalidAgentResponse,
                    "an event of the stream can't be read: it holds no task, message or update");
    }
    return event;
}

}  // namespace a2akit::rpc
