#include "push/push_sender.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace a2akit::push {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);
/// For the reads and writes of the store around a POST.
constexpr Duration kLeaseMargin = std::chrono::seconds(15);
constexpr int kEventsAtOnce = 64;
constexpr std::size_t kEventBytesAtOnce = std::size_t{256} << 10U;
constexpr std::size_t kMostFollowed = 10'000;
constexpr int kMostPerTask = 16;
constexpr int kMostPerLook = 100;
/// A delivery that has waited this long still has the time of a whole POST until its lease is over.
constexpr Duration kLongestWait = std::chrono::seconds(8);
constexpr std::size_t kMostWaitingForHosts = 1000;
/// How many batches of unknown size may be read at the same time.
constexpr std::size_t kReadsAtOnce = 8;

using Next = PushOutcome::Next;

double random_fraction() {
    thread_local std::mt19937_64 engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(engine);
}

bool is_success(int status) { return status >= 200 && status < 300; }

/// "hooks.example" of "https://hooks.example:8443/path".
std::string host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    std::string_view host = url.substr(0, url.find_first_of("/?#"));
    if (const auto user = host.rfind('@'); user != std::string_view::npos)
        host.remove_prefix(user + 1);
    if (host.starts_with('[')) {
        host = host.substr(0, host.find(']'));
    } else {
        host = host.substr(0, host.find(':'));
    }
    std::string lower(host);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return lower;
}

std::string reason_of(const WebhookAnswer& answer) {
    if (answer.status == 0) return answer.problem;
    return "the webhook answered with status " + std::to_string(answer.status);
}

}  // namespace

/// The subscription to one task that has configurations.
struct PushSender::Follower {
    TaskId task;
    std::unique_ptr<Subscription> subscription;
    bool subscribed = false;
};

PushSender::PushSender(PushSenderPorts ports, PushSenderOptions options)
    : ports_(std::move(ports)),
      options_(std::move(options)),
      reads_(kReadsAtOnce),
      bytes_(options_.max_bytes) {}

PushSender::~PushSender() = default;

void PushSender::start() { group_.spawn(look_regularly()); }

Async<void> PushSender::stop() {
    stopping_ = true;
    look_.set();
    for (auto& [name, host] : hosts_) host.close();
    reads_.close();
    bytes_.close();
    for (const auto& [task, follower] : followers_) {
        if (follower->subscription) follower->subscription->signal().set();
    }
    co_await group_.join();
}

void PushSender::wake(TaskId task) {
    {
        const std::lock_guard lock(mutex_);
        woken_.push_back(task);
    }
    look_.set();
}

Lease PushSender::lease() const {
    return std::chrono::duration_cast<Lease>(options_.timeout + kLeaseMargin);
}

Async<void> PushSender::look_regularly() {
    Loop& loop = *Loop::current();
    SteadyTime next_look = loop.now();
    while (!stopping_) {
        look_.reset();
        follow_woken();
        if (loop.now() >= next_look) {
            next_look = loop.now() + kLookEvery;
            if (co_await begin_due(std::nullopt)) next_look = loop.now();
        }
        if (stopping_) break;
        const bool full = under_way_ >= options_.max_concurrent;
        if (full) next_look = std::max(next_look, loop.now() + Duration(20));
        co_await look_.wait_until(next_look);
    }
}

Async<bool> PushSender::begin_due(std::optional<TaskId> task) {
    PushQuery query;
    // Several looks may be under way: each reserves the places of what it may find.
    const int room = options_.max_concurrent - under_way_ - reserved_;
    query.limit = std::min(room, task ? kMostPerTask : kMostPerLook);
    query.retries = std::max(1, options_.max_concurrent / 2) - retries_under_way_;
    query.retries = std::max(query.retries, 0);
    query.task = task;
    query.lease = lease();
    if (stopping_) co_return false;
    if (query.limit <= 0) co_return true;
    reserved_ += query.limit;
    auto due = co_await ports_.store->due_deliveries(query);
    reserved_ -= query.limit;
    if (!due) {
        log::debug("push deliveries cannot be looked up error={}", quoted(due.error().message));
        co_return false;
    }
    for (PushDelivery& delivery : *due) {
        follow_task(delivery.config.task);
        group_.spawn(deliver(std::move(delivery)));
    }
    co_return !due->empty();
}

void PushSender::follow_woken() {
    std::vector<TaskId> woken;
    {
        const std::lock_guard lock(mutex_);
        woken.swap(woken_);
    }
    for (const TaskId& task : woken) {
        const auto found = followers_.find(task);
        if (found == followers_.end())
            follow_task(task);
        else if (found->second->subscription)
            found->second->subscription->signal().set();
    }
}

void PushSender::follow_task(TaskId task) {
    if (stopping_ || followers_.size() >= kMostFollowed || followers_.contains(task)) return;
    auto follower = std::make_shared<Follower>();
    follower->task = task;
    followers_.emplace(task, follower);
    group_.spawn(follow(std::move(follower)));
}

Async<void> PushSender::follow(std::shared_ptr<Follower> follower) {
    const TaskId task = follower->task;
    auto subscribed = co_await ports_.bus->subscribe(task, Interest::kEveryEvent);
    if (subscribed) {
        follower->subscription = std::move(*subscribed);
        Subscription& subscription = *follower->subscription;
        while (!stopping_ && !subscription.erased()) {
            subscription.signal().reset();
            co_await begin_due(task);
            const auto page = co_await ports_.storage->events(task, OwnerScope::everything(),
                                                              subscription.last(), EventLimit(1));
            // What is not delivered yet is found by the regular looks.
            if (page && is_terminal(page->state)) break;
            if (!page && page.error().code == ErrorCode::kTaskNotFound) break;
            if (stopping_) break;
            // What could not be read may have been the end, and no wake-up follows an end.
            if (page)
                co_await subscription.signal().wait();
            else
                co_await subscription.signal().wait_until(Loop::current()->now() + kLookEvery);
        }
        // An event that came between the two reads.
        if (!stopping_) co_await begin_due(task);
    }
    followers_.erase(task);
}

Async<void> PushSender::deliver(PushDelivery delivery) {
    const std::string name = host_of(delivery.config.config.url);
    const auto most = static_cast<std::size_t>(options_.max_per_host);
    Admission& host = hosts_.try_emplace(name, most).first->second;
    const bool must_wait = host.used() >= most;
    bool admitted = false;
    if (!must_wait || waiting_for_hosts_ < kMostWaitingForHosts) {
        waiting_for_hosts_ += must_wait ? 1 : 0;
        admitted = co_await host.enter(1, kLongestWait);
        waiting_for_hosts_ -= must_wait ? 1 : 0;
    }
    if (admitted) {
        co_await deliver_all(delivery);
        host.leave(1);
    } else if (stopping_) {
        co_await give_back(delivery);
    }
    if (host.used() == 0 && host.waiting() == 0) hosts_.erase(name);
}

Async<void> PushSender::deliver_all(PushDelivery& delivery) {
    const TaskId task = delivery.config.task;
    const int retries = delivery.attempts > 0 ? 1 : 0;
    ++under_way_;
    retries_under_way_ += retries;
    while (co_await deliver_batch(delivery)) {
    }
    --under_way_;
    retries_under_way_ -= retries;
    // An event that came while the lease was still held has woken its follower in vain.
    co_await begin_due(task);
    look_.set();
}

Async<bool> PushSender::deliver_batch(PushDelivery& delivery) {
    const std::optional<Batch> batch = co_await batch_with_room(delivery);
    if (!batch) {
        // Otherwise another look finds it once the lease is over.
        if (stopping_) co_await give_back(delivery);
        co_return false;
    }
    const bool goes_on = co_await tell_all(delivery, *batch);
    bytes_.leave(batch->bytes);
    co_return goes_on;
}

Async<bool> PushSender::tell_all(PushDelivery& delivery, const Batch& batch) {
    const std::vector<Notification>& all = batch.notifications;
    for (std::size_t i = 0; i < all.size() && !stopping_; ++i) {
        PushOutcome outcome = co_await tell(delivery, all[i]);
        const bool told = outcome.next == Next::kContinue;
        const bool moved = outcome.cursor > delivery.cursor;
        if (told && moved && batch.complete && i + 1 == all.size()) outcome.next = Next::kPause;
        const bool goes_on = outcome.next == Next::kContinue;
        if (told) {
            delivery.cursor = outcome.cursor;
            delivery.attempts = 0;
            delivery.task_first = false;
        }
        const bool kept = co_await settle(delivery, std::move(outcome));
        if (!kept || !goes_on) co_return false;
    }
    if (!all.empty() && !stopping_) co_return true;
    co_await give_back(delivery);
    co_return false;
}

Async<void> PushSender::give_back(const PushDelivery& delivery) {
    PushOutcome pause;
    pause.next = Next::kPause;
    pause.cursor = delivery.cursor;
    co_await settle(delivery, std::move(pause));
}

Async<std::optional<PushSender::Batch>> PushSender::batch_with_room(const PushDelivery& delivery) {
    std::optional<Batch> none;
    if (!co_await reads_.enter(1, kLongestWait)) co_return none;
    Result<Batch> batch = co_await next_batch(delivery);
    reads_.leave(1);
    if (batch) {
        const std::size_t bytes = batch->bytes;
        if (bytes_.try_enter(bytes)) co_return std::optional(std::move(*batch));
        // It does not wait with its contents in memory.
        *batch = Batch{};
        if (!co_await bytes_.enter(bytes, kLongestWait)) co_return none;
        batch = co_await next_batch(delivery);
        if (batch) {
            batch->bytes = bytes;
            co_return std::optional(std::move(*batch));
        }
        bytes_.leave(bytes);
    }
    log::debug("the events of a push notification cannot be read task={} error={}",
               delivery.config.task.to_string(), quoted(batch.error().message));
    co_return none;
}

AsyncResult<PushSender::Batch> PushSender::next_batch(const PushDelivery& delivery) {
    const TaskId task = delivery.config.task;
    if (delivery.task_first) co_return co_await whole_task(task);
    Result<EventPage> page =
        co_await ports_.storage->events(task, OwnerScope::everything(), delivery.cursor,
                                        EventLimit(kEventsAtOnce, kEventBytesAtOnce));
    if (!page && page.error().code != ErrorCode::kCompacted)
        co_return fail(std::move(page.error()));
    if (!page) co_return co_await whole_task(task);
    Batch batch;
    if (page->events.empty()) co_return batch;
    // A webhook of 0.3 gets the task, whatever happened to it.
    if (delivery.config.version == ProtocolVersion::k0_3) co_return co_await whole_task(task);
    for (const TaskEvent& event : page->events)
        batch.notifications.push_back(notification_of(event, task, delivery.context_id));
    batch.complete = page->events.back().sequence == page->last;
    for (const Notification& one : batch.notifications) batch.bytes += size_of(one);
    co_return batch;
}

AsyncResult<PushSender::Batch> PushSender::whole_task(TaskId task) {
    Result<TaskSnapshot> snapshot = co_await ports_.storage->load(task, OwnerScope::everything());
    if (!snapshot) co_return fail(std::move(snapshot.error()));
    Batch batch;
    batch.notifications.push_back(notification_of(*snapshot));
    batch.complete = true;
    batch.bytes = size_of(batch.notifications.front());
    co_return batch;
}

Async<PushOutcome> PushSender::tell(const PushDelivery& delivery,
                                    const Notification& notification) {
    WebhookAnswer answer;
    if (options_.refuse_url) {
        if (auto refused = options_.refuse_url(delivery.config.config.url))
            answer.problem = "the URL " + *refused;
    }
    if (answer.problem.empty()) {
        WebhookRequest request =
            webhook_request(delivery.config, notification, options_.keys, system_clock()->now());
        answer = co_await ports_.post(std::move(request));
    }
    PushOutcome outcome;
    if (!is_success(answer.status)) co_return failed(delivery, answer);
    outcome.next = Next::kContinue;
    outcome.cursor = notification.sequence;
    outcome.lease = lease();
    co_return outcome;
}

PushOutcome PushSender::failed(const PushDelivery& delivery, const WebhookAnswer& answer) const {
    PushOutcome outcome;
    outcome.cursor = delivery.cursor;
    const std::string task = delivery.config.task.to_string();
    if (answer.status == 410) {
        log::info("a webhook wants no more task={} config={}", task,
                  quoted(delivery.config.config.id));
        outcome.next = Next::kDisable;
        return outcome;
    }
    const int failures = delivery.attempts + 1;
    outcome.reason = reason_of(answer);
    if (failures > options_.schedule.max_retries) {
        log::warn("a push notification is given up task={} config={} attempts={} reason={}", task,
                  quoted(delivery.config.config.id), failures, quoted(outcome.reason));
        outcome.next = Next::kGiveUp;
        return outcome;
    }
    log::debug("a push notification failed task={} config={} attempts={} reason={}", task,
               quoted(delivery.config.config.id), failures, quoted(outcome.reason));
    outcome.next = Next::kRetry;
    outcome.delay = retry_delay(options_.schedule, failures, random_fraction());
    if (answer.retry_after) outcome.delay = std::max(outcome.delay, *answer.retry_after);
    return outcome;
}

Async<bool> PushSender::settle(const PushDelivery& delivery, PushOutcome outcome) {
    const Result<void> settled =
        co_await ports_.store->settle(delivery.config.key, delivery.lease, std::move(outcome));
    if (settled) co_return true;
    log::debug("a push delivery is not this node's any more task={} error={}",
               delivery.config.task.to_string(), quoted(settled.error().message));
    co_return false;
}

}  // namespace a2akit::push
