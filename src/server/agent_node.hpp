#pragma once

#include "net/loop_group.hpp"
#include "runtime/emitters/upkeep_emitter.hpp"
#include "runtime/runs/lease_keeper.hpp"
#include "runtime/runs/worker_adapter.hpp"
#include "runtime/runs/worker_node.hpp"
#include "runtime/tasks/dispatcher.hpp"
#include "runtime/tasks/task_manager.hpp"
#include "runtime/upkeep/housekeeping.hpp"
#include "runtime/upkeep/recovery.hpp"
#include "server/admin.hpp"
#include "server/loop_watch.hpp"
#include "server/readiness.hpp"

#include <a2akit/ports.hpp>
#include <a2akit/server/server.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace a2akit {

/// A server without its sockets: assembles ports, TaskManager, worker adapters and recovery, and
/// starts and stops them in the order of their dependencies.
///
/// Called from a thread that runs no loop. REQUIRES: loops outlive it; stopped before it ends, if
/// it was started.
class AgentNode {
public:
    /// REQUIRES: options checked, settings resolved, no port null.
    /// Handlers, middlewares and hooks run on `loops`. The renewal of leases, sweeps and
    /// housekeeping run on `upkeep`, where no code of the application can hold them up.
    AgentNode(net::LoopGroup& loops, Loop& upkeep, const ServerOptions& options,
              const Settings& settings, Ports ports, const AgentCard& card,
              HousekeepingOptions housekeeping);
    ~AgentNode();
    AgentNode(const AgentNode&) = delete;
    AgentNode& operator=(const AgentNode&) = delete;

    /// If a part does not start, the parts that had started are stopped again, and the error names
    /// the one that failed.
    Result<void> start();
    [[nodiscard]] RequestHandler& handler() noexcept { return dispatcher_; }
    [[nodiscard]] Admin& admin() noexcept { return admin_; }
    [[nodiscard]] TaskManager& manager() noexcept { return manager_; }
    [[nodiscard]] Readiness& readiness() noexcept { return readiness_; }

    /// Nothing new is accepted; waiting calls and streams are still served.
    void refuse_new_work() noexcept { manager_.refuse_new_work(); }
    /// Waits until the handlers have ended their turns and all clients have heard the end of their
    /// tasks, or until `deadline`, or until `hurried` holds. Then it hands back the remaining
    /// turns, answers waiting calls with the task's current state, and ends the streams. Does not
    /// wait for handlers that do not return. REQUIRES: `hurried` lives until `join_runs`.
    void serve_out(SteadyTime deadline, const std::atomic<bool>& hurried);
    /// Returns when every handler has returned. REQUIRES: served out.
    void join_runs();
    /// REQUIRES: no request is under way, and the runs are joined.
    void stop(SteadyTime deadline);

private:
    struct Component;
    [[nodiscard]] std::vector<Component> components();
    AsyncResult<void> start_components();
    Async<void> stop_components(SteadyTime deadline);
    AsyncResult<void> start_dependencies();
    Async<void> start_adapters();
    Async<void> start_keepers();
    Async<void> drain_until(SteadyTime deadline, const std::atomic<bool>* hurried);
    Async<void> drain_adapter(std::size_t index, SteadyTime deadline,
                              const std::atomic<bool>* hurried);
    Async<void> join_adapters();
    Async<void> stop_keepers();
    Async<void> stop_adapters();

    net::LoopGroup& loops_;
    Loop& upkeep_;
    Ports ports_;
    std::shared_ptr<Dependencies> dependencies_;
    std::shared_ptr<EventEmitter> emitter_;
    std::shared_ptr<UpkeepEmitter> upkeep_emitter_;
    std::shared_ptr<ContextVault> vault_;
    std::shared_ptr<UnansweredSends> unanswered_ = std::make_shared<UnansweredSends>();
    TaskManager manager_;
    Dispatcher dispatcher_;
    Admin admin_;
    WorkerNode node_;
    Readiness readiness_;
    LoopWatch loop_watch_;
    std::vector<std::unique_ptr<WorkerAdapter>> adapters_;  ///< One per loop, in their order.
    std::unique_ptr<LeaseKeeper> leases_;
    std::unique_ptr<Recovery> recovery_;
    HousekeepingOptions housekeeping_options_;
    std::unique_ptr<Housekeeping> housekeeping_;
    std::size_t components_started_ = 0;
    const bool alone_;  ///< No other node can end a task of this node.

    // On the upkeep loop, while the server stops:
    TaskGroup draining_;
    std::size_t drained_ = 0;  ///< Adapters without a run.
    Signal progress_;
};

}  // namespace a2akit
