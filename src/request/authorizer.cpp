#include <a2akit/request/authorizer.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace a2akit {
namespace {

bool has_scope(const Principal& principal, std::string_view scope) {
    return std::ranges::find(principal.scopes, scope) != principal.scopes.end();
}

Error lacks(const Principal& principal, const std::string& scope) {
    const bool known = !principal.is_anonymous();
    Error::Details details;
    // A name that cannot stand in a quoted string would break the header.
    if (scope.find_first_of("\"\\\r\n") == std::string::npos) {
        details.challenge = "Bearer realm=\"a2a\", scope=\"" + scope + "\"";
        if (known) details.challenge += ", error=\"insufficient_scope\"";
    }
    return Error{known ? ErrorCode::kPermissionDenied : ErrorCode::kUnauthenticated,
                 "this call needs the scope " + scope, nullptr}
        .with(std::move(details));
}

bool brings_push(const RequestEnvelope& envelope) {
    const auto* send = std::get_if<SendMessageRequest>(&envelope.params);
    return send != nullptr && send->configuration &&
           send->configuration->task_push_notification_config.has_value();
}

/// The scopes of the policy that an operation needs; some may be empty.
std::vector<const std::string*> needed_for(const RequestEnvelope& envelope,
                                           const ScopePolicy& policy) {
    switch (envelope.operation) {
        case Operation::kSendMessage:
        case Operation::kSendStreamingMessage:
            if (brings_push(envelope)) return {&policy.write, &policy.push};
            return {&policy.write};
        case Operation::kCancelTask:
            return {&policy.write};
        case Operation::kCreateTaskPushNotificationConfig:
        case Operation::kDeleteTaskPushNotificationConfig:
            return {&policy.write, &policy.push};
        case Operation::kGetTask:
        case Operation::kListTasks:
        case Operation::kSubscribeToTask:
        case Operation::kGetTaskPushNotificationConfig:
        case Operation::kListTaskPushNotificationConfigs:
            return {&policy.read};
        case Operation::kGetExtendedAgentCard:
            return {&policy.card};
    }
    return {&policy.write};
}

}  // namespace

Result<OwnerScope> OwnerAuthorizer::authorize(const RequestEnvelope& envelope) {
    return OwnerScope{envelope.principal.name, envelope.tenant, false};
}

ScopeAuthorizer::ScopeAuthorizer(ScopePolicy policy, std::shared_ptr<Authorizer> next)
    : policy_(std::move(policy)),
      next_(next ? std::move(next) : std::make_shared<OwnerAuthorizer>()) {}

Result<OwnerScope> ScopeAuthorizer::authorize(const RequestEnvelope& envelope) {
    const Principal& principal = envelope.principal;
    for (const std::string* scope : needed_for(envelope, policy_)) {
        if (!scope->empty() && !has_scope(principal, *scope)) return fail(lacks(principal, *scope));
    }
    const bool of_tenant = !policy_.tenant_prefix.empty() && !envelope.tenant.empty();
    if (of_tenant && !has_scope(principal, policy_.tenant_prefix + "*")) {
        const std::string needed = policy_.tenant_prefix + envelope.tenant;
        if (!has_scope(principal, needed)) return fail(lacks(principal, needed));
    }
    Result<OwnerScope> scope = next_->authorize(envelope);
    if (scope && of_tenant && policy_.tenant_shares_tasks) scope->owner.clear();
    return scope;
}

}  // namespace a2akit
