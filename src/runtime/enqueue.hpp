#pragma once

#include <a2akit/broker/broker.hpp>

#include <optional>

namespace a2akit {

/// Tells the Broker of a turn that stands in Storage. When it does not take it nothing is lost,
/// only time: a sweep finds the turn. Returns whether it was taken. REQUIRES: `broker` outlives the
/// call.
Async<bool> enqueue_or_leave_to_sweep(Broker& broker, RunOperation operation,
                                      std::optional<Timestamp> not_before = std::nullopt);

}  // namespace a2akit
