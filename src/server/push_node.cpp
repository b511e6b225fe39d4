#include "server/push_node.hpp"

#include <utility>

namespace a2akit {
namespace {

push::WebhookClientOptions client_options(const Settings& settings) {
    push::WebhookClientOptions options;
    options.timeout = *settings.push_timeout;
    return options;
}

push::PushSenderOptions sender_options(const Settings& settings, const push::TargetPolicy& policy) {
    push::PushSenderOptions options;
    options.schedule = {*settings.push_max_retries, *settings.push_retry_delay};
    options.timeout = *settings.push_timeout;
    options.max_concurrent = *settings.push_max_concurrent;
    options.max_per_host = *settings.push_max_per_host;
    options.max_bytes = *settings.push_max_bytes;
    if (settings.push_signing_key)
        options.keys = push::SigningKeys::parse(*settings.push_signing_key).value_or_throw();
    options.refuse_url = [&policy](const std::string& url) { return policy.refuse_url(url); };
    return options;
}

}  // namespace

Result<push::TargetPolicy> PushNode::policy(const Settings& settings) {
    push::TargetPolicyOptions options;
    options.allow_http = *settings.push_allow_http;
    options.allow_networks = settings.push_allow_networks.value_or("");
    options.allow_hosts = settings.push_allow_hosts.value_or("");
    options.block_hosts = settings.push_block_hosts.value_or("");
    return push::TargetPolicy::make(options);
}

std::string PushNode::public_keys(const Settings& settings) {
    if (!settings.push_signing_key) return {};
    const auto keys = push::SigningKeys::parse(*settings.push_signing_key);
    return keys && keys->has_public_keys() ? keys->jwks() : std::string();
}

PushNode::PushNode(const Ports& ports, const Settings& settings)
    : policy_(policy(settings).value_or_throw()),
      client_(policy_, client_options(settings)),
      sender_(
          {.storage = ports.storage,
           .store = ports.push_store,
           .bus = ports.event_bus,
           .post =
               [this](push::WebhookRequest request) { return client_.post(std::move(request)); }},
          sender_options(settings, policy_)) {
    PushConfigsOptions options;
    options.refuse_url = [this](const std::string& url) { return policy_.refuse_url(url); };
    options.on_configured = [this](TaskId task) { sender_.wake(task); };
    options.task_first = *settings.push_task_first;
    configs_ = std::make_shared<PushConfigs>(ports.push_store, std::move(options));
}

}  // namespace a2akit
