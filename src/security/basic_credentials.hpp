#pragma once

#include <string>
#include <string_view>

namespace a2akit::security {

/// Whether the value of an Authorization header is of the scheme Basic (RFC 7617), well-formed or
/// not.
[[nodiscard]] bool is_basic(std::string_view header);

/// Reads "Basic <base64 of user:password>". False when it is something else or malformed.
[[nodiscard]] bool read_basic(std::string_view header, std::string& user, std::string& password);

}  // namespace a2akit::security
