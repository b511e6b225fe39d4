#pragma once

#include "runtime/agent_scope.hpp"
#include "runtime/runs/context_vault.hpp"
#include "runtime/runs/run_slots.hpp"
#include "runtime/tasks/unanswered_sends.hpp"

#include <a2akit/broker/broker.hpp>
#include <a2akit/cancel/cancel_registry.hpp>
#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/storage/context_store.hpp>
#include <a2akit/storage/storage.hpp>
#include <a2akit/worker/dependencies.hpp>
#include <a2akit/worker/worker.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace a2akit {

struct WorkerNodeOptions {
    NodeId node = NodeId::generate();
    Lease lease{std::chrono::seconds(15)};
    int max_concurrent_tasks = 10'000;
    int max_retries = 3;         ///< Further attempts after a run was lost.
    bool show_failures = false;  ///< Tells clients the text of a handler's exception.
};

/// What the runs of one agent need. REQUIRES: no pointer is null except `dependencies` (then
/// handlers find none).
struct ServedAgent {
    std::string name = {};  ///< Empty for the only agent of its server.
    std::shared_ptr<EventEmitter> emitter;
    std::shared_ptr<Worker> worker;
    std::shared_ptr<Dependencies> dependencies = nullptr;
    std::uint64_t key = agent_key(name);
};

/// The objects that all WorkerAdapters of one server share: the ports, the agents, and the slots
/// for handlers. REQUIRES: outlives the adapters, and no pointer is null except `vault` (then a
/// turn's context comes from Storage) and `unanswered` (then no turn waits for an answer).
struct WorkerNode {
    std::shared_ptr<Storage> storage;
    std::shared_ptr<ContextStore> contexts;
    std::shared_ptr<Broker> broker;
    std::shared_ptr<CancelRegistry> cancels;
    std::vector<ServedAgent> agents;
    WorkerNodeOptions options;
    std::shared_ptr<ContextVault> vault = nullptr;
    std::shared_ptr<UnansweredSends> unanswered = nullptr;

    RunSlots slots{options.max_concurrent_tasks};
    std::atomic<std::int64_t> active_runs{0};
    std::atomic<SteadyTime> runs_changed{SteadyTime{}};  ///< When a run last began or ended.
    /// Counts the renewals that were begun: a run older than the last one has to be in its answer.
    std::atomic<std::uint64_t> renewal_round{0};

    [[nodiscard]] int max_attempts() const noexcept { return options.max_retries + 1; }
    /// The agent whose task has this owner. Null: another node serves it.
    [[nodiscard]] const ServedAgent* agent_for(const OwnerScope& owner) const noexcept;
    /// Whether a turn of this RunOperation::agent may be one of this node's.
    [[nodiscard]] bool may_serve(std::uint64_t key) const noexcept;
};

/// The error of a task whose turn has lost its run that often.
[[nodiscard]] std::string too_many_attempts(int attempts);

}  // namespace a2akit
