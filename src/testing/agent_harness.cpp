#include <a2akit/testing/agent_harness.hpp>

#include "runtime/agent_runtime.hpp"

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

/// For a handler that is busy with what the test does not wait for.
constexpr std::chrono::milliseconds kMoment(50);

ManualLoop::Busy busy_of(const Worker& worker, ManualLoop::Busy others) {
    const auto* blocking = dynamic_cast<const BlockingWorker*>(&worker);
    if (blocking == nullptr) return others;
    return
        [blocking, others = std::move(others)] { return blocking->busy() || (others && others()); };
}

std::vector<AgentSpec> only_agent(std::shared_ptr<Worker> worker, HarnessOptions& options) {
    std::vector<AgentSpec> agents(1);
    AgentSpec& agent = agents.front();
    agent.worker = std::move(worker);
    agent.card = options.card ? std::move(*options.card) : open_card();
    agent.middlewares = std::move(options.middlewares);
    agent.authorizer = std::move(options.authorizer);
    agent.hooks = std::move(options.hooks);
    agent.dependencies = std::move(options.dependencies);
    return agents;
}

}  // namespace

class AgentHarness::Impl {
public:
    Impl(std::shared_ptr<Worker> worker, HarnessOptions options)
        : loop(clock, busy_of(*worker, std::move(options.busy)), kMoment),
          runtime({&loop}, loop, with_memory(std::move(options.ports), clock),
                  only_agent(std::move(worker), options), {}),
          client(loop, runtime.handler(0)) {
        loop.await(runtime.start()).value_or_throw();
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
    AgentRuntime runtime;
    InProcessClient client;
    TaskGroup closing;

private:
    Async<void> stop() {
        co_await runtime.serve_out(loop.now());
        co_await runtime.join_runs();
        co_await runtime.stop(loop.now());
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
    impl_->loop.await(impl_->runtime.resume(TaskId::parse(task.id).value())).value_or_throw();
}
ManualLoop& AgentHarness::loop() noexcept { return impl_->loop; }
FakeClock& AgentHarness::clock() noexcept { return *impl_->clock; }
const Ports& AgentHarness::ports() const noexcept { return impl_->runtime.ports(); }
RequestHandler& AgentHarness::handler() noexcept { return impl_->runtime.handler(0); }

}  // namespace a2akit::testing
