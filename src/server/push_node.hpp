#pragma once

#include "push/push_sender.hpp"
#include "push/target_policy.hpp"
#include "push/webhook_client.hpp"
#include "runtime/tasks/push_configs.hpp"

#include <a2akit/ports.hpp>
#include <a2akit/server/settings.hpp>

#include <memory>
#include <string>

namespace a2akit {

/// A node's share of push notifications: the operations on configurations, and the deliveries.
/// Exists where the card announces push notifications.
class PushNode {
public:
    /// kInvalidParams naming the setting that cannot be read. REQUIRES: settings are resolved.
    [[nodiscard]] static Result<push::TargetPolicy> policy(const Settings& settings);

    /// The public keys that receivers verify signatures with, as a JSON Web Key Set; empty when no
    /// key of the settings has a public one.
    [[nodiscard]] static std::string public_keys(const Settings& settings);

    /// REQUIRES: no port is null, and `policy` and the signing keys of the settings are readable.
    PushNode(const Ports& ports, const Settings& settings);

    [[nodiscard]] const std::shared_ptr<PushConfigs>& configs() const noexcept { return configs_; }

    /// Starts to deliver. From the loop that the deliveries then belong to.
    void start() { sender_.start(); }
    /// Waits for the deliveries that are under way. On the same loop.
    Async<void> stop() { return sender_.stop(); }

private:
    push::TargetPolicy policy_;
    push::WebhookClient client_;
    push::PushSender sender_;
    std::shared_ptr<PushConfigs> configs_;
};

}  // namespace a2akit
