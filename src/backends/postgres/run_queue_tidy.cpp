#include "backends/postgres/postgres_node.hpp"
#include "backends/postgres/run_queue.hpp"
#include "core/log.hpp"

#include <utility>

// Entries that were received or claimed and that no receiver took, and entries that are held.

namespace a2akit::postgres {
namespace {

constexpr Duration kTidyEvery(250);
constexpr Duration kReadyFor(500);  // entries not received by then go back, for other nodes
constexpr Duration kRenewEvery = std::chrono::seconds(10);
constexpr std::size_t kMostLost = 10'000;

}  // namespace

void RunQueue::hold(RunOperation operation, WriteId taken) {
    const std::lock_guard lock(mutex_);
    held_[{operation.task, operation.turn}] = taken;
}

void RunQueue::let_go(RunOperation operation) {
    const std::lock_guard lock(mutex_);
    held_.erase({operation.task, operation.turn});
    end_locked(operation);
}

void RunQueue::finish(RunOperation operation) {
    const std::lock_guard lock(mutex_);
    end_locked(operation);
}

bool RunQueue::time_to_renew(SteadyTime now, SteadyTime& last) {
    const std::lock_guard lock(mutex_);
    if (held_.empty() || now < last + kRenewEvery) return false;
    last = now;
    return true;
}

Async<void> RunQueue::renew_held() {
    std::vector<Uuid> tasks;
    std::vector<Uuid> taken;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [operation, by] : held_) {
            tasks.push_back(operation.first);
            taken.push_back(by);
        }
    }
    PgParams params = node_.params();
    params.uuids(tasks.data(), tasks.size()).uuids(taken.data(), taken.size());
    params.add(static_cast<std::int64_t>(kVisibleAgain.count()));
    const auto renewed = co_await node_.run(node_.sql().hold, std::move(params));
    if (!renewed)
        log::warn("postgres holding entries of the queue failed: {}", renewed.error().message);
}

void RunQueue::drop(RunOperation operation, Epoch epoch, Duration delay) {
    const std::lock_guard lock(mutex_);
    dropped_.push_back({operation.task, operation.turn, epoch, delay, Release::kHandBack});
    end_locked(operation);
}

std::vector<std::unique_ptr<Delivery>> RunQueue::take_stale(SteadyTime before) {
    std::vector<std::unique_ptr<Delivery>> stale;
    const std::lock_guard lock(mutex_);
    while (!ready_.empty() && ready_.front().since < before) {
        stale.push_back(std::move(ready_.front().delivery));
        ready_.pop_front();
    }
    return stale;
}

Async<void> RunQueue::tidy_regularly() {
    Loop& loop = *Loop::current();
    SteadyTime renewed = loop.now();
    while (!co_await stop_tidying_.wait_until(loop.now() + kTidyEvery)) {
        co_await tidy(loop.now() - kReadyFor);
        // Receivers that have no room do not wait, and so renew nothing.
        if (time_to_renew(loop.now(), renewed)) co_await renew_held();
    }
}

Async<void> RunQueue::tidy(SteadyTime ready_before) {
    for (const auto& stale : take_stale(ready_before)) {
        const Result<void> answered = co_await stale->nack(Duration::zero());
        if (!answered)
            log::debug("postgres putting an entry back failed: {}", answered.error().message);
    }
    std::vector<Dropped> dropped;
    std::map<NodeId, std::vector<Uuid>> lost;
    {
        const std::lock_guard lock(mutex_);
        dropped.swap(dropped_);
        lost.swap(lost_);
    }
    for (const Dropped& one : dropped) co_await hand_back(one);
    for (const auto& [node, claims] : lost) {
        PgParams params = node_.params();
        params.add(node).uuids(claims.data(), claims.size());
        const auto done = co_await node_.run(node_.sql().give_back, std::move(params));
        const std::lock_guard lock(mutex_);
        if (!done) {
            auto& again = lost_[node];
            again.insert(again.end(), claims.begin(), claims.end());
        } else {
            dirty_ = true;
        }
    }
}

Async<void> RunQueue::hand_back(Dropped one) {
    PgParams params = node_.params();
    params.add(one.task)
        .add(one.epoch)
        .add(static_cast<std::int32_t>(one.how))
        .add(std::int64_t{0});
    const auto released = co_await node_.run(node_.sql().release, std::move(params));
    if (!released) {
        const std::lock_guard lock(mutex_);
        dropped_.push_back(one);
        co_return;
    }
    // The attempt counts: the sweeps bring the turn again, or end the task.
    if (one.how == Release::kRetry) co_return;
    if (released->size() != 1 || (*released)[0].is_null()) co_return;
    PgParams again = node_.params();
    again.add(one.task).add((*released)[0].i32()).add(static_cast<std::int64_t>(one.delay.count()));
    const auto enqueued = co_await node_.run(node_.sql().enqueue_in, std::move(again));
    if (enqueued) hint(0);  // it was counted when it came
}

// Of those that are too many, the sweeps take care when their leases are over.
void RunQueue::lose_locked(NodeId node, WriteId claim) {
    auto& claims = lost_[node];
    if (claims.size() < kMostLost) claims.push_back(claim);
}

}  // namespace a2akit::postgres
