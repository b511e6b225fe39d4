#pragma once

#include <a2akit/protocol/requests.hpp>
#include <a2akit/protocol/version.hpp>
#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace a2akit {

struct PushConfigsOptions {
    /// Why nothing may be sent to this URL; nullopt when it may. Must not block.
    std::function<std::optional<std::string>(const std::string& url)> refuse_url = {};
    /// Called once a task has a new configuration, from any loop.
    std::function<void(TaskId)> on_configured = {};
    bool task_first = false;  ///< A new configuration first gets the task as it stands.
};

/// The four operations on push notification configurations (specification 1.0, sections 3.1.7 to
/// 3.1.10), and the configurations that come with messages.
///
/// One object per server; any of its loops may call. Errors are those a client may see. Secrets are
/// never read back: Get and List leave out tokens and credentials.
class PushConfigs {
public:
    /// How many configurations a task may have.
    static constexpr int kMostPerTask = 16;

    /// REQUIRES: `store` is not null.
    PushConfigs(std::shared_ptr<PushStore> store, PushConfigsOptions options);

    AsyncResult<TaskPushNotificationConfig> create(TaskPushNotificationConfig config,
                                                   OwnerScope scope, ProtocolVersion version);
    AsyncResult<TaskPushNotificationConfig> get(GetTaskPushNotificationConfigRequest request,
                                                OwnerScope scope);
    AsyncResult<ListTaskPushNotificationConfigsResponse> list(
        ListTaskPushNotificationConfigsRequest request, OwnerScope scope);
    AsyncResult<void> remove(DeleteTaskPushNotificationConfigRequest request, OwnerScope scope);

    /// Why a configuration is refused; `prefix` stands before the names of its fields.
    [[nodiscard]] std::optional<Error> refuse(const TaskPushNotificationConfig& config,
                                              const std::string& prefix = {}) const;

    /// Stores the configuration that came with a message, for the events after `after`. Without an
    /// id it gets the task's, so that sending it again replaces it. REQUIRES: it was not refused.
    AsyncResult<void> attach(TaskId task, TaskPushNotificationConfig config,
                             ProtocolVersion version, Sequence after);
    /// The same for a message that is sent again: changes nothing when the task has it already.
    AsyncResult<void> attach_once(TaskId task, TaskPushNotificationConfig config,
                                  ProtocolVersion version);

private:
    AsyncResult<PushConfig> put(OwnerScope scope, NewPushConfig config);

    std::shared_ptr<PushStore> store_;
    PushConfigsOptions options_;
};

}  // namespace a2akit
