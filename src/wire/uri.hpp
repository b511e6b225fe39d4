#pragma once

#include <a2akit/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::wire {

/// Undoes percent-encoding. Nullopt when an escape is malformed, or the result holds a NUL byte or
/// is not UTF-8.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// "a/b c" -> "a%2Fb%20c"
[[nodiscard]] std::string percent_encode(std::string_view text);

/// The name=value pairs of a query, decoded, in order; '+' is a space. kInvalidParams when one
/// can't be decoded.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Result<QueryPairs> parse_query(std::string_view query);

/// The first parameter of that name, compared without case; empty when there is none or it can't be
/// decoded.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

/// ASCII only, as header names and media types are compared.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// Without the spaces and tabs around it.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
/// The part before `separator`, which is taken off `rest` together with the separator.
[[nodiscard]] std::string_view take_until(std::string_view& rest, char separator) noexcept;

}  // namespace a2akit::wire
