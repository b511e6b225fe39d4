#include "runtime/runs/lease_keeper.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/tasks/enqueue.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace a2akit {

LeaseKeeper::LeaseKeeper(WorkerNode& node, std::vector<WorkerAdapter*> adapters) : node_(node) {
    for (WorkerAdapter* adapter : adapters) adapters_.push_back({.adapter = adapter});
}

void LeaseKeeper::start() { group_.spawn(run()); }

Async<void> LeaseKeeper::stop() {
    stop_.set();
    co_await group_.join();
}

Async<void> LeaseKeeper::run() {
    Loop& home = *Loop::current();
    while (!co_await stop_.wait_until(home.now() + node_.options.lease / 3)) {
        if (node_.active_runs.load() != 0) co_await renew_once();
    }
}

Async<void> LeaseKeeper::renew_once() {
    // A round that has not visited all loops yet does not prove that a run is orphaned: its loop
    // may still report it.
    if (last_ && last_->to_visit != 0) strangers_.clear();
    last_.reset();
    auto round = std::make_shared<Round>();
    round->renewal.round = node_.renewal_round.fetch_add(1) + 1;
    auto renewed = co_await node_.storage->renew(node_.options.node, node_.options.lease);
    if (!renewed) {
        if (!std::exchange(failing_, true)) {
            log::warn("renewing the leases of this node's runs failed error={}",
                      quoted(renewed.error().message));
        }
        co_return;
    }
    failing_ = false;
    auto& renewals = round->renewal.renewals;
    renewals = std::move(*renewed);
    std::sort(renewals.begin(), renewals.end(), [](const Renewal& a, const Renewal& b) {
        return std::tie(a.task, a.epoch) < std::tie(b.task, b.epoch);
    });
    round->renewal.known.resize(renewals.size());
    round->to_visit = adapters_.size();
    last_ = round;
    for (Visited& visited : adapters_) {
        visited.next = round;
        if (!visited.under_way) group_.spawn(visit(visited));
    }
}

// A loop that a handler blocks is visited when it runs again, with the newest round at that time;
// the other loops do not wait for it.
Async<void> LeaseKeeper::visit(Visited& visited) {
    Loop& home = *Loop::current();
    visited.under_way = true;
    while (const std::shared_ptr<Round> round = std::exchange(visited.next, nullptr)) {
        RenewalRound mine{
            .round = round->renewal.round, .renewals = round->renewal.renewals, .known = {}};
        mine.known.resize(mine.renewals.size());
        co_await resume_on(visited.adapter->loop());
        visited.adapter->apply(mine);
        co_await resume_on(home);
        auto& known = round->renewal.known;
        for (std::size_t i = 0; i < known.size(); ++i) known[i] = known[i] || mine.known[i];
        if (--round->to_visit == 0 && round == last_) co_await give_back_strangers(round->renewal);
    }
    visited.under_way = false;
}

// One round is not enough: a claim or a release may be under way. If a claim takes even longer, its
// run is over, and the first write of that run is refused.
Async<void> LeaseKeeper::give_back_strangers(const RenewalRound& round) {
    std::vector<std::pair<TaskId, Epoch>> now;
    for (std::size_t i = 0; i < round.renewals.size(); ++i) {
        const Renewal& renewal = round.renewals[i];
        if (renewal.kept && !round.known[i]) now.emplace_back(renewal.task, renewal.epoch);
    }
    const auto before = std::exchange(strangers_, now);
    for (const auto& [task, epoch] : now) {
        const std::pair<TaskId, Epoch> stranger(task, epoch);
        if (!std::binary_search(before.begin(), before.end(), stranger)) continue;
        log::warn(
            "no worker of this node knows a run that the node holds: it is given back task={}",
            task.to_string());
        co_await give_back(task, epoch);
    }
}

Async<void> LeaseKeeper::give_back(TaskId task, Epoch epoch) {
    const auto due = co_await node_.storage->release(task, epoch, Release::kRetry, Timestamp{});
    if (!due) {
        log::warn("giving back a run failed, the next round tries again task={} error={}",
                  task.to_string(), quoted(due.error().message));
    }
    if (!due || !*due) co_return;
    const RunOperation operation{task, **due};
    co_await enqueue_or_leave_to_sweep(*node_.broker, operation);
}

}  // namespace a2akit
