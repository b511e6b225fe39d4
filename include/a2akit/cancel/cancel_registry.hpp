#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/core/loop.hpp>

#include <memory>

namespace a2akit {

/// One run's view of the cancel signal of its task. Used on the loop that watches, but for
/// `is_cancelled`; freed by its destructor.
class CancelScope {
public:
    virtual ~CancelScope() = default;
    /// From any thread: the handler of a BlockingWorker asks on its own.
    [[nodiscard]] virtual bool is_cancelled() const noexcept = 0;
    /// Raised once the task is cancelled.
    [[nodiscard]] virtual Signal& signal() noexcept = 0;
};

/// Carries "please stop" from the caller that cancels a task to the handler that runs it. It only
/// wakes: the request itself and its deadline stand in Storage, and every renewal of a lease reads
/// them.
///
/// A signal is sticky: sent before anyone watches, it is still seen. Safe from any thread.
/// Implementations pass a2akit/testing/cancel_registry_contract.hpp.
class CancelRegistry {
public:
    virtual ~CancelRegistry() = default;

    virtual AsyncResult<void> start() = 0;
    virtual AsyncResult<void> stop(SteadyTime deadline) = 0;
    virtual AsyncResult<void> check() = 0;

    /// Idempotent; succeeds whether or not the task is being watched.
    virtual AsyncResult<void> request_cancel(TaskId task) = 0;

    /// The scope frees the backend's subscription when it is destroyed. Its signal wakes the
    /// current loop.
    virtual AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) = 0;

    /// Drops the signal once the task is terminal.
    virtual AsyncResult<void> forget(TaskId task) = 0;
};

}  // namespace a2akit
