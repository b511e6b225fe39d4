#include "wire/v1_0/client_codec.hpp"

#include "json/codec.hpp"
#include "wire/query_writer.hpp"

namespace a2akit::wire::v1_0 {
namespace {

template <class M>
Result<Reply> read_as_reply(std::string_view json) {
    Result<M> message = json::decode<M>(json, json::Mode::kLenient, json::kReadBack);
    if (!message) return fail(std::move(message.error()));
    return Reply(std::move(*message));
}

std::string task_path(std::string_view id) { return "/tasks/" + percent_encode(id); }
std::string configs_path(std::string_view task_id) {
    return task_path(task_id) + "/pushNotificationConfigs";
}

using HttpCall = ClientCodec::HttpCall;

/// Specification 1.0, section 11.3.
struct HttpCalls {
    Operation operation;

    HttpCall operator()(const SendMessageRequest& request) const {
        const bool stream = operation == Operation::kSendStreamingMessage;
        return {"POST", stream ? "/message:stream" : "/message:send", json::encode(request)};
    }
    HttpCall operator()(const GetTaskRequest& request) const {
        QueryWriter query;
        query.add("historyLength", request.history_length);
        return {"GET", task_path(request.id) + query.text(), {}};
    }
    HttpCall operator()(const ListTasksRequest& request) const {
        QueryWriter query;
        query.add("contextId", request.context_id);
        if (request.status != TaskState::kUnspecified)
            query.add("status", to_string(request.status));
        query.add("pageSize", request.page_size);
        query.add("pageToken", request.page_token);
        query.add("historyLength", request.history_length);
        if (request.status_timestamp_after)
            query.add("statusTimestampAfter", to_string(*request.status_timestamp_after));
        if (request.include_artifacts)
            query.add("includeArtifacts", *request.include_artifacts ? "true" : "false");
        return {"GET", "/tasks" + query.text(), {}};
    }
    HttpCall operator()(const CancelTaskRequest& request) const {
        return {"POST", task_path(request.id) + ":cancel", json::encode(request)};
    }
    HttpCall operator()(const SubscribeToTaskRequest& request) const {
        return {"POST", task_path(request.id) + ":subscribe", json::encode(request)};
    }
    HttpCall operator()(const TaskPushNotificationConfig& config) const {
        return {"POST", configs_path(config.task_id), json::encode(config)};
    }
    HttpCall operator()(const GetTaskPushNotificationConfigRequest& request) const {
        return {"GET", configs_path(request.task_id) + "/" + percent_encode(request.id), {}};
    }
    HttpCall operator()(const ListTaskPushNotificationConfigsRequest& request) const {
        QueryWriter query;
        if (request.page_size != 0) query.add("pageSize", std::to_string(request.page_size));
        query.add("pageToken", request.page_token);
        return {"GET", configs_path(request.task_id) + query.text(), {}};
    }
    HttpCall operator()(const DeleteTaskPushNotificationConfigRequest& request) const {
        return {"DELETE", configs_path(request.task_id) + "/" + percent_encode(request.id), {}};
    }
    HttpCall operator()(const GetExtendedAgentCardRequest&) const {
        return {"GET", "/extendedAgentCard", {}};
    }
};

class Codec final : public ClientCodec {
public:
    [[nodiscard]] std::string_view version() const noexcept override { return "1.0"; }
    [[nodiscard]] std::string_view extensions_header() const noexcept override {
        return "A2A-Extensions";
    }
    [[nodiscard]] std::string_view content_type() const noexcept override {
        return "application/a2a+json";
    }
    [[nodiscard]] std::string_view rpc_method(Operation operation) const noexcept override {
        return to_string(operation);
    }
    void write_rpc_params(std::string& out, Operation,
                          const OperationParams& params) const override {
        std::visit([&](const auto& p) { json::encode(p, out); }, params);
    }
    [[nodiscard]] std::optional<HttpCall> http_call(Operation operation,
                                                    const OperationParams& params) const override {
        return std::visit(HttpCalls{operation}, params);
    }

    [[nodiscard]] Result<Reply> read_reply(std::string_view json, Operation operation,
                                           bool) const override {
        switch (operation) {
            case Operation::kSendMessage:
                return read_as_reply<SendMessageResponse>(json);
            case Operation::kListTasks:
                return read_as_reply<ListTasksResponse>(json);
            case Operation::kCreateTaskPushNotificationConfig:
            case Operation::kGetTaskPushNotificationConfig:
                return read_as_reply<TaskPushNotificationConfig>(json);
            case Operation::kListTaskPushNotificationConfigs:
                return read_as_reply<ListTaskPushNotificationConfigsResponse>(json);
            case Operation::kDeleteTaskPushNotificationConfig:
                return Reply(Empty{});
            case Operation::kGetExtendedAgentCard:
                return read_as_reply<AgentCard>(json);
            default:
                return read_as_reply<Task>(json);
        }
    }
    [[nodiscard]] Result<StreamResponse> read_event(std::string_view json, bool) const override {
        return json::decode<StreamResponse>(json, json::Mode::kLenient, json::kReadBack);
    }
};

}  // namespace

const ClientCodec& client_codec() noexcept {
    static constexpr Codec kCodec;
    return kCodec;
}

}  // namespace a2akit::wire::v1_0
