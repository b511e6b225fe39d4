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
    /// Whose task it is, see `owner_key`; 0: unknown. Brokers may use it to share slots out; some
    /// lose it.
    std::uint64_t owner = 0;
    friend bool operator==(const RunOperation& a, const RunOperation& b) noexcept {
        return a.task == b.task && a.turn == b.turn;
    }
};

/// For RunOperation: one number for all tasks of an owner, whatever their tenant, which a client
/// may choose. Never 0.
[[nodiscard]] inline std::uint64_t owner_key(const OwnerScope& scope) noexcept {
    return std::hash<std::string_view>{}(scope.owner) | 1U;
}

/// One entry, handed to one receiver. Destroyed without an answer it is delivered again, after a while.
/// ack and nack are called at most once, from any thread.
class Delivery {
public:
    virtual ~Delivery() = default;
    [[nodiscard]] virtual const RunOperation& operation() const noexcept = 0;
    /// The run, when the backend that serves Storage too has claimed it in the same step. Else null.
    [[nodiscard]] virtual std::optional<Run>& claimed() noexcept = 0;
    /// Done with it: the entry is gone.
    virtual AsyncResult<void> ack() = 0;
    /// Not now: delivered again after `delay`, to anybody.
    virtual AsyncResult<void> nack(Duration delay) = 0;
};

/// A queue of run operations that any node may put into and take from. At least once; order is not promised.
///
/// Entries are deduplicated per (task, turn) until they are acked, the delivered ones among them: who wants one again
/// acks it first, or nacks it. Safe from any thread; `receive` resumes on the loop it was called on.
/// Implementations pass a2akit/testing/broker_contract.hpp.
class Broker {
public:
    virtual ~Broker() = default;

    virtual AsyncResult<void> start() = 0;
    /// Every waiting `receive` returns null.
    virtual AsyncResult<void> stop(SteadyTime deadline) = 0;
    virtual AsyncResult<void> check() = 0;

    /// Due now, or not before the given time. An entry that is there already stays as it is; only if it was to wait
    /// longer than this, it gets due earlier.
    virtual AsyncResult<void> enqueue(RunOperation operation, std::optional<Timestamp> not_before) = 0;

    /// The next entry that is due; waits for one. Null when `receiver` was closed or the broker stopped.
    /// Prefers what was enqueued on this thread. REQUIRES: one `receive` at a time per receiver.
    ///
    /// `room`: so many entries the caller can take at once, this one included; at least 1. A backend that takes entries
    /// ahead, or claims their runs, takes no more for this receiver than that: what would wait here may be somebody
    /// else's. Nothing that was ahead gets lost when less is said the next time, but it waits.
    class Receiver {
    public:
        virtual ~Receiver() = default;
        virtual Async<std::unique_ptr<Delivery>> receive(int room = 1) = 0;
        /// The waiting and every later receive returns null. From the receiver's own loop.
        virtual void close() noexcept = 0;
    };
    /// A receiver of the current loop. `node` and `lease` are for backends that claim while they
    /// deliver. `slots`: how many entries all receivers of this node hold at once; 0: unknown. A
    /// broker that knows it may keep some of them for owners who hold few.
    virtual std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) = 0;
};

}  // namespace a2akit
