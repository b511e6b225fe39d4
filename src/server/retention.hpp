#pragma once

#include "runtime/upkeep/housekeeping.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/server/settings.hpp>

namespace a2akit {

/// Reads from the settings how long tasks and their logs are kept. kInvalidParams naming the
/// variable, its value and what is allowed. REQUIRES: settings are resolved.
[[nodiscard]] Result<HousekeepingOptions> housekeeping_options(const Settings& settings);

}  // namespace a2akit
