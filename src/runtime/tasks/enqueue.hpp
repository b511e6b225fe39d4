#pragma once

#include <a2akit/broker/broker.hpp>

#include <optional>

namespace a2akit {

/// Tells the Broker of a turn that is in Storage. If the Broker does not take it, only time is
/// lost: a sweep finds the turn. Returns whether the Broker took it. REQUIRES: `broker` outlives
/// the call.
Async<bool> enqueue_or_leave_to_sweep(Broker& broker, RunOperation operation,
                                      std::optional<Timestamp> not_before = std::nullopt);

}  // namespace a2akit
