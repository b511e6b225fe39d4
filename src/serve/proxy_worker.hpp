#pragma once

#include <a2akit/client/async_client.hpp>
#include <a2akit/worker/worker.hpp>

#include <mutex>
#include <optional>
#include <string>

namespace a2akit::serve {

struct ProxyOptions {
    std::string url = {};    ///< Of the other agent or of its card.
    std::string token = {};  ///< Sent to it as a bearer token; empty: none is sent.
};

/// Passes each message on to another agent, and what that agent says back (docs/guides/serve.md).
///
/// The other agent's task is remembered in the task's checkpoint, so that a run after a crash goes
/// on with it, and its context in the ContextStore. Safe from any loop.
class ProxyWorker final : public Worker {
public:
    explicit ProxyWorker(ProxyOptions options);
    Async<void> handle(TaskContext& ctx) override;

private:
    class Turn;
    /// A client of the other agent; its card is read when it is first needed.
    AsyncResult<AsyncClient> client();

    ProxyOptions options_;
    std::mutex mutex_;
    std::optional<AsyncClient> client_;  ///< Under the mutex.
};

}  // namespace a2akit::serve
