#pragma once

#include "net/loop_group.hpp"
#include "runtime/agent_runtime.hpp"
#include "server/admin.hpp"
#include "server/loop_watch.hpp"
#include "server/push_node.hpp"
#include "server/readiness.hpp"

#include <a2akit/ports.hpp>
#include <a2akit/server/server.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace a2akit {

/// A server without its sockets: the runtime of its agents, and what operators see of it.
///
/// Called from a thread that runs no loop. REQUIRES: loops outlive it; stopped before it ends, if
/// it was started.
class AgentNode {
public:
    /// `push` is null where no card announces push notifications. REQUIRES: options checked,
    /// settings resolved, no port null; `options.tasks.push` is that of `push`.
    /// Handlers, middlewares and hooks run on `loops`; the upkeep and the watch over the loops run
    /// on `upkeep`, where no code of the application can hold them up.
    AgentNode(net::LoopGroup& loops, Loop& upkeep, std::vector<AgentSpec> agents, Ports ports,
              AgentRuntimeOptions options, std::unique_ptr<PushNode> push);
    AgentNode(const AgentNode&) = delete;
    AgentNode& operator=(const AgentNode&) = delete;

    /// If a part does not start, the parts that had started are stopped again, and the error names
    /// the one that failed.
    Result<void> start();
    [[nodiscard]] AgentRuntime& runtime() noexcept { return runtime_; }
    [[nodiscard]] Admin& admin() noexcept { return admin_; }
    [[nodiscard]] Readiness& readiness() noexcept { return readiness_; }

    // As AgentRuntime has them.
    void refuse_new_work() noexcept { runtime_.refuse_new_work(); }
    void serve_out(SteadyTime deadline, const std::atomic<bool>& hurried);
    void join_runs();
    void stop(SteadyTime deadline);
    /// See AgentRuntime.
    [[nodiscard]] bool left_behind() const noexcept { return runtime_.left_behind(); }

private:
    Async<void> start_watching();
    Async<void> stop_watching();

    net::LoopGroup& loops_;
    Loop& upkeep_;
    std::unique_ptr<PushNode> push_;  ///< Null when no card announces push notifications.
    AgentRuntime runtime_;
    Admin admin_;
    Readiness readiness_;
    LoopWatch loop_watch_;
};

/// The settings of the runtime. REQUIRES: settings resolved.
[[nodiscard]] AgentRuntimeOptions runtime_options(const ServerOptions& options,
                                                  const Settings& settings,
                                                  HousekeepingOptions housekeeping);

}  // namespace a2akit
