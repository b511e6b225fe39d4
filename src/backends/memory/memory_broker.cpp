#include "backends/memory/memory_broker.hpp"

#include "backends/common/broker_hub.hpp"
#include "backends/common/hub_receiver.hpp"

namespace a2akit {

using local::BrokerHub;

MemoryBroker::MemoryBroker(std::shared_ptr<const Clock> clock)
    : hub_(std::make_unique<BrokerHub>(std::move(clock))) {}
MemoryBroker::~MemoryBroker() = default;

AsyncResult<void> MemoryBroker::start() {
    hub_->start();
    return Result<void>();
}

AsyncResult<void> MemoryBroker::stop(SteadyTime) {
    hub_->stop();
    return Result<void>();
}

AsyncResult<void> MemoryBroker::enqueue(RunOperation operation,
                                        std::optional<Timestamp> not_before) {
    hub_->enqueue(operation, not_before);
    return Result<void>();
}

std::unique_ptr<Broker::Receiver> MemoryBroker::receiver(NodeId node, Lease lease, int slots) {
    return local::hub_receiver(*hub_, {node, lease, slots, false});
}

}  // namespace a2akit
