#pragma once

#include "backends/common/broker_hub.hpp"

#include <a2akit/broker/broker.hpp>

#include <memory>

namespace a2akit::local {

/// A receiver of the current loop on a hub. With a node, runs may be claimed for it ahead of its receives.
/// REQUIRES: the hub outlives it and its deliveries.
[[nodiscard]] std::unique_ptr<Broker::Receiver> hub_receiver(BrokerHub& hub, NodeId node = {}, Lease lease = {});

}  // namespace a2akit::local
