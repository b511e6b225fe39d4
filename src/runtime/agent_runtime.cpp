#include "runtime/agent_runtime.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/agent_scope.hpp"
#include "runtime/emitters/agent_emitters.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"

#include <a2akit/emitter/hookable_emitter.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

constexpr Duration kLongestStop = std::chrono::seconds(3);

std::shared_ptr<EventEmitter> plain_emitter(const Ports& ports) {
    return std::make_shared<StorageEventEmitter>(ports.storage, ports.event_bus);
}

std::shared_ptr<EventEmitter> emitter_with(const Ports& ports,
                                           const std::shared_ptr<LifecycleHooks>& hooks) {
    if (!hooks) return plain_emitter(ports);
    return std::make_shared<HookableEmitter>(plain_emitter(ports), hooks);
}

std::shared_ptr<Authorizer> authorizer_of(const AgentSpec& spec) {
    if (spec.authorizer) return spec.authorizer;
    return std::make_shared<OwnerAuthorizer>();
}

TaskManagerOptions options_for(const AgentSpec& spec, TaskManagerOptions options,
                               std::shared_ptr<ContextVault> vault,
                               std::shared_ptr<UnansweredSends> unanswered) {
    options.vault = std::move(vault);
    options.unanswered = std::move(unanswered);
    options.may_reply_directly = spec.worker->may_reply_directly();
    return options;
}

CallerLimits limits_of(const AgentRuntimeOptions& options, const Ports& ports) {
    CallerLimits limits;
    const CallerSlots::Limits& slots = options.slots_per_principal;
    if (slots.streams > 0 || slots.waiting_sends > 0)
        limits.slots = std::make_shared<CallerSlots>(slots);
    const OwnerQuota::Limits& stored = options.stored_per_principal;
    if (stored.tasks > 0 || stored.bytes > 0)
        limits.quota = std::make_shared<OwnerQuota>(stored, ports.maintenance);
    return limits;
}

}  // namespace

/// The parts that each agent has for itself.
struct AgentRuntime::Agent {
    Agent(const Ports& ports, const AgentSpec& spec, const TaskManagerOptions& options,
          CallerLimits limits)
        : name(spec.name),
          emitter(emitter_with(ports, spec.hooks)),
          upkeep_emitter(std::make_shared<UpkeepEmitter>(plain_emitter(ports), spec.hooks)),
          manager(ports, emitter, options),
          dispatcher(manager, spec.card,
                     {.authorizer = authorizer_of(spec),
                      .middlewares = spec.middlewares,
                      .push = options.push,
                      .agent = spec.name,
                      .limits = std::move(limits),
                      .extended_card = spec.extended_card}) {}

    const std::string name;
    const std::shared_ptr<EventEmitter> emitter;
    const std::shared_ptr<UpkeepEmitter> upkeep_emitter;
    TaskManager manager;
    Dispatcher dispatcher;
};

/// One port as something to start and stop.
struct AgentRuntime::Component {
    std::string name;
    std::function<AsyncResult<void>()> start;
    std::function<AsyncResult<void>(SteadyTime)> stop;
};

AgentRuntime::AgentRuntime(std::vector<Loop*> loops, Loop& upkeep, Ports ports,
                           std::vector<AgentSpec> agents, AgentRuntimeOptions options)
    : loops_(std::move(loops)),
      upkeep_(upkeep),
      ports_(std::move(ports)),
      vault_(std::make_shared<ContextVault>(ports_.storage->capabilities().in_process,
                                            std::move(options.cipher))),
      node_{.storage = ports_.storage,
            .contexts = ports_.context_store,
            .broker = ports_.broker,
            .cancels = ports_.cancel_registry,
            .agents = {},
            .options = options.runs,
            .vault = vault_,
            .unanswered = unanswered_},
      housekeeping_options_(std::move(options.housekeeping)),
      check_ports_(std::move(options.check_ports)),
      alone_(options.alone) {
    const CallerLimits limits = limits_of(options, ports_);
    for (AgentSpec& spec : agents) {
        agents_.push_back(std::make_unique<Agent>(
            ports_, spec, options_for(spec, options.tasks, vault_, unanswered_), limits));
        node_.agents.push_back({.name = spec.name,
                                .emitter = agents_.back()->emitter,
                                .worker = std::move(spec.worker),
                                .dependencies = spec.dependencies});
        const bool is_new = std::find(dependencies_.begin(), dependencies_.end(),
                                      spec.dependencies) == dependencies_.end();
        if (spec.dependencies && is_new) dependencies_.push_back(std::move(spec.dependencies));
    }
}

AgentRuntime::~AgentRuntime() = default;

RequestHandler& AgentRuntime::handler(std::size_t agent) noexcept {
    return agents_[agent]->dispatcher;
}

// -- Start

std::vector<AgentRuntime::Component> AgentRuntime::components() {
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

AsyncResult<void> AgentRuntime::start() {
    Result<void> started;
    std::exception_ptr thrown;
    try {
        started = co_await start_components();
    } catch (...) {
        thrown = std::current_exception();
    }
    if (thrown || !started) {
        const SteadyTime now = Loop::current()->now();
        co_await stop_dependencies(now + kLongestStop);
        co_await stop_components(now, now + kLongestStop);
        if (thrown) std::rethrow_exception(thrown);
        co_return started;
    }
    Loop& home = *Loop::current();
    co_await start_adapters();
    co_await resume_on(upkeep_);
    start_keepers();
    co_await resume_on(home);
    co_return started;
}

AsyncResult<void> AgentRuntime::start_components() {
    for (const Component& component : components()) {
        Result<void> started = co_await component.start();
        if (!started) {
            Error error = std::move(started.error());
            error.message = "the " + component.name + " does not start: " + error.message;
            co_return fail(std::move(error));
        }
        ++components_started_;
    }
    if (check_ports_) {
        Result<void> checked = co_await check_ports_();
        if (!checked) co_return checked;
    }
    co_return co_await start_dependencies();
}

AsyncResult<void> AgentRuntime::start_dependencies() {
    for (const auto& dependencies : dependencies_) {
        std::string problem;
        try {
            co_await dependencies->startup();
            ++dependencies_started_;
            continue;
        } catch (const std::exception& e) {
            problem = e.what();
        } catch (...) {
            problem = "it threw an exception that is not derived from std::exception";
        }
        co_return fail(ErrorCode::kUnavailable, "a dependency does not start: " + problem);
    }
    co_return Result<void>();
}

Async<void> AgentRuntime::start_adapters() {
    Loop& home = *Loop::current();
    for (const auto& agent : agents_) agent->upkeep_emitter->start();
    for (Loop* loop : loops_) {
        co_await resume_on(*loop);
        adapters_.push_back(std::make_unique<WorkerAdapter>(node_));
        adapters_.back()->start();
    }
    co_await resume_on(home);
}

void AgentRuntime::start_keepers() {
    std::vector<WorkerAdapter*> adapters;
    for (const auto& adapter : adapters_) adapters.push_back(adapter.get());
    leases_ = std::make_unique<LeaseKeeper>(node_, std::move(adapters));
    leases_->start();
    std::vector<AgentEmitters::Entry> emitters;
    for (const auto& agent : agents_) emitters.push_back({agent->name, agent->upkeep_emitter});
    const auto emitter =
        std::make_shared<AgentEmitters>(ports_.storage, std::move(emitters), plain_emitter(ports_));
    RecoveryPorts ports{.storage = ports_.storage,
                        .maintenance = ports_.maintenance,
                        .broker = ports_.broker,
                        .bus = ports_.event_bus,
                        .cancels = ports_.cancel_registry,
                        .emitter = emitter,
                        .on_outage =
                            [this] {
                                for (auto& agent : agents_) agent->manager.notice_outage();
                            },
                        .vault = vault_};
    recovery_ = std::make_unique<Recovery>(std::move(ports), node_.max_attempts());
    recovery_->start();
    housekeeping_ = std::make_unique<Housekeeping>(ports_.storage, ports_.maintenance, emitter,
                                                   housekeeping_options_);
    housekeeping_->start();
}

// -- The agent of a task

TaskManager* AgentRuntime::manager_for(const OwnerScope& owner) noexcept {
    const std::string_view name = agent_of(owner);
    for (auto& agent : agents_) {
        if (agent->name == name) return &agent->manager;
    }
    return nullptr;
}

Error AgentRuntime::not_served(TaskId task, const OwnerScope& owner) {
    const std::string_view name = agent_of(owner);
    return Error::about_task(
        ErrorCode::kUnsupportedOperation,
        name.empty() ? std::string("the task belongs to an agent without a name, and the agents of "
                                   "this server have names")
                     : "the task belongs to the agent \"" + std::string(name) +
                           "\", which this server does not have",
        task.to_string());
}

AsyncResult<void> AgentRuntime::resume(TaskId task) {
    // A manager that finds no task says so as it should.
    TaskManager* manager = &agents_.front()->manager;
    const auto seen = co_await ports_.storage->load(task, OwnerScope::everything(), 0, false);
    if (seen) manager = manager_for(seen->owner);
    if (manager == nullptr) co_return not_served(task, seen->owner);
    co_return co_await manager->resume(task);
}

AsyncResult<TaskId> AgentRuntime::redrive(DeadLetter letter) {
    TaskManager* manager = manager_for(letter.owner);
    if (manager == nullptr) return not_served(letter.task, letter.owner);
    return manager->redrive(std::move(letter));
}

// -- Stop

void AgentRuntime::refuse_new_work() noexcept {
    for (auto& agent : agents_) agent->manager.refuse_new_work();
}

bool AgentRuntime::anybody_waits() noexcept {
    return std::any_of(agents_.begin(), agents_.end(),
                       [](auto& agent) { return agent->manager.anybody_waits(); });
}

Async<void> AgentRuntime::serve_out(SteadyTime deadline, const std::atomic<bool>* hurried) {
    Loop& home = *Loop::current();
    co_await resume_on(upkeep_);
    co_await drain_until(deadline, hurried);
    co_await resume_on(home);
}

Async<void> AgentRuntime::drain_until(SteadyTime deadline, const std::atomic<bool>* hurried) {
    // The interval at which the end of all waiting, and `hurried`, are checked.
    constexpr Duration kLook(50);
    for (std::size_t i = 0; i < adapters_.size(); ++i)
        draining_.spawn(drain_adapter(i, deadline, hurried));
    while (upkeep_.now() < deadline && !(hurried != nullptr && hurried->load())) {
        const bool idle = drained_ == adapters_.size();
        // If no other node can run the remaining tasks, they will not end.
        if (idle && (alone_ || !anybody_waits())) break;
        co_await progress_.wait_until(std::min(deadline, upkeep_.now() + kLook));
        progress_.reset();
    }
    for (auto& agent : agents_) agent->manager.drain();
}

Async<void> AgentRuntime::drain_adapter(std::size_t index, SteadyTime deadline,
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

Async<void> AgentRuntime::join_runs() {
    Loop& home = *Loop::current();
    co_await resume_on(upkeep_);
    // What is left to find is for other nodes, or for the next start; leases are renewed until the
    // last handler has returned.
    co_await recovery_->stop();
    co_await housekeeping_->stop();
    co_await draining_.join();
    co_await resume_on(home);
}

Async<void> AgentRuntime::stop(SteadyTime deadline) {
    Loop& home = *Loop::current();
    co_await resume_on(upkeep_);
    if (leases_) co_await leases_->stop();
    housekeeping_.reset();
    leases_.reset();
    recovery_.reset();
    co_await resume_on(home);
    co_await stop_adapters();
    const SteadyTime last = std::max(deadline, home.now()) + kLongestStop;
    co_await stop_dependencies(last);
    co_await stop_components(deadline, last);
}

Async<void> AgentRuntime::stop_adapters() {
    Loop& home = *Loop::current();
    for (const auto& agent : agents_) co_await agent->upkeep_emitter->stop();
    for (auto& adapter : adapters_) {
        co_await resume_on(adapter->loop());
        adapter.reset();
    }
    co_await resume_on(home);
    adapters_.clear();
}

// -- Parts that may not end

/// The stop of a part, while it is waited for.
struct AgentRuntime::Ending {
    TaskGroup group;
    Signal ended;
};

Async<void> AgentRuntime::note_end(Async<void> stopping, Ending& ending) {
    co_await std::move(stopping);
    ending.ended.set();
}

// Nothing can take away a coroutine that somebody may still resume, so one that does not end stays,
// with all that it uses.
Async<void> AgentRuntime::end_within(const char* part, Async<void> stopping, SteadyTime last) {
    auto ending = std::make_unique<Ending>();
    ending->group.spawn(note_end(std::move(stopping), *ending));
    if (co_await ending->ended.wait_until(last)) co_return co_await ending->group.join();
    log::error("stop component={} error=\"it did not stop in time and is left behind\"",
               quoted(part));
    static auto& left = *new std::vector<std::unique_ptr<Ending>>;
    static auto& mutex = *new std::mutex;
    const std::lock_guard lock(mutex);
    left.push_back(std::move(ending));
    left_behind_ = true;
}

Async<void> AgentRuntime::stop_dependencies(SteadyTime last) {
    while (dependencies_started_ > 0) {
        co_await end_within("dependencies", shut_down(dependencies_[--dependencies_started_]),
                            last);
    }
}

Async<void> AgentRuntime::shut_down(std::shared_ptr<Dependencies> dependencies) {
    try {
        co_await dependencies->shutdown();
    } catch (const std::exception& e) {
        log::error("stop component=dependencies error={}", quoted(e.what()));
    }
}

Async<void> AgentRuntime::stop_components(SteadyTime deadline, SteadyTime last) {
    const std::vector<Component> all = components();
    while (components_started_ > 0) {
        const Component& component = all[--components_started_];
        co_await end_within(component.name.c_str(), stop_component(component, deadline), last);
    }
}

Async<void> AgentRuntime::stop_component(Component component, SteadyTime deadline) {
    const Result<void> stopped = co_await component.stop(deadline);
    if (!stopped) {
        log::warn("stop component={} error={}", quoted(component.name),
                  quoted(stopped.error().message));
    }
}

}  // namespace a2akit
