#pragma once

#include <string>
#include <string_view>

namespace a2akit::json {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// `text` with U+FFFD in place of each byte that belongs to no character.
[[nodiscard]] std::string as_utf8(std::string text);

}  // namespace a2akit::json
