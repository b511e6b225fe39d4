#include "runtime/tasks/enqueue.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <utility>

namespace a2akit {
namespace {

bool note(const Result<void>& enqueued, const RunOperation& operation) {
    if (enqueued) return true;
    log::warn("enqueuing a turn failed, a sweep will find it task={} turn={} error={}",
              operation.task.to_string(), operation.turn, quoted(enqueued.error().message));
    return false;
}

Async<bool> note_later(AsyncResult<void> enqueuing, RunOperation operation) {
    const Result<void> enqueued = co_await std::move(enqueuing);
    co_return note(enqueued, operation);
}

}  // namespace

// With a Broker that answers immediately (memory) this makes no coroutine frame.
Async<bool> enqueue_or_leave_to_sweep(Broker& broker, RunOperation operation,
                                      std::optional<Timestamp> not_before) {
    AsyncResult<void> enqueuing = broker.enqueue(operation, not_before);
    if (!enqueuing.await_ready()) return note_later(std::move(enqueuing), operation);
    return note(enqueuing.await_resume(), operation);
}

}  // namespace a2akit
