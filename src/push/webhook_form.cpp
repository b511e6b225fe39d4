#include "push/webhook_form.hpp"

#include "wire/codec.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace a2akit::push {
namespace {

const char* content_type_of(ProtocolVersion version) {
    return version == ProtocolVersion::k0_3 ? "application/json" : "application/a2a+json";
}

std::string body_of(const StreamResponse& payload, ProtocolVersion version) {
    wire::AnswerForm form;
    form.json_rpc = true;  // in 0.3 that is the form of the JSON schema
    form.version = version;
    form.operation = Operation::kSubscribeToTask;
    std::string body;
    wire::codec(version).write_event(body, payload, form);
    return body;
}

constexpr std::size_t kOfEach = 200;  // names, ids, times

struct SizeOfContent {
    std::size_t operator()(std::monostate) const noexcept { return 0; }
    std::size_t operator()(const TextContent& text) const noexcept { return text.text.size(); }
    std::size_t operator()(const RawContent& raw) const noexcept {
        return raw.bytes.size() / 3 * 4;
    }
    std::size_t operator()(const UrlContent& url) const noexcept { return url.url.size(); }
    std::size_t operator()(const DataContent& data) const noexcept {
        return data.value.text().size();
    }
};

template <class M>
std::size_t size_of_content(const M& content) {
    std::size_t sum = kOfEach + content.metadata.text().size();
    for (const Part& part : content.parts) {
        sum += kOfEach + std::visit(SizeOfContent{}, part.content) + part.metadata.text().size() +
               part.filename.size();
    }
    return sum;
}

std::size_t size_of_status(const TaskStatus& status) {
    return kOfEach + (status.message ? size_of_content(**status.message) : 0);
}

struct SizeOfPayload {
    std::size_t operator()(const Task& task) const {
        std::size_t sum = size_of_status(task.status) + task.metadata.text().size();
        for (const auto& message : task.history) sum += size_of_content(*message);
        for (const auto& artifact : task.artifacts) sum += size_of_content(*artifact);
        return sum;
    }
    std::size_t operator()(const Message& message) const { return size_of_content(message); }
    std::size_t operator()(const TaskStatusUpdateEvent& event) const {
        return size_of_status(event.status) + event.metadata.text().size();
    }
    std::size_t operator()(const TaskArtifactUpdateEvent& event) const {
        return size_of_content(*event.artifact) + event.metadata.text().size();
    }
};

}  // namespace

std::size_t size_of(const Notification& notification) {
    return std::visit(
        [](const auto& payload) -> std::size_t {
            if constexpr (std::is_invocable_v<SizeOfPayload, decltype(payload)>)
                return SizeOfPayload{}(payload);
            else
                return kOfEach;
        },
        notification.payload.payload);
}

Notification notification_of(const TaskEvent& event, const TaskId& task,
                             const std::string& context_id) {
    Notification made;
    made.sequence = event.sequence;
    if (const auto* change = std::get_if<StatusChange>(&event.change)) {
        made.payload.payload =
            TaskStatusUpdateEvent{task.to_string(), context_id, change->status, change->metadata};
    } else {
        const auto& chunk = std::get<ArtifactChunk>(event.change);
        made.payload.payload =
            TaskArtifactUpdateEvent{task.to_string(), context_id,       chunk.artifact,
                                    chunk.append,     chunk.last_chunk, chunk.metadata};
    }
    return made;
}

Notification notification_of(const TaskSnapshot& snapshot) {
    Notification made;
    made.sequence = snapshot.last_sequence;
    made.payload.payload = to_task(snapshot);
    return made;
}

std::string webhook_id(const Uuid& key, Sequence sequence) {
    return "msg_" + key.to_string() + "_" + std::to_string(sequence);
}

WebhookRequest webhook_request(const PushConfig& config, const Notification& notification,
                               const SigningKeys& keys, Timestamp now) {
    WebhookRequest request;
    request.url = config.config.url;
    request.body = body_of(notification.payload, config.version);
    auto& headers = request.headers;
    headers.emplace_back("Content-Type", content_type_of(config.version));
    if (const auto& authentication = config.config.authentication) {
        headers.emplace_back("Authorization",
                             authentication->scheme + " " + authentication->credentials);
    }
    const std::string& token = config.config.token;
    const std::string id = webhook_id(config.key, notification.sequence);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::string timestamp = std::to_string(seconds);
    headers.emplace_back("webhook-id", id);
    headers.emplace_back("webhook-timestamp", timestamp);
    std::string signature;
    // A token that is a secret key is not sent: it would tell everybody on the way how to sign.
    if (SigningKeys::is_secret(token)) {
        if (const auto own = SigningKeys::parse(token))
            signature = own->sign(id, timestamp, request.body);
    } else {
        if (!token.empty()) {
            headers.emplace_back("X-A2A-Notification-Token", token);
            headers.emplace_back("A2A-Notification-Token", token);
        }
        signature = keys.sign(id, timestamp, request.body);
    }
    if (!signature.empty()) headers.emplace_back("webhook-signature", std::move(signature));
    return request;
}

}  // namespace a2akit::push
