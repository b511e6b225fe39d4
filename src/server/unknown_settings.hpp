#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// A variable that no setting has, and the one that was probably meant; empty: none comes near.
struct UnknownSetting {
    std::string name;
    std::string nearest;
};

/// Of these names of variables, those that begin with A2AKIT_ and are none of Settings': most are misspelt.
[[nodiscard]] std::vector<UnknownSetting> unknown_settings(const std::vector<std::string_view>& names);

/// The names of the process's variables. Views into its environment.
[[nodiscard]] std::vector<std::string_view> environment_names();

}  // namespace a2akit
