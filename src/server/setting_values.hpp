#pragma once

#include <a2akit/server/settings.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// One setting, as the environment would give it.
struct SettingValue {
    enum class Kind : std::uint8_t { kText, kNumber, kSeconds, kFlag, kSecret };
    std::string name;  ///< "A2AKIT_PORT".
    Kind kind;
    std::optional<std::string> value;  ///< Absent: not given, and without a default.
};

/// All settings with their values, or their defaults, in the order in which they are documented.
[[nodiscard]] std::vector<SettingValue> setting_values(Settings settings);

}  // namespace a2akit
