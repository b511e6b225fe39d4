#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace a2akit {

/// "Run this turn of this task." A hint: Storage decides.
struct RunOperation {
    TaskId task;
    Turn turn = 0;
    /// The owner of the task, see `owner_key`; 0: unknown. Brokers may use it to share slots among
    /// owners; some brokers do not keep it.
    std::uint64_t owner = 0;
    /// The agent of the task, as a number that all nodes give to its name; 0: unknown. A node that
    /// does not serve the agent leaves the entry to others without claiming the run. Some brokers
    /// do not keep it.
    std::uint64_t agent = 0;
    friend bool operator==(const RunOperation& a, const RunOperation& b) noexcept {
        return a.task == b.task && a.turn == b.turn;
    }
};

/// For RunOperation: one number for all tasks of an owner. It does not depend on the tenant, which
/// a client may choose. Never 0.
[[nodiscard]] inline std::uint64_t owner_key(const OwnerScope& scope) noexcept {
    return std::hash<std::string_view>{}(scope.owner) | 1U;
}

/// One entry, handed to one receiver. If it is destroyed without an answer, the entry is delivered
/// again after a while. ack and nack are called at most once, from any thread.
class Delivery {
public:
    virtual ~Delivery() = default;
    [[nodiscard]] virtual const RunOperation& operation() const noexcept = 0;
    /// The run, if the backend also serves Storage and has claimed it in the same step; else
    /// null. It may be moved from, and lives as long as the delivery.
    [[nodiscard]] virtual Run* claimed() noexcept = 0;
    /// The entry is done and leaves the queue.
    virtual AsyncResult<void> ack() = 0;
    /// The entry cannot be handled now: it is delivered again after `delay`, to any receiver.
    virtual AsyncResult<void> nack(Duration delay) = 0;
};

/// A queue of run operations that any node may put into and take from. Each entry is delivered at
/// least once; the order is not guaranteed.
///
/// Entries are deduplicated per (task, turn) until they are acked. This includes delivered ones: to
/// enqueue such an entry again, ack or nack it first. Safe from any thread; `receive` resumes on
/// the loop it was called on. Implementations pass a2akit/testing/broker_contract.hpp.
class Broker {
public:
    virtual ~Broker() = default;

    virtual AsyncResult<void> start() = 0;
    /// Every waiting `receive` returns null.
    virtual AsyncResult<void> stop(SteadyTime deadline) = 0;
    virtual AsyncResult<void> check() = 0;

    /// Adds an entry that is due now, or not before the given time. An entry that is already in the
    /// queue is kept; it only becomes due earlier if it was to wait longer than this.
    virtual AsyncResult<void> enqueue(RunOperation operation,
                                      std::optional<Timestamp> not_before) = 0;

    /// The next entry that is due; waits for one. Null when `receiver` was closed or the broker
    /// stopped. Entries enqueued from this thread are delivered first. REQUIRES: one `receive` at a
    /// time per receiver.
    ///
    /// `room`: how many entries the caller can accept right now, including this one; at least 1. A
    /// backend that prefetches entries or claims their runs takes no more than that for this
    /// receiver, since an entry that would only wait here could run elsewhere. Entries prefetched
    /// for a larger `room` are kept, and delivered later, when a smaller one is passed.
    class Receiver {
    public:
        virtual ~Receiver() = default;
        virtual Async<std::unique_ptr<Delivery>> receive(int room = 1) = 0;
        /// The waiting and every later receive returns null. From the receiver's own loop.
        virtual void close() noexcept = 0;
    };
    /// A receiver of the current loop. `node` and `lease` are for backends that claim while they
    /// deliver. `slots`: how many entries all receivers of this node can hold together; 0: unknown.
    /// A broker that knows this number may reserve some slots for owners that hold few.
    virtual std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) = 0;
};

}  // namespace a2akit
