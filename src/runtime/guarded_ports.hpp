#pragma once

#include <a2akit/ports.hpp>

namespace a2akit {

/// Ports that an application supplies, for the coroutines of the runtime, out of which no exception
/// may come: what a port throws is logged and becomes kInternal. A receiver that throws is asked
/// again after a second; a broker that throws instead of giving a receiver delivers nothing. What
/// is null stays null.
[[nodiscard]] Ports guarded(Ports ports);

}  // namespace a2akit
