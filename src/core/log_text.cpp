#include "core/log_text.hpp"

#include <cstddef>
#include <string>

namespace a2akit {
namespace {

void append_escaped(std::string& out, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
        out += "\\n";
    else if (c == '\r')
        out += "\\r";
    else if (c == '\t')
        out += "\\t";
    else
        (out += "\\x").append({kHex[byte >> 4U], kHex[byte & 15U]});
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

/// The length of the UTF-8 character that `text` begins with; 0: it does not begin with one.
std::size_t character_size(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(text[i]));
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xF5   ? 0
                             : first >= 0xF0 ? 4
                             : first >= 0xE0 ? 3
                             : first >= 0xC2 ? 2
                                             : 0;
    if (size == 0 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return 0;
    }
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    const bool beyond_unicode = first == 0xF4 && byte(1) >= 0x90;
    return overlong || surrogate || beyond_unicode ? 0 : size;
}

/// Whether a terminal may take the character for a command, or a reader of lines for the end of a
/// line.
bool acts(std::string_view character) noexcept {
    if (character.size() == 1) return is_control(character.front());
    const bool second_controls =
        character.size() == 2 && character[0] == '\xc2' && character[1] < '\xa0';
    return second_controls || character == "\u2028" || character == "\u2029";
}

/// Takes one character off `text`, or a byte that is not part of one, and appends it, escaped if
/// necessary.
void append_next(std::string& out, std::string_view& text) {
    const std::size_t size = character_size(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    text.remove_prefix(character.size());
    if (size != 0 && !acts(character)) {
        out += character;
        return;
    }
    for (const char c : character) append_escaped(out, c);
}

}  // namespace

std::string Quoted::operator()(std::string_view text) const {
    const std::size_t size = text.size();
    std::string out(1, '"');
    while (!text.empty()) {
        if (size - text.size() >= kLongestQuoted) {
            out += "... (" + std::to_string(size) + " bytes)";
            break;
        }
        if (text.front() == '"' || text.front() == '\\') out += '\\';
        append_next(out, text);
    }
    return out += '"';
}

std::string on_one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) append_next(out, text);
    return out;
}

}  // namespace a2akit
