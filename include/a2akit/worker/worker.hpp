#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/worker/task_context.hpp>

namespace a2akit {

/// Your agent. One object serves all tasks; `handle` runs once per turn, on the loop of that task;
/// many of them run concurrently.
///
/// Returning without a turn-ending call fails the task, and so does an exception, with its text.
class Worker {
public:
    virtual ~Worker() = default;

    /// `ctx` outlives the coroutine.
    virtual Async<void> handle(TaskContext& ctx) = 0;

    /// True: tasks start unrevealed, so that `ctx.reply_directly` can answer with a Message. False:
    /// that call throws.
    [[nodiscard]] virtual bool may_reply_directly() const noexcept { return false; }
    /// True: the handler can't work without `ctx.request_context()`; a shared broker then needs
    /// A2AKIT_CONTEXT_KEY.
    [[nodiscard]] virtual bool requires_context() const noexcept { return false; }
};

}  // namespace a2akit
