#pragma once

/// \file Optional: converts a boost::json::value to a RawJson, implicitly, and back. Needs
/// Boost.JSON: link Boost::json, or include <boost/json/src.hpp> in one of your source files. No
/// other public header needs Boost.

#include <a2akit/protocol/json.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <stdexcept>
#include <utility>

namespace a2akit {

/// From a value, an object, an array or a string. Throws std::invalid_argument when it cannot be
/// sent: text that is not UTF-8, or more than 64 levels. NaN and infinities are refused too, or
/// become null or a very large number, as the version of Boost decides.
template <class T>
    requires std::same_as<T, boost::json::value> || std::same_as<T, boost::json::object> ||
             std::same_as<T, boost::json::array> || std::same_as<T, boost::json::string>
struct RawJsonFrom<T> {
    static RawJson convert(const T& value) {
        auto checked = parse_raw_json(boost::json::serialize(value));
        if (!checked)
            throw std::invalid_argument("the JSON can't be sent: " + checked.error().message);
        return std::move(*checked);
    }
};

/// The value of a RawJson; null when it is empty. Throws boost::system::system_error when it is not
/// JSON, or deeper than Boost.JSON reads by default (32 levels). A RawJson from a client, from
/// Storage or from a conversion is always JSON.
[[nodiscard]] inline boost::json::value to_boost(const RawJson& value) {
    return value.empty() ? boost::json::value() : boost::json::parse(value.text());
}

}  // namespace a2akit
