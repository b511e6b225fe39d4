#include "wire/v0_3/client_codec.hpp"

#include "json/codec_impl.hpp"
#include "wire/query_writer.hpp"
#include "wire/v0_3/card.hpp"
#include "wire/v0_3/codec.hpp"
#include "wire/v0_3/value_codecs.hpp"

#include <utility>

namespace a2akit::wire::v0_3 {
namespace {

using json::Cursor;
using HttpCall = ClientCodec::HttpCall;

std::string task_path(std::string_view id) { return "/v1/tasks/" + percent_encode(id); }
std::string configs_path(std::string_view task_id) {
    return task_path(task_id) + "/pushNotificationConfigs";
}

/// The text of each field of an object that a reply is told apart by.
struct Fields {
    std::string kind;
    std::string_view task, message, status_update, artifact_update, configs;
    bool has_artifact = false, has_parts = false, has_task_id = false;
};

Result<Fields> read_fields(std::string_view text) {
    Fields fields;
    Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    (void)(cursor.kind() != json::Kind::kObject
               ? cursor.mismatch("an object")
               : cursor.object([&](std::string_view key) {
                     fields.has_artifact |= key == "artifact";
                     fields.has_parts |= key == "parts";
                     fields.has_task_id |= key == "taskId";
                     if (key == "kind" && cursor.kind() == json::Kind::kString)
                         return cursor.string(fields.kind);
                     if (key == "task") return cursor.raw(fields.task);
                     if (key == "message" || key == "msg") return cursor.raw(fields.message);
                     if (key == "statusUpdate") return cursor.raw(fields.status_update);
                     if (key == "artifactUpdate") return cursor.raw(fields.artifact_update);
                     if (key == "configs") return cursor.raw(fields.configs);
                     return cursor.skip();
                 }));
    if (auto end = cursor.finish(); !end) return fail(std::move(end.error()));
    return fields;
}

template <Form F, class M>
Result<M> read_in(std::string_view text) {
    Result<M> message(tl::in_place);
    Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    json::read_as<In<F, M>>(cursor, *message);
    if (auto end = cursor.finish(); !end) message = fail(std::move(end.error()));
    return message;
}

template <Form F, class M, class Payload>
Result<Payload> read_payload(std::string_view text) {
    Result<M> message = read_in<F, M>(text);
    if (!message) return fail(std::move(message.error()));
    return Payload{std::move(*message)};
}

/// Some servers leave "kind" out.
std::string_view kind_of(const Fields& fields) noexcept {
    if (!fields.kind.empty()) return fields.kind;
    if (fields.has_parts) return "message";
    if (fields.has_artifact) return "artifact-update";
    return fields.has_task_id ? "status-update" : "task";
}

Result<StreamResponse> read_event_in_schema(std::string_view text) {
    auto fields = read_fields(text);
    if (!fields) return fail(std::move(fields.error()));
    const std::string_view kind = kind_of(*fields);
    constexpr Form kForm = Form::kSchema;
    if (kind == "task") return read_payload<kForm, Task, StreamResponse>(text);
    if (kind == "message") return read_payload<kForm, Message, StreamResponse>(text);
    if (kind == "status-update")
        return read_payload<kForm, TaskStatusUpdateEvent, StreamResponse>(text);
    if (kind == "artifact-update")
        return read_payload<kForm, TaskArtifactUpdateEvent, StreamResponse>(text);
    return StreamResponse{};
}

Result<StreamResponse> read_event_in_proto(std::string_view text) {
    auto fields = read_fields(text);
    if (!fields) return fail(std::move(fields.error()));
    constexpr Form kForm = Form::kProto;
    if (!fields->task.empty()) return read_payload<kForm, Task, StreamResponse>(fields->task);
    if (!fields->message.empty())
        return read_payload<kForm, Message, StreamResponse>(fields->message);
    if (!fields->status_update.empty())
        return read_payload<kForm, TaskStatusUpdateEvent, StreamResponse>(fields->status_update);
    if (!fields->artifact_update.empty())
        return read_payload<kForm, TaskArtifactUpdateEvent, StreamResponse>(
            fields->artifact_update);
    return StreamResponse{};
}

Result<Reply> read_send(std::string_view text, bool json_rpc) {
    auto event = json_rpc ? read_event_in_schema(text) : read_event_in_proto(text);
    if (!event) return fail(std::move(event.error()));
    SendMessageResponse response;
    if (auto* task = std::get_if<Task>(&event->payload)) response.payload = std::move(*task);
    if (auto* message = std::get_if<Message>(&event->payload))
        response.payload = std::move(*message);
    return Reply(std::move(response));
}

Result<TaskPushNotificationConfig> read_config(std::string_view text, bool json_rpc) {
    Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    TaskPushNotificationConfig config;
    if (json_rpc) {
        TaskConfig read;
        json::read_as<TaskConfig>(cursor, read);
        config = std::move(read.config);
        config.task_id = std::move(read.task_id);
    } else {
        NamedConfig read;
        json::read_as<NamedConfig>(cursor, read);
        if (read.config) config = std::move(*read.config);
        config.task_id = task_of_name(read.name);
        if (config.id.empty()) config.id = read.name.substr(read.name.rfind('/') + 1);
    }
    if (auto end = cursor.finish(); !end) return fail(std::move(end.error()));
    return config;
}

Result<Reply> read_configs(std::string_view text, bool json_rpc) {
    ListTaskPushNotificationConfigsResponse list;
    if (!json_rpc) {
        auto fields = read_fields(text);
        if (!fields) return fail(std::move(fields.error()));
        if (fields->configs.empty()) return Reply(std::move(list));
        text = fields->configs;
    }
    Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    // Go's SDK writes null for an empty list.
    if (cursor.kind() == json::Kind::kNull) return Reply(std::move(list));
    std::optional<Error> unreadable;
    (void)cursor.array([&] {
        std::string_view each;
        if (!cursor.raw(each)) return false;
        auto config = read_config(each, json_rpc);
        if (config)
            list.configs.push_back(std::move(*config));
        else
            unreadable = std::move(config.error());
        return true;
    });
    if (unreadable) return fail(std::move(*unreadable));
    if (auto end = cursor.finish(); !end) return fail(std::move(end.error()));
    return Reply(std::move(list));
}

/// {"taskId":…,"pushNotificationConfig":…}
void write_task_config(json::Writer& writer, const TaskPushNotificationConfig& config) {
    writer.begin_object();
    writer.key("taskId");
    writer.string(config.task_id);
    writer.key("pushNotificationConfig");
    json::write_as<In<Form::kSchema, PushConfig>>(writer, config);
    writer.end_object();
}

/// The body of 0.3's CreateTaskPushNotificationConfig, as the SDKs post it.
std::string create_config_body(const TaskPushNotificationConfig& config) {
    std::string body;
    json::Writer writer(body);
    const std::string parent = "tasks/" + config.task_id;
    writer.begin_object();
    writer.key("parent");
    writer.string(parent);
    writer.key("configId");
    writer.string(config.id);
    writer.key("config");
    writer.begin_object();
    writer.key("name");
    writer.string(parent + "/pushNotificationConfigs/" + config.id);
    writer.key("pushNotificationConfig");
    json::write_as<In<Form::kProto, PushConfig>>(writer, config);
    writer.end_object();
    writer.end_object();
    return body;
}

std::string name_body(const std::string& task_id) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("name");
    writer.string("tasks/" + task_id);
    writer.end_object();
    return body;
}

struct HttpCalls {
    Operation operation;
    using Call = std::optional<HttpCall>;

    Call operator()(const SendMessageRequest& request) const {
        const bool stream = operation == Operation::kSendStreamingMessage;
        std::string body;
        json::Writer writer(body);
        writer.begin_object();
        writer.key("message");
        json::write_as<In<Form::kProto, Message>>(writer, request.message);
        // Without a configuration a send does not block in this form.
        writer.key("configuration");
        json::ValueCodec<In<Form::kProto, SendMessageConfiguration>>::write(
            writer, request.configuration.value_or(SendMessageConfiguration{}));
        if (!request.metadata.empty()) {
            writer.key("metadata");
            writer.raw(request.metadata.text());
        }
        writer.end_object();
        return HttpCall{"POST", stream ? "/v1/message:stream" : "/v1/message:send", body};
    }
    Call operator()(const GetTaskRequest& request) const {
        QueryWriter query;
        query.add("historyLength", request.history_length);
        return HttpCall{"GET", task_path(request.id) + query.text(), {}};
    }
    Call operator()(const ListTasksRequest&) const { return std::nullopt; }
    Call operator()(const CancelTaskRequest& request) const {
        return HttpCall{"POST", task_path(request.id) + ":cancel", name_body(request.id)};
    }
    Call operator()(const SubscribeToTaskRequest& request) const {
        return HttpCall{"GET", task_path(request.id) + ":subscribe", {}};
    }
    Call operator()(const TaskPushNotificationConfig& config) const {
        return HttpCall{"POST", configs_path(config.task_id), create_config_body(config)};
    }
    Call operator()(const GetTaskPushNotificationConfigRequest& request) const {
        return HttpCall{
            "GET", configs_path(request.task_id) + "/" + percent_encode(request.id), {}};
    }
    Call operator()(const ListTaskPushNotificationConfigsRequest& request) const {
        return HttpCall{"GET", configs_path(request.task_id), {}};
    }
    Call operator()(const DeleteTaskPushNotificationConfigRequest& request) const {
        return HttpCall{
            "DELETE", configs_path(request.task_id) + "/" + percent_encode(request.id), {}};
    }
    Call operator()(const GetExtendedAgentCardRequest&) const {
        return HttpCall{"GET", "/v1/card", {}};
    }
};

class Codec final : public ClientCodec {
public:
    [[nodiscard]] std::string_view version() const noexcept override { return "0.3"; }
    [[nodiscard]] std::string_view extensions_header() const noexcept override {
        return "X-A2A-Extensions";
    }
    [[nodiscard]] std::string_view content_type() const noexcept override {
        return "application/json";
    }
    [[nodiscard]] std::string_view rpc_method(Operation operation) const noexcept override {
        return name_of(operation);
    }
    void write_rpc_params(std::string& out, Operation,
                          const OperationParams& params) const override {
        json::Writer writer(out);
        std::visit(
            [&]<class P>(const P& p) {
                if constexpr (std::is_same_v<P, TaskPushNotificationConfig>)
                    write_task_config(writer, p);
                else if constexpr (json::Described<In<Form::kSchema, P>>)
                    json::write_as<In<Form::kSchema, P>>(writer, p);
                else
                    writer.raw("{}");
            },
            params);
    }
    [[nodiscard]] std::optional<HttpCall> http_call(Operation operation,
                                                    const OperationParams& params) const override {
        return std::visit(HttpCalls{operation}, params);
    }

    [[nodiscard]] Result<Reply> read_reply(std::string_view json, Operation operation,
                                           bool json_rpc) const override {
        const auto as_reply = [](auto&& read) -> Result<Reply> {
            if (!read) return fail(std::move(read.error()));
            return Reply(std::move(*read));
        };
        switch (operation) {
            case Operation::kSendMessage:
                return read_send(json, json_rpc);
            case Operation::kCreateTaskPushNotificationConfig:
            case Operation::kGetTaskPushNotificationConfig:
                return as_reply(read_config(json, json_rpc));
            case Operation::kListTaskPushNotificationConfigs:
                return read_configs(json, json_rpc);
            case Operation::kDeleteTaskPushNotificationConfig:
                return Reply(Empty{});
            case Operation::kGetExtendedAgentCard:
                return as_reply(wire::read_card(json));
            default:
                return as_reply(json_rpc ? read_in<Form::kSchema, Task>(json)
                                         : read_in<Form::kProto, Task>(json));
        }
    }
    [[nodiscard]] Result<StreamResponse> read_event(std::string_view json,
                                                    bool json_rpc) const override {
        return json_rpc ? read_event_in_schema(json) : read_event_in_proto(json);
    }
};

}  // namespace

const ClientCodec& client_codec() noexcept {
    static constexpr Codec kCodec;
    return kCodec;
}

}  // namespace a2akit::wire::v0_3
