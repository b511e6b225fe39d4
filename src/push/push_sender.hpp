#pragma once

#include "push/admission.hpp"
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
#include <optional>
#include <string>
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
    int max_per_host = 32;                           ///< Of those, to one host.
    std::size_t max_bytes = std::size_t{64} << 20U;  ///< Of their bodies together, about.
    SigningKeys keys;
    /// Why a URL may not be used any more; nullopt when it may.
    std::function<std::optional<std::string>(const std::string& url)> refuse_url = {};
};

/// Delivers what is due, with this node's share of it: one sender per configuration over all nodes,
/// which the store's leases see to. The events of a configuration go out in order, the next one
/// after the answer to the one before; configurations do not wait for each other. An event is
/// delivered at least once; a repeat has the same webhook-id.
///
/// A delivery for which there is no room, since its host or the bodies of the others take all of
/// it, waits without taking the place of another one. If that takes too long, it is left to whoever
/// looks next once its lease is over.
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
        std::size_t bytes = 0;  ///< Of their bodies together, about.
    };

    Async<void> deliver(PushDelivery delivery);
    /// The same, once its host has room for it.
    Async<void> deliver_all(PushDelivery& delivery);
    /// Tells a batch. False: the lease was given back or is lost. REQUIRES: `delivery` outlives it.
    Async<bool> deliver_batch(PushDelivery& delivery);
    /// Reads a batch for which there is room among the bytes; nullopt: there was none in time, or
    /// nothing can be read. The batch's bytes are to be given back.
    Async<std::optional<Batch>> batch_with_room(const PushDelivery& delivery);
    AsyncResult<Batch> next_batch(const PushDelivery& delivery);
    AsyncResult<Batch> whole_task(TaskId task);
    /// REQUIRES: both outlive it.
    Async<bool> tell_all(PushDelivery& delivery, const Batch& batch);
    /// Posts one notification. Returns what became of the delivery. REQUIRES: both outlive it.
    Async<PushOutcome> tell(const PushDelivery& delivery, const Notification& notification);
    [[nodiscard]] PushOutcome failed(const PushDelivery& delivery,
                                     const WebhookAnswer& answer) const;
    /// False: the lease is lost, or the store does not answer. REQUIRES: `delivery` outlives it.
    Async<bool> settle(const PushDelivery& delivery, PushOutcome outcome);
    /// Gives the lease back, as far as the delivery has come. REQUIRES: `delivery` outlives it.
    Async<void> give_back(const PushDelivery& delivery);
    [[nodiscard]] Lease lease() const;

    PushSenderPorts ports_;
    PushSenderOptions options_;
    TaskGroup group_;
    Signal look_;  ///< Raised to look at the store now, and to stop.
    bool stopping_ = false;
    int under_way_ = 0;
    int reserved_ = 0;  ///< Places of deliveries that are being looked up.
    int retries_under_way_ = 0;
    std::map<std::string, Admission> hosts_;  ///< Those with a delivery under way or waiting.
    std::size_t waiting_for_hosts_ = 0;
    Admission reads_;
    Admission bytes_;
    std::map<TaskId, std::shared_ptr<Follower>> followers_;
    std::mutex mutex_;
    std::vector<TaskId> woken_;  ///< Under the lock.
};

}  // namespace a2akit::push
