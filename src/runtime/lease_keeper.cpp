#include "runtime/lease_keeper.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/enqueue.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace a2akit {

LeaseKeeper::LeaseKeeper(WorkerNode& node, std::vector<WorkerAdapter*> adapters)
    : node_(node), adapters_(std::move(adapters)) {}

void LeaseKeeper::start() { group_.spawn(run()); }

Async<void> LeaseKeeper::stop() {
    stop_.set();
    co_await group_.join();
}

Async<void> LeaseKeeper::run() {
    Loop& home = *Loop::current();
    while (!co_await stop_.wait_until(home.now() + node_.options.lease / 3)) {
        if (node_.active_runs.load() == 0) continue;
        co_await renew_once();
        co_await resume_on(home);
    }
}

Async<void> LeaseKeeper::renew_once() {
    RenewalRound round;
    round.round = node_.renewal_round.fetch_add(1) + 1;
    auto renewed = co_await node_.storage->renew(node_.options.node, node_.options.lease);
    if (!renewed) {
        if (!std::exchange(failing_, true)) {
            log::warn("renewing the leases of this node's runs failed error={}", quoted(renewed.error().message));
        }
        co_return;
    }
    failing_ = false;
    round.renewals = std::move(*renewed);
    std::sort(round.renewals.begin(), round.renewals.end(), [](const Renewal& a, const Renewal& b) {
        return std::tie(a.task, a.epoch) < std::tie(b.task, b.epoch);
    });
    round.known.resize(round.renewals.size());
    for (WorkerAdapter* adapter : adapters_) {
        co_await resume_on(adapter->loop());
        adapter->apply(round);
    }
    co_await give_back_strangers(std::move(round));
}

// One round is not enough: a claim or a release may be under way. Should its claim take longer still, the run that it
// brings is over, and its first write is told so.
Async<void> LeaseKeeper::give_back_strangers(RenewalRound round) {
    std::vector<std::pair<TaskId, Epoch>> now;
    for (std::size_t i = 0; i < round.renewals.size(); ++i) {
        const Renewal& renewal = round.renewals[i];
        if (renewal.kept && !round.known[i]) now.emplace_back(renewal.task, renewal.epoch);
    }
    const auto before = std::exchange(strangers_, now);
    for (const auto& [task, epoch] : now) {
        const std::pair<TaskId, Epoch> stranger(task, epoch);
        if (!std::binary_search(before.begin(), before.end(), stranger)) continue;
        log::warn("this node holds a run that nobody here knows, it is given back task={}", task.to_string());
        co_await give_back(task, epoch);
    }
}

Async<void> LeaseKeeper::give_back(TaskId task, Epoch epoch) {
    const auto due = co_await node_.storage->release(task, epoch, Release::kRetry, Timestamp{});
    if (!due) {
        log::warn("giving back a run failed, the next round tries again task={} error={}", task.to_string(),
                  quoted(due.error().message));
    }
    if (!due || !*due) co_return;
    const RunOperation operation{task, **due};
    co_await enqueue_or_leave_to_sweep(*node_.broker, operation);
}

}  // namespace a2akit
