#include "server/agent_node.hpp"

#include <utility>

namespace a2akit {
namespace {

TaskManagerOptions task_options(const Settings& settings) {
    TaskManagerOptions result;
    result.blocking_timeout = settings.blocking_timeout;
    result.cancel_wait = *settings.cancel_wait;
    result.cancel_force_timeout = *settings.cancel_force_timeout;
    result.idempotency_lifetime = *settings.idempotency_lifetime;
    result.repeat_by_message_id = *settings.repeat_by_message_id;
    result.event_buffer = *settings.event_buffer;
    result.event_buffer_bytes = *settings.event_buffer_bytes;
    result.max_page_bytes = *settings.max_page_bytes;
    return result;
}

WorkerNodeOptions run_options(const Settings& settings) {
    WorkerNodeOptions result;
    result.lease = *settings.lease;
    result.max_concurrent_tasks = *settings.max_concurrent_tasks;
    result.max_retries = *settings.max_retries;
    result.show_failures = *settings.show_failures;
    return result;
}

/// Whether no other process can reach the tasks while this one runs.
bool is_alone(const ServerOptions& options, const Settings& settings) {
    if (options.ports.storage) return false;
    const std::string scheme = settings.storage->substr(0, settings.storage->find(':'));
    return scheme == "memory" || scheme == "sqlite";
}

}  // namespace

AgentRuntimeOptions runtime_options(const ServerOptions& options, const Settings& settings,
                                    HousekeepingOptions housekeeping) {
    AgentRuntimeOptions result;
    result.runs = run_options(settings);
    result.tasks = task_options(settings);
    if (settings.context_key)
        result.cipher = ContextCipher::from_text(*settings.context_key).value_or_throw();
    result.housekeeping = std::move(housekeeping);
    result.slots_per_principal = {.streams = *settings.max_streams_per_principal,
                                  .waiting_sends = *settings.max_waiting_sends_per_principal};
    result.stored_per_principal = {.tasks = *settings.max_tasks_per_principal,
                                   .bytes = *settings.max_bytes_per_principal};
    result.alone = is_alone(options, settings);
    return result;
}

AgentNode::AgentNode(net::LoopGroup& loops, Loop& upkeep, std::vector<AgentSpec> agents,
                     Ports ports, AgentRuntimeOptions options, std::unique_ptr<PushNode> push)
    : loops_(loops),
      upkeep_(upkeep),
      push_(std::move(push)),
      runtime_(loops.loops(), upkeep, std::move(ports), std::move(agents), std::move(options)),
      admin_(runtime_, push_ ? runtime_.ports().push_store : nullptr),
      readiness_(upkeep_, runtime_.ports(), runtime_.node()),
      loop_watch_(loops_) {}

Result<void> AgentNode::start() {
    Result<void> started = net::run_on(loops_[0], runtime_.start());
    if (started) net::run_on(upkeep_, start_watching());
    return started;
}

Async<void> AgentNode::start_watching() {
    loop_watch_.start();
    if (push_) push_->start();
    co_return;
}

void AgentNode::serve_out(SteadyTime deadline, const std::atomic<bool>& hurried) {
    net::run_on(upkeep_, runtime_.serve_out(deadline, &hurried));
}

void AgentNode::join_runs() { net::run_on(upkeep_, runtime_.join_runs()); }

Async<void> AgentNode::stop_watching() {
    co_await loop_watch_.stop();
    co_await readiness_.stop();
    if (push_) co_await push_->stop();
}

void AgentNode::stop(SteadyTime deadline) {
    net::run_on(upkeep_, stop_watching());
    net::run_on(loops_[0], runtime_.stop(deadline));
}

}  // namespace a2akit
