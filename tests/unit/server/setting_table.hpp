#pragma once

#include <a2akit/server/settings.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {

inline Settings::Environment environment(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

inline std::string shown(const std::optional<std::string>& value) { return value.value_or("none"); }
inline std::string shown(const std::optional<bool>& value) {
    return !value ? "none" : *value ? "true" : "false";
}
inline std::string shown(const std::optional<Duration>& value) {
    return value ? std::to_string(value->count()) + " ms" : "none";
}
template <class Integer>
inline std::string shown(const std::optional<Integer>& value) {
    return value ? std::to_string(*value) : "none";
}

struct Wrong {
    const char* value;
    const char* allowed;
};

/// One variable: what it is without being set, what it becomes, and what it may not be (empty: any
/// text will do here).
struct Variable {
    const char* name;
    std::string (*read)(const Settings&);
    const char* standard;
    const char* value;
    const char* becomes;
    std::vector<Wrong> wrong;
};

#define A2AKIT_READ(member) [](const Settings& s) { return shown(s.member); }

inline constexpr const char* kYear = "a number of seconds from 0.001 to 31536000";
inline constexpr const char* kYearOrZero = "a number of seconds from 0 to 31536000";
inline constexpr const char* kRate = "0, or a number from 0.001 to 1000000";
inline constexpr const char* kMillion = "a whole number from 1 to 1000000";
inline constexpr const char* kTenMillion = "a whole number from 1 to 10000000";
inline constexpr const char* kBaseUrl = "a URL such as https://agents.example/agent";
inline constexpr const char* kSigningKey = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
inline constexpr const char* kDataKeys =
    "a:7777777777777777777777777777777777777777777777777777777777777777";
inline constexpr const char* kKey =
    "7777777777777777777777777777777777777777777777777777777777777777";

/// Every variable of Settings (settings_test.cpp).
std::vector<Variable> variables();
/// Those from A2AKIT_CONTEXT_KEY on: tasks, limits, push and HTTP.
std::vector<Variable> variables_of_work();

}  // namespace a2akit
