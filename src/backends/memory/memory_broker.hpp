#pragma once

#include <a2akit/broker/broker.hpp>

#include <memory>

namespace a2akit {

namespace local {
class BrokerHub;
}

/// A queue per receiver, so that a task runs on the loop that accepted it as long as that loop has
/// room; a receiver that waits elsewhere takes entries for which the others have no room.
///
/// An entry whose delivery is dropped without an answer is due again immediately. Several Servers
/// may share one broker: it stops when it has been stopped as often as it was started. Entries
/// survive a stop. REQUIRES: outlives its receivers and deliveries, and what they have posted to
/// their loops.
class MemoryBroker final : public Broker {
public:
    /// `clock` says when an entry with a `not_before` is due; it advances as the loops' own time
    /// does.
    explicit MemoryBroker(std::shared_ptr<const Clock> clock = system_clock());
    ~MemoryBroker() override;

    AsyncResult<void> start() override;
    AsyncResult<void> stop(SteadyTime deadline) override;
    AsyncResult<void> check() override { return Result<void>(); }

    AsyncResult<void> enqueue(RunOperation operation, std::optional<Timestamp> not_before) override;
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override;

private:
    std::unique_ptr<local::BrokerHub> hub_;
};

}  // namespace a2akit
