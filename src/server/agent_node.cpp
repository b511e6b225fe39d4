#include "server/agent_node.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"

#include <a2akit/emitter/hookable_emitter.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

namespace a2akit {
namespace {

std::shared_ptr<EventEmitter> make_emitter(const Ports& ports,
                                           std::shared_ptr<LifecycleHooks> hooks) {
    std::shared_ptr<EventEmitter> emitter =
        std::make_shared<StorageEventEmitter>(ports.storage, ports.event_bus);
    if (hooks) emitter = std::make_shared<HookableEmitter>(std::move(emitter), std::move(hooks));
    return emitter;
}

std::shared_ptr<ContextVault> make_vault(const Ports& ports, const Settings& settings) {
    std::optional<ContextCipher> cipher;
    if (settings.context_key)
        cipher = ContextCipher::from_text(*settings.context_key).value_or_throw();
    return std::make_shared<ContextVault>(ports.storage->capabilities().in_process,
                                          std::move(cipher));
}

TaskManagerOptions manager_options(const ServerOptions& options, const Settings& settings,
                                   std::shared_ptr<ContextVault> vault,
                                   std::shared_ptr<UnansweredSends> unanswered) {
    TaskManagerOptions result;
    result.vault = std::move(vault);
    result.unanswered = std::move(unanswered);
    result.blocking_timeout = settings.blocking_timeout;
    result.cancel_wait = *settings.cancel_wait;
    result.cancel_force_timeout = *settings.cancel_force_timeout;
    result.idempotency_lifetime = *settings.idempotency_lifetime;
    result.repeat_by_message_id = *settings.repeat_by_message_id;
    result.event_buffer = *settings.event_buffer;
    result.event_buffer_bytes = *settings.event_buffer_bytes;
    result.max_page_bytes = *settings.max_page_bytes;
    result.may_reply_directly = options.worker->may_reply_directly();
    return result;
}

WorkerNodeOptions node_options(const Settings& settings) {
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

std::shared_ptr<Authorizer> authorizer_of(const ServerOptions& options) {
    if (options.authorizer) return options.authorizer;
    return std::make_shared<OwnerAuthorizer>();
}

}  // namespace

/// One port as something to start and stop.
struct AgentNode::Component {
    std::string name;
    std::function<AsyncResult<void>()> start;
    std::function<AsyncResult<void>(SteadyTime)> stop;
};

AgentNode::AgentNode(net::LoopGroup& loops, Loop& upkeep, const ServerOptions& options,
                     const Settings& settings, Ports ports, const AgentCard& card,
                     HousekeepingOptions housekeeping)
    : loops_(loops),
      upkeep_(upkeep),
      ports_(std::move(ports)),
      dependencies_(options.dependencies),
      emitter_(make_emitter(ports_, options.hooks)),
      upkeep_emitter_(std::make_shared<UpkeepEmitter>(
          std::make_shared<StorageEventEmitter>(ports_.storage, ports_.event_bus), options.hooks)),
      vault_(make_vault(ports_, settings)),
      manager_(ports_, emitter_, manager_options(options, settings, vault_, unanswered_)),
      dispatcher_(manager_, card, authorizer_of(options), options.middlewares),
      admin_(manager_, ports_.maintenance),
      node_{.storage = ports_.storage,
            .contexts = ports_.context_store,
            .broker = ports_.broker,
            .cancels = ports_.cancel_registry,
            .emitter = emitter_,
            .worker = options.worker,
            .dependencies = options.dependencies,
            .options = node_options(settings),
            .vault = vault_,
            .unanswered = unanswered_},
      readiness_(upkeep_, ports_, node_),
      loop_watch_(loops_),
      housekeeping_options_(std::move(housekeeping)),
      alone_(is_alone(options, settings)) {}

AgentNode::~AgentNode() = default;

std::vector<AgentNode::Component> AgentNode::components() {
    std::vector<Component> all;
    const auto add = [&all](const char* name, auto port) {
        all.push_back({name, [port] { return port->start(); },
                       [port](SteadyTime deadline) { return port->stop(deadline); }});
    };
    add("storage", ports_.storage);
    add("event bus", ports_.event_bus);
    add("cancel registry", ports_.cancel_registry);
    add("broker", ports_.broker);
    return all;
}

AsyncResult<void> AgentNode::start_components() {
    for (const Component& component : components()) {
        Result<void> started = co_await component.start();
        if (!started) {
            Error error = std::move(started.error());
            error.message = "the " + component.name + " does not start: " + error.message;
            co_return fail(std::move(error));
        }
        ++components_started_;
    }
    co_return co_await start_dependencies();
}

AsyncResult<void> AgentNode::start_dependencies() {
    if (!dependencies_) co_return Result<void>();
    std::string problem;
    try {
        co_await dependencies_->startup();
        co_return Result<void>();
    } catch (const std::exception& e) {
        problem = e.what();
    } catch (...) {
        problem = "it threw an exception that is not derived from std::exception";
    }
    co_return fail(ErrorCode::kUnavailable, "a dependency does not start: " + problem);
}

Async<void> AgentNode::stop_components(SteadyTime deadline) {
    const std::vector<Component> all = components();
    while (components_started_ > 0) {
        const Component& component = all[--components_started_];
        const Result<void> stopped = co_await component.stop(deadline);
        if (!stopped) {
            log::warn("stop component={} error={}", quoted(component.name),
                      quoted(stopped.error().message));
        }
    }
}

Result<void> AgentNode::start() {
    Result<void> started;
    try {
        started = net::run_on(loops_[0], start_components());
    } catch (...) {
        net::run_on(loops_[0], stop_components(loops_[0].now()));
        throw;
    }
    if (!started) {
        net::run_on(loops_[0], stop_components(loops_[0].now()));
        return started;
    }
    net::run_on(loops_[0], start_adapters());
    net::run_on(upkeep_, start_keepers());
    return {};
}

Async<void> AgentNode::start_adapters() {
    Loop& home = *Loop::current();
    upkeep_emitter_->start();
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        co_await resume_on(loops_[i]);
        adapters_.push_back(std::make_unique<WorkerAdapter>(node_));
        adapters_.back()->start();
    }
    co_await resume_on(home);
}

Async<void> AgentNode::start_keepers() {
    loop_watch_.start();
    std::vector<WorkerAdapter*> all;
    for (const auto& adapter : adapters_) all.push_back(adapter.get());
    leases_ = std::make_unique<LeaseKeeper>(node_, std::move(all));
    leases_->start();
    RecoveryPorts ports{.storage = ports_.storage,
                        .maintenance = ports_.maintenance,
                        .broker = ports_.broker,
                        .bus = ports_.event_bus,
                        .cancels = ports_.cancel_registry,
                        .emitter = upkeep_emitter_,
                        .on_outage = [this] { manager_.notice_outage(); },
                        .vault = vault_};
    recovery_ = std::make_unique<Recovery>(std::move(ports), node_.max_attempts());
    recovery_->start();
    housekeeping_ = std::make_unique<Housekeeping>(ports_.storage, ports_.maintenance,
                                                   upkeep_emitter_, housekeeping_options_);
    housekeeping_->start();
    co_return;
}

void AgentNode::serve_out(SteadyTime deadline, const std::atomic<bool>& hurried) {
    net::run_on(upkeep_, drain_until(deadline, &hurried));
}

void AgentNode::join_runs() { net::run_on(upkeep_, join_adapters()); }

Async<void> AgentNode::drain_until(SteadyTime deadline, const std::atomic<bool>* hurried) {
    // The interval at which the end of all waiting, and `hurried`, are checked.
    constexpr Duration kLook(50);
    for (std::size_t i = 0; i < adapters_.size(); ++i)
        draining_.spawn(drain_adapter(i, deadline, hurried));
    while (upkeep_.now() < deadline && !hurried->load()) {
        const bool idle = drained_ == adapters_.size();
        // If no other node can run the remaining tasks, they will not end.
        if (idle && (alone_ || !manager_.anybody_waits())) break;
        co_await progress_.wait_until(std::min(deadline, upkeep_.now() + kLook));
        progress_.reset();
    }
    manager_.drain();
}

Async<void> AgentNode::drain_adapter(std::size_t index, SteadyTime deadline,
                                     const std::atomic<bool>* hurried) {
    co_await resume_on(adapters_[index]->loop());
    co_await adapters_[index]->drain(deadline, hurried);
    co_await resume_on(upkeep_);
    ++drained_;
    progress_.set();
    co_await resume_on(adapters_[index]->loop());
    co_await adapters_[index]->join();
    co_await resume_on(upkeep_);
}

Async<void> AgentNode::join_adapters() { co_await draining_.join(); }

Async<void> AgentNode::stop_keepers() {
    co_await loop_watch_.stop();
    co_await readiness_.stop();
    if (leases_) co_await leases_->stop();
    if (recovery_) co_await recovery_->stop();
    if (housekeeping_) co_await housekeeping_->stop();
    housekeeping_.reset();
    leases_.reset();
    recovery_.reset();
}

Async<void> AgentNode::stop_adapters() {
    Loop& home = *Loop::current();
    co_await upkeep_emitter_->stop();
    for (auto& adapter : adapters_) {
        co_await resume_on(adapter->loop());
        adapter.reset();
    }
    co_await resume_on(home);
    adapters_.clear();
    try {
        if (dependencies_) co_await dependencies_->shutdown();
    } catch (const std::exception& e) {
        log::error("stop component=dependencies error={}", quoted(e.what()));
    }
}

void AgentNode::stop(SteadyTime deadline) {
    net::run_on(upkeep_, stop_keepers());
    net::run_on(loops_[0], stop_adapters());
    net::run_on(loops_[0], stop_components(deadline));
}

}  // namespace a2akit
