#include "runtime/tasks/enqueue.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

namespace a2akit {

Async<bool> enqueue_or_leave_to_sweep(Broker& broker, RunOperation operation,
                                      std::optional<Timestamp> not_before) {
    const Result<void> enqueued = co_await broker.enqueue(operation, not_before);
    if (enqueued) co_return true;
    log::warn("enqueuing a turn failed, a sweep will find it task={} turn={} error={}",
              operation.task.to_string(), operation.turn, quoted(enqueued.error().message));
    co_return false;
}

}  // namespace a2akit
