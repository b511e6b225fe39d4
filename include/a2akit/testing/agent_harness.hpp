#pragma once

#include <a2akit/emitter/lifecycle_hooks.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/authorizer.hpp>
#include <a2akit/request/middleware.hpp>
#include <a2akit/testing/in_process_client.hpp>
#include <a2akit/worker/dependencies.hpp>
#include <a2akit/worker/worker.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::testing {

struct HarnessOptions {
    /// The capabilities and input modes that requests are checked against. Default: streaming,
    /// every input mode.
    std::optional<AgentCard> card = {};
    std::vector<std::shared_ptr<Middleware>> middlewares = {};
    std::shared_ptr<Authorizer> authorizer = {};  ///< Default: OwnerAuthorizer.
    std::shared_ptr<LifecycleHooks> hooks = {};
    std::shared_ptr<Dependencies> dependencies = {};
    Ports ports = {};  ///< Ports that are null are in memory, under the harness's clock.
    /// For a worker with its own threads that is not a BlockingWorker: see ManualLoop.
    ManualLoop::Busy busy = {};
};

/// A whole agent without a socket, for an author's unit tests of a worker: middlewares,
/// authorization, storage, queue and cancellation are the real ones, in memory and in virtual time.
/// Nothing sleeps; a worker's `sleep_for` of an hour takes no time.
///
///     testing::AgentHarness agent(std::make_shared<EchoWorker>());
///     EXPECT_EQ(agent.send("hi").text(), "Echo: hi");
///
/// The harness waits for a BlockingWorker's threads in real time: its handlers run on the clock of
/// the machine, their calls in virtual time. Used on the thread that made it, one at a time per
/// thread.
///
/// The destructor cancels the handlers that still run, lets a week of virtual time pass for them,
/// and never throws: if a handler has not returned even then, it says so on stderr and does not
/// destroy the agent.
class AgentHarness {
public:
    explicit AgentHarness(std::shared_ptr<Worker> worker, HarnessOptions options = {});
    ~AgentHarness();
    AgentHarness(const AgentHarness&) = delete;
    AgentHarness& operator=(const AgentHarness&) = delete;

    /// A client of the agent; the calls below are shorthands for its own.
    [[nodiscard]] InProcessClient& client() noexcept;
    Task send(std::string text) { return client().send(std::move(text)); }
    Task start(std::string text) { return client().start(std::move(text)); }
    Task reply(const Task& task, std::string text) { return client().reply(task, std::move(text)); }
    std::vector<StreamItem> stream(std::string text) { return client().stream(std::move(text)); }
    Task get_task(std::string id) { return client().get_task(std::move(id)); }
    Task cancel(std::string id) { return client().cancel(std::move(id)); }
    /// Continues a task in AUTH_REQUIRED, as Server::resume does. Throws Exception in any other
    /// state.
    void resume(const Task& task);

    /// Lets everything run that is ready, and moves the time.
    void advance(Duration span) { loop().advance(span); }
    [[nodiscard]] ManualLoop& loop() noexcept;
    [[nodiscard]] FakeClock& clock() noexcept;
    [[nodiscard]] const Ports& ports() const noexcept;
    /// The handler that a binding calls: the middlewares come first.
    [[nodiscard]] RequestHandler& handler() noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace a2akit::testing
