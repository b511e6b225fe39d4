#include "runtime/tasks/request_validation.hpp"

#include "runtime/tasks/media_range.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

constexpr std::int32_t kMaxPageSize = 100;
/// Each one is looked up before the message is accepted.
constexpr std::size_t kMaxReferences = 32;

std::optional<Error> refuse_negative(const char* field, const std::optional<std::int32_t>& value) {
    if (!value || *value >= 0) return std::nullopt;
    return Error::invalid_field(field, fmt::format("is {}; it must be 0 or more", *value));
}

std::optional<Error> refuse_long(const char* field, const std::string& value) {
    if (value.size() <= kMaxIdBytes) return std::nullopt;
    return Error::invalid_field(field, fmt::format("is longer than {} bytes", kMaxIdBytes));
}

std::optional<Error> refuse_list(const ListTasksRequest& request) {
    if (request.page_size && (*request.page_size < 1 || *request.page_size > kMaxPageSize)) {
        return Error::invalid_field("pageSize", fmt::format("is {}; it must be from 1 to {}",
                                                            *request.page_size, kMaxPageSize));
    }
    return refuse_negative("historyLength", request.history_length);
}

/// The default media type of a part without one; empty if unknown, which is accepted.
std::string_view media_type_of(const Part& part) {
    if (!part.media_type.empty()) return part.media_type;
    if (part.text() != nullptr) return "text/plain";
    if (part.data() != nullptr) return "application/json";
    return {};
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
    return std::ranges::find(list, value) != list.end();
}

}  // namespace

RequestRules::RequestRules(const AgentCard& card)
    : streaming_(card.capabilities.streaming.value_or(false)),
      push_(card.capabilities.push_notifications.value_or(false)),
      extended_card_(card.capabilities.extended_agent_card.value_or(false)),
      input_modes_(card.default_input_modes) {
    // A skill may accept more types than the agent's defaults, and a message does not say which
    // skill it is for.
    for (const AgentSkill& skill : card.skills) {
        for (const std::string& mode : skill.input_modes) {
            if (!contains(input_modes_, mode)) input_modes_.push_back(mode);
        }
    }
    for (const AgentExtension& extension : card.capabilities.extensions) {
        extensions_.push_back(extension.uri);
        if (extension.required) required_extensions_.push_back(extension.uri);
    }
}

std::optional<Error> RequestRules::refuse(const RequestEnvelope& envelope) const {
    if (auto error = refuse_capability(envelope.operation)) return error;
    if (auto error = refuse_long("tenant", envelope.tenant)) return error;
    if (const auto* send = std::get_if<SendMessageRequest>(&envelope.params)) {
        if (auto error = refuse_long("Idempotency-Key", envelope.idempotency_key)) return error;
        return refuse_send(*send);
    }
    if (const auto* get = std::get_if<GetTaskRequest>(&envelope.params)) {
        return refuse_negative("historyLength", get->history_length);
    }
    if (const auto* list = std::get_if<ListTasksRequest>(&envelope.params))
        return refuse_list(*list);
    return std::nullopt;
}

std::optional<Error> RequestRules::refuse_capability(Operation operation) const {
    switch (operation) {
        case Operation::kSendStreamingMessage:
        case Operation::kSubscribeToTask:
            if (streaming_) return std::nullopt;
            return Error{ErrorCode::kUnsupportedOperation,
                         "this agent does not stream; its card says so", nullptr};
        case Operation::kCreateTaskPushNotificationConfig:
        case Operation::kGetTaskPushNotificationConfig:
        case Operation::kListTaskPushNotificationConfigs:
        case Operation::kDeleteTaskPushNotificationConfig:
            if (push_) return std::nullopt;
            return Error{ErrorCode::kPushNotificationNotSupported,
                         "this agent sends no push notifications", nullptr};
        case Operation::kGetExtendedAgentCard:
            if (extended_card_) {
                return Error{ErrorCode::kExtendedAgentCardNotConfigured,
                             "this agent has no extended card, though its card announces one",
                             nullptr};
            }
            return Error{ErrorCode::kUnsupportedOperation, "this agent has no extended card",
                         nullptr};
        default:
            return std::nullopt;
    }
}

std::optional<Error> RequestRules::refuse_send(const SendMessageRequest& request) const {
    const Message& message = request.message;
    if (message.role != Role::kUser) {
        return Error::invalid_field("message.role",
                                    "must be ROLE_USER: the agent does not send to itself");
    }
    if (message.message_id.empty())
        return Error::invalid_field("message.messageId", "must not be empty");
    if (message.parts.empty())
        return Error::invalid_field("message.parts", "must hold at least one part");
    if (auto error = refuse_long("message.messageId", message.message_id)) return error;
    if (auto error = refuse_long("message.contextId", message.context_id)) return error;
    if (message.reference_task_ids.size() > kMaxReferences) {
        return Error::invalid_field("message.referenceTaskIds",
                                    fmt::format("names {} tasks; at most {} are allowed",
                                                message.reference_task_ids.size(), kMaxReferences));
    }
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
        if (auto error = refuse_part(message.parts[i], i)) return error;
    }
    if (!request.configuration) return std::nullopt;
    if (request.configuration->task_push_notification_config && !push_) {
        return Error{
            ErrorCode::kPushNotificationNotSupported,
            "configuration.taskPushNotificationConfig: this agent sends no push notifications",
            nullptr};
    }
    return refuse_negative("configuration.historyLength", request.configuration->history_length);
}

std::optional<Error> RequestRules::refuse_part(const Part& part, std::size_t index) const {
    if (std::holds_alternative<std::monostate>(part.content)) {
        return Error::invalid_field(fmt::format("message.parts[{}]", index),
                                    "needs exactly one of text, raw, url and data");
    }
    const std::string_view type = media_type_of(part);
    if (type.empty() || input_modes_.empty()) return std::nullopt;
    for (const std::string& mode : input_modes_) {
        if (media_range_covers(mode, type)) return std::nullopt;
    }
    Error::Details details;
    details.violations.push_back(
        {fmt::format("message.parts[{}].mediaType", index),
         fmt::format("this agent takes {} only", fmt::join(input_modes_, ", "))});
    std::string text = details.violations[0].field + ": " + details.violations[0].description;
    return Error{ErrorCode::kContentTypeNotSupported, std::move(text), nullptr}.with(
        std::move(details));
}

Result<std::vector<std::string>> RequestRules::activate(
    const std::vector<std::string>& requested) const {
    for (const std::string& uri : required_extensions_) {
        if (contains(requested, uri)) continue;
        return fail(ErrorCode::kExtensionSupportRequired,
                    "this agent needs the extension " + uri + "; name it in A2A-Extensions");
    }
    std::vector<std::string> active;
    for (const std::string& uri : requested) {
        if (contains(extensions_, uri) && !contains(active, uri)) active.push_back(uri);
    }
    return active;
}

}  // namespace a2akit
