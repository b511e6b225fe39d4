#pragma once

/// \file Optional: converts a nlohmann::json to a RawJson, implicitly, and back. Needs the header
/// <nlohmann/json.hpp> (Debian: nlohmann-json3-dev); no other public header does.

#include <a2akit/protocol/json.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <nlohmann/json.hpp>

#include <concepts>
#include <stdexcept>
#include <string>
#include <utility>

namespace a2akit {

/// From nlohmann::json and nlohmann::ordered_json. Throws std::invalid_argument when the value
/// cannot be sent: text that is not UTF-8, or more than 64 levels. NaN and infinities become null,
/// and bytes an object, as everywhere in that library.
template <class T>
    requires std::same_as<T, nlohmann::json> || std::same_as<T, nlohmann::ordered_json>
struct RawJsonFrom<T> {
    static RawJson convert(const T& value) {
        std::string text;
        try {
            text = value.dump();
        } catch (const typename T::type_error& e) {
            throw std::invalid_argument(std::string("the JSON can't be sent: ") + e.what());
        }
        auto checked = parse_raw_json(text);
        if (!checked)
            throw std::invalid_argument("the JSON can't be sent: " + checked.error().message);
        return std::move(*checked);
    }
};

/// The value of a RawJson; null when it is empty. Throws nlohmann::json::parse_error when it is not
/// JSON. A RawJson from a client, from Storage or from a conversion is always JSON.
[[nodiscard]] inline nlohmann::json to_nlohmann(const RawJson& value) {
    return value.empty() ? nlohmann::json() : nlohmann::json::parse(value.text());
}

}  // namespace a2akit
