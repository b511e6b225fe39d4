#pragma once

#include <string>
#include <string_view>

namespace a2akit::client {

/// By the ending of the name; "application/octet-stream" for an unknown one.
[[nodiscard]] std::string media_type_of(std::string_view path);

}  // namespace a2akit::client
