#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/server/settings.hpp>

#include <string>
#include <vector>

namespace a2akit {

/// Whether backends of these URLs work together: what can never work is kInvalidParams, naming the variable and what
/// to set; what works on one node only comes back as lines for the log. Ports in `given` are not judged.
/// REQUIRES: settings are resolved.
[[nodiscard]] Result<std::vector<std::string>> check_mix(const Ports& given, const Settings& settings);

}  // namespace a2akit
