#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// A variable that no setting reads, and the one that was probably meant; empty: none is similar.
struct UnknownSetting {
    std::string name;
    std::string nearest;
};

/// The A2AKIT_* variables among these that no setting reads: most likely typos.
[[nodiscard]] std::vector<UnknownSetting> unknown_settings(
    const std::vector<std::string_view>& names);

/// The one of `known` that `name` was most likely meant to be; empty: none is similar.
[[nodiscard]] std::string nearest_to(std::string_view name, const std::vector<std::string>& known);

/// The names of the process's variables. Views into its environment.
[[nodiscard]] std::vector<std::string_view> environment_names();

}  // namespace a2akit
