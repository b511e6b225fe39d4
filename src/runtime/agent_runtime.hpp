#pragma once

#include "runtime/emitters/upkeep_emitter.hpp"
#include "runtime/runs/lease_keeper.hpp"
#include "runtime/runs/worker_adapter.hpp"
#include "runtime/runs/worker_node.hpp"
#include "runtime/tasks/dispatcher.hpp"
#include "runtime/tasks/task_manager.hpp"
#include "runtime/upkeep/housekeeping.hpp"
#include "runtime/upkeep/recovery.hpp"

#include <a2akit/emitter/lifecycle_hooks.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/authorizer.hpp>
#include <a2akit/request/middleware.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// One agent, as its author describes it.
struct AgentSpec {
    /// Keeps the agent's tasks apart from those of the others; empty for the only agent. Stored
    /// with each task, so it stays the same for as long as the tasks are needed.
    std::string name = {};
    std::shared_ptr<Worker> worker;
    AgentCard card = {};  ///< What requests are checked against: capabilities, modes, extensions.
    std::vector<std::shared_ptr<Middleware>> middlewares = {};
    std::shared_ptr<Authorizer> authorizer = {};      ///< Null: OwnerAuthorizer.
    std::shared_ptr<LifecycleHooks> hooks = {};       ///< May be null.
    std::shared_ptr<Dependencies> dependencies = {};  ///< May be null, and shared between agents.
    ExtendedCard extended_card = {};                  ///< Empty: there is none.
};

struct AgentRuntimeOptions {
    WorkerNodeOptions runs = {};
    /// The runtime itself fills in `vault`, `unanswered` and `may_reply_directly`.
    TaskManagerOptions tasks = {};
    std::optional<ContextCipher> cipher = {};  ///< See ContextVault.
    HousekeepingOptions housekeeping = {};
    /// What one principal may hold open, over all agents.
    CallerSlots::Limits slots_per_principal = {};
    /// What one principal may have stored with each agent.
    OwnerQuota::Limits stored_per_principal = {};
    /// Called once the ports are started, before any turn is run; an error ends the start. Null:
    /// nothing is checked.
    std::function<AsyncResult<void>()> check_ports = {};
    /// No other process can run or end the tasks while this one lives.
    bool alone = false;
};

/// The agents of one process over one set of ports: accepts requests, runs turns, and keeps the
/// store in order. A server puts bindings in front of it, the test harness a client.
///
/// The agents share the ports, the loops, the limit on handlers and the upkeep. Each has a worker,
/// a request handler and rules of its own, and no agent sees or runs a task of another
/// (docs/adr/0012-agents-of-a-server.md).
///
/// `start` and `stop` are called on the first loop, the other coroutines on any. REQUIRES: the
/// loops outlive it; stopped before it ends, if it was started.
class AgentRuntime {
public:
    /// Handlers, middlewares and hooks run on `loops`. The renewal of leases, sweeps and
    /// housekeeping run on `upkeep`, where no code of the application can hold them up; it may be
    /// one of the loops where that does not matter. REQUIRES: no port is null; at least one loop
    /// and one agent; no worker is null; the agents' names differ.
    AgentRuntime(std::vector<Loop*> loops, Loop& upkeep, Ports ports, std::vector<AgentSpec> agents,
                 AgentRuntimeOptions options);
    ~AgentRuntime();
    AgentRuntime(const AgentRuntime&) = delete;
    AgentRuntime& operator=(const AgentRuntime&) = delete;

    /// If a part does not start, the parts that had started are stopped again, and the error names
    /// the one that failed.
    AsyncResult<void> start();

    [[nodiscard]] std::size_t size() const noexcept { return agents_.size(); }
    /// The way into an agent for every binding, by the agent's place in the constructor's list. Any
    /// loop may call it.
    [[nodiscard]] RequestHandler& handler(std::size_t agent) noexcept;
    [[nodiscard]] const Ports& ports() const noexcept { return ports_; }
    [[nodiscard]] const WorkerNode& node() const noexcept { return node_; }

    /// See TaskManager, for the agent to which the task belongs. kUnsupportedOperation when this
    /// runtime does not have that agent.
    AsyncResult<void> resume(TaskId task);
    AsyncResult<TaskId> redrive(DeadLetter letter);

    /// Nothing new is accepted; waiting calls and streams are still served. From any thread.
    void refuse_new_work() noexcept;
    /// Waits until the handlers have ended their turns and all clients have heard the end of their
    /// tasks, or until `deadline`, or until `hurried`, which may be null, holds. Then it hands back
    /// the remaining turns, answers waiting calls with the task's current state, and ends the
    /// streams. Does not wait for handlers that do not return. REQUIRES: `hurried` lives until
    /// `join_runs` has returned.
    Async<void> serve_out(SteadyTime deadline, const std::atomic<bool>* hurried = nullptr);
    /// Returns when every handler has returned. REQUIRES: served out.
    Async<void> join_runs();
    /// A port or dependencies whose stop does not end some seconds after the deadline are left
    /// behind, and the log names them. REQUIRES: no request is under way, and the runs are joined.
    Async<void> stop(SteadyTime deadline);
    /// Whether `stop` left something behind, which may still use the loops.
    [[nodiscard]] bool left_behind() const noexcept { return left_behind_; }

private:
    struct Agent;
    struct Component;
    struct Ending;
    [[nodiscard]] std::vector<Component> components();
    [[nodiscard]] TaskManager* manager_for(const OwnerScope& owner) noexcept;
    [[nodiscard]] static Error not_served(TaskId task, const OwnerScope& owner);
    [[nodiscard]] bool anybody_waits() noexcept;
    AsyncResult<void> start_components();
    AsyncResult<void> start_dependencies();
    // What has not stopped at `last` is left behind.
    Async<void> stop_components(SteadyTime deadline, SteadyTime last);
    static Async<void> stop_component(Component component, SteadyTime deadline);
    Async<void> stop_dependencies(SteadyTime last);
    static Async<void> shut_down(std::shared_ptr<Dependencies> dependencies);
    Async<void> end_within(const char* part, Async<void> stopping, SteadyTime last);
    static Async<void> note_end(Async<void> stopping, Ending& ending);
    Async<void> start_adapters();
    void start_keepers();
    Async<void> drain_until(SteadyTime deadline, const std::atomic<bool>* hurried);
    Async<void> drain_adapter(std::size_t index, SteadyTime deadline,
                              const std::atomic<bool>* hurried);
    Async<void> stop_adapters();

    const std::vector<Loop*> loops_;
    Loop& upkeep_;
    const Ports ports_;
    std::shared_ptr<ContextVault> vault_;
    std::shared_ptr<UnansweredSends> unanswered_ = std::make_shared<UnansweredSends>();
    std::vector<std::unique_ptr<Agent>> agents_;
    std::vector<std::shared_ptr<Dependencies>> dependencies_;  ///< Each once, in the agents' order.
    WorkerNode node_;
    HousekeepingOptions housekeeping_options_;
    std::vector<std::unique_ptr<WorkerAdapter>> adapters_;  ///< One per loop, in their order.
    std::unique_ptr<LeaseKeeper> leases_;
    std::unique_ptr<Recovery> recovery_;
    std::unique_ptr<Housekeeping> housekeeping_;
    std::size_t components_started_ = 0;
    std::size_t dependencies_started_ = 0;
    bool left_behind_ = false;
    const std::function<AsyncResult<void>()> check_ports_;
    const bool alone_;

    // On the upkeep loop, while the runtime stops:
    TaskGroup draining_;
    std::size_t drained_ = 0;  ///< Adapters without a run.
    Signal progress_;
};

}  // namespace a2akit
