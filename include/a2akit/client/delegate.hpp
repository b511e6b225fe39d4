#pragma once

#include <a2akit/client/async_client.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/protocol/message.hpp>
#include <a2akit/worker/task_context.hpp>

#include <functional>
#include <string>

namespace a2akit {

/// The client of a handler that has another agent do part of its work.
///
/// Its requests carry the trace of the request that the handler works for (traceparent and
/// tracestate, W3C Trace Context), and the number of agents that the request has passed through
/// (X-A2A-Hops), so that agents that call each other in a circle come to an end. When the handler's
/// task is cancelled while it waits in `send`, the other agent's task is cancelled, too.
///
///     Delegate other = (co_await Delegate::connect(ctx, url)).value_or_throw();
///     SendResult result = (co_await other.send("Translate: " + text)).value_or_throw();
///
/// Used on the loop of the handler. REQUIRES: the context outlives it.
class Delegate {
public:
    /// A request that has passed through this many agents is not passed on.
    static constexpr int kMaxHops = 16;

    /// As AsyncClient::connect; kUnsupportedOperation when the request has passed through kMaxHops
    /// agents.
    [[nodiscard]] static AsyncResult<Delegate> connect(TaskContext& ctx, std::string url,
                                                       ClientOptions options = {});

    /// For calls that have no task of their own: reads, lists and so on.
    [[nodiscard]] AsyncClient& client() noexcept { return client_; }

    /// Sends a message, hands each event to `on_event`, and returns the task as it stands when it
    /// has ended or pauses. Throws Cancelled when the handler is asked to end early.
    AsyncResult<SendResult> send(Message message,
                                 std::function<void(const StreamEvent&)> on_event = {});
    AsyncResult<SendResult> send(std::string text,
                                 std::function<void(const StreamEvent&)> on_event = {});

private:
    Delegate(TaskContext& ctx, AsyncClient client) noexcept
        : ctx_(&ctx), client_(std::move(client)) {}

    TaskContext* ctx_;
    AsyncClient client_;
};

}  // namespace a2akit
