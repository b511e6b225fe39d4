#include "server/audit_middleware.hpp"

#include <utility>
#include <variant>

namespace a2akit {
namespace {

constexpr std::size_t kLongestId = 256;
constexpr auto kRetryAfter = std::chrono::seconds(5);

bool changes(Operation operation) noexcept {
    switch (operation) {
        case Operation::kSendMessage:
        case Operation::kSendStreamingMessage:
        case Operation::kCancelTask:
        case Operation::kCreateTaskPushNotificationConfig:
        case Operation::kDeleteTaskPushNotificationConfig:
            return true;
        default:
            return false;
    }
}

const char* name_of(ProtocolVersion version) noexcept {
    switch (version) {
        case ProtocolVersion::k0_3:
            return "0.3";
        case ProtocolVersion::kChat:
            return "chat";
        case ProtocolVersion::k1_0:
            break;
    }
    return "1.0";
}

/// What a client has written, which may be of any length where it was refused.
std::string shortened(const std::string& text) {
    if (text.size() <= kLongestId) return text;
    std::size_t end = kLongestId;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return text.substr(0, end) + "...";
}

/// The ids in the parameters of a call.
struct Asked {
    AuditRecord& record;

    void operator()(const SendMessageRequest& request) const {
        record.task = shortened(request.message.task_id);
        record.context = shortened(request.message.context_id);
        record.message = shortened(request.message.message_id);
    }
    void operator()(const GetTaskRequest& request) const { record.task = shortened(request.id); }
    void operator()(const CancelTaskRequest& request) const { record.task = shortened(request.id); }
    void operator()(const SubscribeToTaskRequest& request) const {
        record.task = shortened(request.id);
    }
    void operator()(const TaskPushNotificationConfig& config) const {
        record.task = shortened(config.task_id);
        record.push_config = shortened(config.id);
    }
    void operator()(const GetTaskPushNotificationConfigRequest& request) const {
        record.task = shortened(request.task_id);
        record.push_config = shortened(request.id);
    }
    void operator()(const DeleteTaskPushNotificationConfigRequest& request) const {
        record.task = shortened(request.task_id);
        record.push_config = shortened(request.id);
    }
    void operator()(const ListTaskPushNotificationConfigsRequest& request) const {
        record.task = shortened(request.task_id);
    }
    void operator()(const ListTasksRequest& request) const {
        record.context = shortened(request.context_id);
    }
    void operator()(const GetExtendedAgentCardRequest&) const {}
};

/// The ids that the agent gave.
void add_reply(AuditRecord& record, const Reply& reply) {
    if (const auto* sent = std::get_if<SendMessageResponse>(&reply)) {
        if (const auto* task = std::get_if<Task>(&sent->payload)) {
            record.task = task->id;
            record.context = task->context_id;
        } else if (const auto* message = std::get_if<Message>(&sent->payload)) {
            record.task = message->task_id;
            record.context = message->context_id;
        }
    } else if (const auto* task = std::get_if<Task>(&reply)) {
        record.context = task->context_id;
    } else if (const auto* config = std::get_if<TaskPushNotificationConfig>(&reply)) {
        record.push_config = config->id;
    }
}

}  // namespace

AuditRecord audit_record(const std::string& agent, const RequestEnvelope& envelope,
                         const Result<Reply>& reply) {
    AuditRecord record;
    record.agent = agent;
    record.principal = shortened(envelope.principal.name);
    record.tenant = shortened(envelope.tenant);
    record.operation = to_string(envelope.operation);
    record.version = name_of(envelope.version);
    record.remote = envelope.context.remote_address;
    record.request_id = envelope.context.request_id;
    std::visit(Asked{record}, envelope.params);
    if (reply) add_reply(record, *reply);
    record.outcome = reply ? "OK" : to_string(reply.error().code);
    return record;
}

AuditMiddleware::AuditMiddleware(std::shared_ptr<AuditLog> log, std::string agent, AuditRules rules)
    : log_(std::move(log)), agent_(std::move(agent)), rules_(rules) {}

Result<void> AuditMiddleware::check() const {
    if (!rules_.required || log_->is_writable()) return {};
    return fail(Error::unavailable("the calls of this agent cannot be recorded at the moment",
                                   kRetryAfter));
}

AsyncResult<void> AuditMiddleware::before_body(RequestContext&) { return check(); }
AsyncResult<void> AuditMiddleware::before_dispatch(RequestEnvelope&) { return check(); }

AsyncResult<void> AuditMiddleware::settled() {
    co_await log_->settle();
    co_return Result<void>{};
}

AsyncResult<void> AuditMiddleware::after_dispatch(const RequestEnvelope& envelope,
                                                  const Result<Reply>& reply) {
    if (!rules_.reads && !changes(envelope.operation)) return Result<void>{};
    if (!reply && envelope.principal.is_anonymous()) {
        const ErrorCode code = reply.error().code;
        if (code == ErrorCode::kUnauthenticated || code == ErrorCode::kResourceExhausted ||
            code == ErrorCode::kUnavailable)
            return Result<void>{};
    }
    if (!log_->append(audit_record(agent_, envelope, reply))) return Result<void>{};
    return settled();
}

}  // namespace a2akit
