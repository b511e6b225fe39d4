#pragma once

#include <string_view>

namespace a2akit {

/// Whether `range` ("text/*", "*/*", "text/html; q=1") covers `type`. Case and parameters do not
/// count.
[[nodiscard]] bool media_range_covers(std::string_view range, std::string_view type) noexcept;

}  // namespace a2akit
