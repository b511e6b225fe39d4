#pragma once

#include "push/signing_keys.hpp"
#include "push/webhook_client.hpp"

#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

namespace a2akit::push {

/// What a webhook is told.
struct Notification {
    Sequence sequence = 0;  ///< The last event that it tells of.
    StreamResponse payload;
};

/// `event` as a stream would show it.
[[nodiscard]] Notification notification_of(const TaskEvent& event, const TaskId& task,
                                           const std::string& context_id);
/// The task as it stands.
[[nodiscard]] Notification notification_of(const TaskSnapshot& snapshot);

/// About how many bytes its body will have.
[[nodiscard]] std::size_t size_of(const Notification& notification);

/// The webhook-id of Standard Webhooks: the same whenever this event is sent to this configuration.
[[nodiscard]] std::string webhook_id(const Uuid& key, Sequence sequence);

/// The request that tells a configuration's webhook: the body that its version expects (1.0: a
/// StreamResponse, specification section 4.3.3; 0.3: a bare Task), its credentials, the token in
/// both headers that receivers look at, and the headers of Standard Webhooks.
[[nodiscard]] WebhookRequest webhook_request(const PushConfig& config,
                                             const Notification& notification,
                                             const SigningKeys& keys, Timestamp now);

}  // namespace a2akit::push
