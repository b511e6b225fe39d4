#include "runtime/lease_keeper.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <tuple>

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
        spdlog::warn("renewing the leases of this node's runs failed: {}", renewed.error().message);
        co_return;
    }
    round.renewals = std::move(*renewed);
    std::sort(round.renewals.begin(), round.renewals.end(), [](const Renewal& a, const Renewal& b) {
        return std::tie(a.task, a.epoch) < std::tie(b.task, b.epoch);
    });
    for (WorkerAdapter* adapter : adapters_) {
        co_await resume_on(adapter->loop());
        adapter->apply(round);
    }
}

}  // namespace a2akit
