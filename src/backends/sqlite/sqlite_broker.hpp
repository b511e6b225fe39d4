#pragma once

#include <a2akit/broker/broker.hpp>

#include <memory>

namespace a2akit::sqlite {

class SqliteStorage;

/// The turns of a SqliteStorage are the queue; this object keeps in memory which receivers wait.
///
/// Starting it enqueues the turns that a former process left. A write that makes a turn also claims
/// it, in the same transaction, for a receiver that waits at that moment. An entry whose delivery
/// is dropped without an answer is due again immediately. REQUIRES: outlives its receivers and
/// deliveries, and what they have posted to their loops.
class SqliteBroker final : public Broker {
public:
    explicit SqliteBroker(std::shared_ptr<SqliteStorage> storage);
    ~SqliteBroker() override;

    AsyncResult<void> start() override;
    AsyncResult<void> stop(SteadyTime deadline) override;
    AsyncResult<void> check() override;
    AsyncResult<void> enqueue(RunOperation operation, std::optional<Timestamp> not_before) override;
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override;

private:
    const std::shared_ptr<SqliteStorage> storage_;
};

}  // namespace a2akit::sqlite
