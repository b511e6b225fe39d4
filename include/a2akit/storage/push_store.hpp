#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/protocol/requests.hpp>
#include <a2akit/protocol/version.hpp>
#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// A push notification configuration as it is stored (specification 1.0, section 4.3.1).
struct PushConfig {
    /// Names the configuration for as long as it exists, over all tasks. Replacing a configuration
    /// under the same id keeps it.
    Uuid key;
    TaskId task;
    TaskPushNotificationConfig config;  ///< With its secrets. `task_id` and `tenant` are empty.
    ProtocolVersion version{};          ///< Of the request that made it: the form of the webhook.
};

/// A configuration to store.
struct NewPushConfig {
    TaskId task;
    /// REQUIRES: `id` is not empty, and unique within the task unless it replaces its namesake.
    TaskPushNotificationConfig config;
    ProtocolVersion version{};
    /// Deliver the events after this one; absent: those that are still to come.
    std::optional<Sequence> after;
    bool task_first = false;  ///< Deliver the task as it stands before any event.
    int at_most = 16;         ///< How many configurations the task may have with this one.
};

/// The right to deliver to one configuration, until its lease is over or it is settled.
struct PushDelivery {
    PushConfig config;
    std::string context_id;   ///< The task's.
    Sequence cursor = 0;      ///< The last event that was delivered.
    bool task_first = false;  ///< The task as it stands has to be delivered first.
    int attempts = 0;         ///< Failed attempts since the cursor last moved.
    std::uint64_t lease = 0;  ///< Which lease this is; later ones have higher numbers.
};

/// Which deliveries a node asks for.
struct PushQuery {
    int limit = 100;
    int retries = 100;             ///< At most this many of them whose last attempt failed.
    std::optional<TaskId> task{};  ///< Only those of this task.
    Lease lease{std::chrono::seconds(30)};
};

/// What became of a delivery.
struct PushOutcome {
    enum class Next : std::uint8_t {
        kContinue,  ///< Something was delivered, and the lease is extended.
        kPause,     ///< The lease is given back. Events after `cursor` are due immediately.
        kRetry,     ///< The lease is given back; the attempt failed. Due again after `delay`.
        kGiveUp,    ///< It becomes a dead letter, for `reason`.
        kDisable,   ///< The receiver wants no more (410): nothing is ever due again.
    };
    Next next{};
    Sequence cursor = 0;   ///< The last event that was delivered so far. Never moves backwards.
    Lease lease{};         ///< With kContinue: from now on.
    Duration delay{};      ///< With kRetry.
    std::string reason{};  ///< With kGiveUp: for operators, without secrets.
};

/// A configuration whose deliveries were given up.
struct PushDeadLetter {
    Uuid key;  ///< PushConfig::key
    TaskId task;
    OwnerScope owner;
    std::string config_id;
    Sequence cursor = 0;  ///< The events after this one are not delivered.
    int attempts = 0;
    std::string reason;
    Timestamp at{};
};

/// Push notification configurations and how far their deliveries have come. A view of the tasks of
/// Storage: one engine keeps both.
///
/// A delivery is due when the task's log goes further than the configuration's cursor. So the write
/// that makes an event makes its delivery due, in the same transaction. Deliveries of a task that
/// is not revealed wait until it is. Maintenance::compact keeps the logs that a due delivery still
/// needs, and Maintenance::erase erases the configurations with their task.
///
/// Safe from any thread; every call is atomic. Errors as for Storage. Implementations pass
/// a2akit/testing/push_store_contract.hpp.
class PushStore {
public:
    virtual ~PushStore() = default;

    /// Stores a configuration, or replaces the one with the same id: then the cursor stays, failed
    /// attempts are forgotten, and a configuration that had been given up or disabled is active
    /// again. kTaskNotFound; kResourceExhausted when the task has `at_most` already.
    virtual AsyncResult<PushConfig> put_config(OwnerScope scope, NewPushConfig config) = 0;
    /// Nullopt when the task has none of this id; kTaskNotFound.
    virtual AsyncResult<std::optional<PushConfig>> find_config(OwnerScope scope, TaskId task,
                                                               std::string id) = 0;
    /// All of the task, in the order of their ids. kTaskNotFound.
    virtual AsyncResult<std::vector<PushConfig>> list_configs(OwnerScope scope, TaskId task) = 0;
    /// Idempotent. A delivery that is under way loses its lease. kTaskNotFound.
    virtual AsyncResult<void> remove_config(OwnerScope scope, TaskId task, std::string id) = 0;

    /// Leases what is due now, the longest due first; no other caller gets it until the lease is
    /// over.
    virtual AsyncResult<std::vector<PushDelivery>> due_deliveries(PushQuery query) = 0;
    /// Says what became of a delivery. kLeaseLost, and nothing changes, when the lease is not the
    /// configuration's any more.
    virtual AsyncResult<void> settle(Uuid key, std::uint64_t lease, PushOutcome outcome) = 0;

    /// In the order of their keys, those behind `after`.
    virtual AsyncResult<std::vector<PushDeadLetter>> dead_deliveries(std::optional<Uuid> after,
                                                                     int limit) = 0;
    /// Makes a dead letter due again, from its cursor on. kTaskNotFound when there is no dead
    /// letter of this key.
    virtual AsyncResult<void> redrive_delivery(Uuid key) = 0;
};

}  // namespace a2akit
