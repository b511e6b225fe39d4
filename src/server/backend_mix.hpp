#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/server/settings.hpp>

#include <string>
#include <vector>

namespace a2akit {

/// Checks whether backends of these URLs work together. A combination that can never work is
/// kInvalidParams, naming the variable and what to set; one that works on a single node only
/// returns lines for the log. Ports in `given` are not judged. REQUIRES: settings are resolved.
[[nodiscard]] Result<std::vector<std::string>> check_mix(const Ports& given,
                                                         const Settings& settings);

}  // namespace a2akit
