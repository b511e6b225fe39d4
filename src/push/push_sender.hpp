#pragma once

#include "push/retry_schedule.hpp"
#include "push/signing_keys.hpp"
#include "push/webhook_client.hpp"
#include "push/webhook_form.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/event_bus/event_bus.hpp>
#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace a2akit::push {

struct PushSenderPorts {
    std::shared_ptr<Storage> storage;
    std::shared_ptr<PushStore> store;
    std::shared_ptr<EventBus> bus;
    /// How a webhook is asked: WebhookClient::post.
    std::function<Async<WebhookAnswer>(WebhookRequest)> post;
};

struct PushSenderOptions {
    RetrySchedule schedule;
    Duration timeout{std::chrono::seconds(15)};  ///< Of one POST: how long a lease has to last.
    int max_concurrent = 256;
    SigningKeys keys;
    /// Why a URL may not be used any more; nullopt when it may.
    std::function<std::optional<std::string>(const std::string& url)> refuse_url = {};
};

/// Delivers what is due, with this node's share of it: one sender per configuration over all nodes,
/// which the store's leases see to. The events of a configuration go out in order, the next one
/// after the answer to the one before; configurations do not wait for each other. An event is
/// delivered at least once; a repeat has the same webhook-id.
///
/// A wake-up of the task's subscribers starts a delivery at once; a look at the store once a second
/// finds what no wake-up told of, such as what another node left behind.
///
/// One per server; belongs to the loop that starts it. `wake` may be called from any thread.
class PushSender {
public:
    PushSender(PushSenderPorts ports, PushSenderOptions options);
    ~PushSender();
    PushSender(const PushSender&) = delete;
    PushSender& operator=(const PushSender&) = delete;

    void start();
    /// Begins nothing new, waits for the POSTs that are under way, and gives their leases back.
    Async<void> stop();

    /// The task has a new configuration: follow its events from now on.
    void wake(TaskId task);

private:
    struct Follower;

    Async<void> look_regularly();
    /// Leases what is due, of one task or of all, and starts to deliver it. True: there may be
    /// more.
    Async<bool> begin_due(std::optional<TaskId> task);
    void follow_woken();
    Async<void> follow(std::shared_ptr<Follower> follower);
    /// Follows the events of a task that some other node was told of.
    void follow_task(TaskId task);

    /// What a webhook has to be told next.
    struct Batch {
        std::vector<Notification> notifications;
        bool complete = false;  ///< Nothing came after these when they were read.
    };

    Async<void> deliver(PushDelivery delivery);
    /// Tells a batch. False: the lease was given back or is lost. REQUIRES: `delivery` outlives it.
    Async<bool> deliver_batch(PushDelivery& delivery);
    AsyncResult<Batch> next_batch(const PushDelivery& delivery);
    AsyncResult<Batch> whole_task(TaskId task);
    /// Posts one notification. Returns what became of the delivery. REQUIRES: both outlive it.
    Async<PushOutcome> tell(const PushDelivery& delivery, const Notification& notification);
    [[nodiscard]] PushOutcome failed(const PushDelivery& delivery,
                                     const WebhookAnswer& answer) const;
    /// False: the lease is lost, or the store does not answer. REQUIRES: `delivery` outlives it.
    Async<bool> settle(const PushDelivery& delivery, PushOutcome outcome);
    [[nodiscard]] Lease lease() const;

    PushSenderPorts ports_;
    PushSenderOptions options_;
    TaskGroup group_;
    Signal look_;  ///< Raised to look at the store now, and to stop.
    bool stopping_ = false;
    int under_way_ = 0;
    int reserved_ = 0;  ///< Places of deliveries that are being looked up.
    int retries_under_way_ = 0;
    std::map<TaskId, std::shared_ptr<Follower>> followers_;
    std::mutex mutex_;
    std::vector<TaskId> woken_;  ///< Under the lock.
};

}  // namespace a2akit::push
