#pragma once

#include <a2akit/ports.hpp>

namespace a2akit {

/// Wraps ports that an application supplies, because no exception may leave the coroutines of the
/// runtime: an exception of a port is logged and becomes kInternal. A receiver that throws is asked
/// again after a second; a broker that throws instead of making a receiver delivers nothing. Ports
/// that are null stay null.
[[nodiscard]] Ports guarded(Ports ports);

}  // namespace a2akit
