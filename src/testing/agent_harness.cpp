#include <a2akit/testing/agent_harness.hpp>

#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/lease_keeper.hpp"
#include "runtime/runs/worker_adapter.hpp"
#include "runtime/tasks/dispatcher.hpp"
#include "runtime/tasks/task_manager.hpp"
#include "runtime/upkeep/recovery.hpp"

#include <a2akit/emitter/hookable_emitter.hpp>
#include <a2akit/testing/memory_ports.hpp>
#include <a2akit/worker/blocking_worker.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

namespace a2akit::testing {
namespace {

AgentCard open_card() {
    AgentCard card;
    card.name = "Agent under test";
    card.version = "1.0";
    card.capabilities.streaming = true;
    card.default_input_modes = {"*/*"};
    card.default_output_modes = {"*/*"};
    return card;
}

Ports with_memory(Ports ports, std::shared_ptr<const Clock> clock) {
    Ports memory = memory_ports({.clock = std::move(clock)});
    if (!ports.storage) ports.storage = memory.storage;
    if (!ports.context_store) ports.context_store = memory.context_store;
    if (!ports.maintenance) ports.maintenance = memory.maintenance;
    if (!ports.broker) ports.broker = memory.broker;
    if (!ports.event_bus) ports.event_bus = memory.event_bus;
    if (!ports.cancel_registry) ports.cancel_registry = memory.cancel_registry;
    return ports;
}

std::shared_ptr<EventEmitter> make_emitter(const Ports& ports,
                                           std::shared_ptr<LifecycleHooks> hooks) {
    auto emitter = std::make_shared<StorageEventEmitter>(ports.storage, ports.event_bus);
    if (!hooks) return emitter;
    return std::make_shared<HookableEmitter>(std::move(emitter), std::move(hooks));
}

/// For a handler that is busy with what the test does not wait for.
constexpr std::chrono::milliseconds kMoment(50);

ManualLoop::Busy busy_of(const Worker& worker, ManualLoop::Busy others) {
    const auto* blocking = dynamic_cast<const BlockingWorker*>(&worker);
    if (blocking == nullptr) return others;
    return
        [blocking, others = std::move(others)] { return blocking->busy() || (others && others()); };
}

TaskManagerOptions manager_options(const Worker& worker) {
    TaskManagerOptions options;
    options.may_reply_directly = worker.may_reply_directly();
    return options;
}

}  // namespace

class AgentHarness::Impl {
public:
    Impl(std::shared_ptr<Worker> worker, HarnessOptions options)
        : loop(clock, busy_of(*worker, std::move(options.busy)), kMoment),
          ports(with_memory(std::move(options.ports), clock)),
          emitter(make_emitter(ports, std::move(options.hooks))),
          manager(ports, emitter, manager_options(*worker)),
          dispatcher(manager, options.card ? *options.card : open_card(),
                     options.authorizer ? std::move(options.authorizer)
                                        : std::make_shared<OwnerAuthorizer>(),
                     std::move(options.middlewares)),
          node{ports.storage,
               ports.context_store,
               ports.broker,
               ports.cancel_registry,
               emitter,
               std::move(worker),
               std::move(options.dependencies),
               {}},
          adapter(node),
          keeper(node, {&adapter}),
          recovery({ports.storage, ports.maintenance, ports.broker, ports.event_bus,
                    ports.cancel_registry, emitter},
                   node.max_attempts()),
          client(loop, dispatcher) {
        if (node.dependencies) loop.await(node.dependencies->startup());
        loop.await(ports.storage->start()).value_or_throw();
        loop.await(ports.broker->start()).value_or_throw();
        loop.await(ports.event_bus->start()).value_or_throw();
        loop.await(ports.cancel_registry->start()).value_or_throw();
        adapter.start();
        keeper.start();
        recovery.start();
    }

    /// False: a handler does not return.
    bool close() noexcept {
        constexpr Duration kPatience = std::chrono::hours(24 * 7);
        std::string problem = "a handler has not returned within a week of virtual time";
        try {
            closing.spawn(stop());
            loop.run_ready();
            if (closing.size() != 0) loop.advance(kPatience);
            if (closing.size() == 0) return true;
        } catch (const std::exception& e) {
            problem = e.what();
        }
        std::fprintf(stderr, "AgentHarness: the agent does not stop: %s\n", problem.c_str());
        return false;
    }

    std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
    ManualLoop loop;
    Ports ports;
    std::shared_ptr<EventEmitter> emitter;
    TaskManager manager;
    Dispatcher dispatcher;
    WorkerNode node;
    WorkerAdapter adapter;
    LeaseKeeper keeper;
    Recovery recovery;
    InProcessClient client;
    TaskGroup closing;

private:
    Async<void> stop() {
        manager.drain();
        co_await recovery.stop();
        co_await adapter.drain(loop.now());
        co_await keeper.stop();
        co_await adapter.join();
        if (node.dependencies) co_await node.dependencies->shutdown();
    }
};

AgentHarness::AgentHarness(std::shared_ptr<Worker> worker, HarnessOptions options)
    : impl_(std::make_unique<Impl>(std::move(worker), std::move(options))) {}
AgentHarness::~AgentHarness() {
    if (impl_->close()) return;
    // What still runs needs all of it, for good; kept where a leak checker sees that it is not
    // lost.
    static auto& abandoned = *new std::vector<std::unique_ptr<Impl>>;
    abandoned.push_back(std::move(impl_));
}

InProcessClient& AgentHarness::client() noexcept { return impl_->client; }
void AgentHarness::resume(const Task& task) {
    impl_->loop.await(impl_->manager.resume(TaskId::parse(task.id).value())).value_or_throw();
}
ManualLoop& AgentHarness::loop() noexcept { return impl_->loop; }
FakeClock& AgentHarness::clock() noexcept { return *impl_->clock; }
const Ports& AgentHarness::ports() const noexcept { return impl_->ports; }
RequestHandler& AgentHarness::handler() noexcept { return impl_->dispatcher; }

}  // namespace a2akit::testing
