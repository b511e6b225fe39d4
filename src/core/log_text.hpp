#pragma once

#include <string>
#include <string_view>

namespace a2akit {

// Log lines are a few words and then key=value pairs. Words from elsewhere (an exception's text, what an engine says)
// are quoted, so that no text looks like a pair, or a line, of its own.

/// `text` in quotation marks, with quotation marks, backslashes, control characters and what is not UTF-8 escaped.
/// An object, so that no argument-dependent lookup takes std::quoted, which <iomanip> declares, for it.
inline constexpr struct Quoted {
    [[nodiscard]] std::string operator()(std::string_view text) const;
} quoted{};

/// `text` on one line: its control characters and what is not UTF-8 escaped, everything else as it is.
[[nodiscard]] std::string on_one_line(std::string_view text);

}  // namespace a2akit
