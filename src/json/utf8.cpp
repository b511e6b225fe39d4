#include "json/utf8.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>

namespace a2akit::json {
namespace {

/// How long the character at the beginning is; 0 when there is none.
std::size_t character_length(std::string_view text) noexcept {
    constexpr std::size_t kLongest = 4;
    for (std::size_t length = 1; length <= std::min(kLongest, text.size()); ++length) {
        if (is_utf8(text.substr(0, length))) return length;
    }
    return 0;
}

/// Fast path for short ASCII chunks, cheaper than a call into simdjson.
bool is_short_ascii(std::string_view text) noexcept {
    constexpr std::size_t kShort = 64;
    if (text.size() > kShort) return false;
    unsigned char bits = 0;
    for (const char c : text) bits |= static_cast<unsigned char>(c);
    return bits < 0x80;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    return is_short_ascii(text) || simdjson::validate_utf8(text.data(), text.size());
}

std::string as_utf8(std::string text) {
    if (is_utf8(text) && text.find('\0') == std::string::npos) return text;
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t length = character_length(rest);
        if (length == 0 || rest.front() == '\0')
            out += "\xEF\xBF\xBD";
        else
            out += rest.substr(0, length);
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace a2akit::json
