#include "server/server_parts.hpp"

#include "backends/common/sealed_ports.hpp"
#include "core/log.hpp"
#include "core/machine_memory.hpp"
#include "server/secret_file.hpp"

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

wire::Versions versions_of(const Settings& settings) {
    return {.v1_0 = settings.versions->find("1.0") != std::string::npos,
            .v0_3 = settings.versions->find("0.3") != std::string::npos,
            .strict = *settings.strict_version,
            .chat = *settings.as_openai};
}

}  // namespace

CardForms card_forms(const Settings& settings) {
    CardForms forms{.versions = versions_of(settings), .at_root = *settings.card_at_root};
    if (*settings.card_without_version == "1.0") forms.without_version = CardForms::Form::k1_0;
    if (*settings.card_without_version == "0.3") forms.without_version = CardForms::Form::k0_3;
    return forms;
}

http::Options http_options(const Settings& settings) {
    http::Options options;
    options.versions = versions_of(settings);
    options.base_path = *settings.base_path;
    options.max_body_bytes = *settings.max_body_bytes;
    options.max_header_bytes = *settings.max_header_bytes;
    const std::size_t share =
        std::max<std::size_t>(machine_memory_bytes() / 8, 3 * options.max_body_bytes);
    options.limits.request_bytes =
        *settings.max_request_bytes != 0 ? *settings.max_request_bytes : share;
    options.limits.response_bytes =
        *settings.max_response_bytes != 0 ? *settings.max_response_bytes : share;
    options.max_batch_bytes = *settings.max_batch_bytes;
    options.limits.connections = *settings.max_connections;
    options.limits.streams = *settings.max_streams;
    options.limits.pending_requests = *settings.max_pending_requests;
    options.limits.waiting_sends = *settings.max_waiting_sends;
    options.header_timeout = *settings.header_timeout;
    options.body_timeout = *settings.body_timeout;
    options.idle_timeout = *settings.idle_timeout;
    options.write_timeout = *settings.write_timeout;
    options.heartbeat = *settings.heartbeat;
    return options;
}

Result<void> check_context(const std::vector<AgentOptions>& agents, const Ports& given,
                           const Settings& settings) {
    const bool required = std::any_of(agents.begin(), agents.end(), [](const AgentOptions& agent) {
        return agent.worker->requires_context();
    });
    if (!required || settings.context_key || given.broker) return {};
    const std::string scheme = settings.broker->substr(0, settings.broker->find(':'));
    if (scheme == "memory" || scheme == "sqlite") return {};
    return fail(Error::invalid_field(
        "A2AKIT_CONTEXT_KEY",
        "is missing: a worker needs the context of its requests, and the broker " + scheme +
            ": hands its turns to other nodes too"));
}

Result<void> check_push(const CardConfig& card, const Settings& settings, const Ports& ports) {
    if (!card.push_notifications) return {};
    if (!ports.push_store) {
        return fail(Error::invalid_field(
            "card.push_notifications",
            "is true, but the storage keeps no push notification configurations; give "
            "ports.push_store, or leave it false"));
    }
    const Result<push::TargetPolicy> policy = PushNode::policy(settings);
    if (!policy) return fail(policy.error());
    return {};
}

std::unique_ptr<PushNode> make_push_node(const std::vector<AgentOptions>& agents,
                                         const Settings& settings, const Ports& ports) {
    const bool wanted = std::ranges::any_of(
        agents, [](const AgentOptions& agent) { return agent.card.push_notifications; });
    return wanted ? std::make_unique<PushNode>(ports, settings) : nullptr;
}

std::function<AsyncResult<void>()> seal(Ports& ports, bool in_memory, const Settings& settings) {
    if (in_memory) {
        if (settings.data_keys) log::warn("settings A2AKIT_DATA_KEYS encrypts nothing in memory:");
        return nullptr;
    }
    const std::shared_ptr<ContextStore> contexts = ports.context_store;
    std::shared_ptr<const backends::DataKeys> keys;
    if (settings.data_keys) {
        keys = std::make_shared<const backends::DataKeys>(
            backends::DataKeys::parse(*settings.data_keys).value_or_throw());
        ports = backends::sealed_ports(std::move(ports), *keys);
    }
    if (!contexts) return nullptr;
    return [contexts, keys] { return backends::check_data_keys(contexts, keys); };
}

void wipe_secrets(Settings& settings) noexcept {
    for (auto* secret : {&settings.context_key, &settings.admin_token, &settings.push_signing_key,
                         &settings.data_keys, &settings.introspection_client_secret})
        wipe(*secret);
}

}  // namespace a2akit
