#include "core/log_text.hpp"

namespace a2akit {
namespace {

void append_escaped(std::string& out, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else (out += "\\x").append({kHex[byte >> 4U], kHex[byte & 15U]});
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

}  // namespace

std::string quoted(std::string_view text) {
    std::string out(1, '"');
    for (const char c : text) {
        if (c == '"' || c == '\\') (out += '\\') += c;
        else if (is_control(c)) append_escaped(out, c);
        else out += c;
    }
    return out += '"';
}

std::string on_one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_control(c)) append_escaped(out, c);
        else out += c;
    }
    return out;
}

}  // namespace a2akit
