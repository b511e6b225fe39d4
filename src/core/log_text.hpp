#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace a2akit {

// Log lines are a few words and then key=value pairs. Texts from elsewhere (of an exception, of an
// engine) are quoted, so that no text looks like a pair, or a line, of its own.

/// `text` in quotation marks, with quotation marks, backslashes, control characters and invalid
/// UTF-8 escaped. Of a text beyond kLongestQuoted bytes the beginning is shown, and its size. It is
/// an object, so that no argument-dependent lookup takes std::quoted, which
/// <iomanip> declares, for it.
inline constexpr std::size_t kLongestQuoted = 4096;
inline constexpr struct Quoted {
    [[nodiscard]] std::string operator()(std::string_view text) const;
} quoted{};

/// `text` on one line: control characters and invalid UTF-8 are escaped, everything else is
/// unchanged.
[[nodiscard]] std::string on_one_line(std::string_view text);

}  // namespace a2akit
