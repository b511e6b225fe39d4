#pragma once

#include "backends/common/broker_hub.hpp"

#include <a2akit/broker/broker.hpp>

#include <memory>

namespace a2akit::local {

struct HubReceiverOptions {
    NodeId node;
    Lease lease{};
    int slots = 0;        ///< See Broker::receiver.
    bool claims = false;  ///< Runs may be claimed for it ahead of its receives.
};

/// A receiver of the current loop on a hub. REQUIRES: the hub outlives it and its deliveries.
[[nodiscard]] std::unique_ptr<Broker::Receiver> hub_receiver(BrokerHub& hub,
                                                             const HubReceiverOptions& options);

}  // namespace a2akit::local
