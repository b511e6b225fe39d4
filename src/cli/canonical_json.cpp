#include "cli/canonical_json.hpp"

#include "json/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>
#include <vector>

namespace a2akit::cli {
namespace {

/// RFC 8785 orders names by their UTF-16 code units, which is not the order of their UTF-8 bytes.
std::u16string utf16_of(std::string_view text) {
    std::u16string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        std::uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
        for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
            code = code << 6U | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
        i += length;
        if (code >= 0x10000) {
            out += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10U));
            out += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FFU));
        } else {
            out += static_cast<char16_t>(code);
        }
    }
    return out;
}

void append_string(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        static constexpr std::string_view kNamed = "\b\t\n\f\r\"\\";
        static constexpr std::string_view kLetters = "btnfr\"\\";
        if (const std::size_t at = kNamed.find(c); at != std::string_view::npos) {
            out += {'\\', kLetters[at]};
        } else if (byte < 0x20) {
            out += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
        } else {
            out += c;
        }
    }
    out += '"';
}

/// As ECMAScript writes a number.
void append_number(std::string& out, const std::string& token) {
    const double value = std::strtod(token.c_str(), nullptr);
    char buffer[64];
    const bool is_whole = std::abs(value) < 1e21 && std::trunc(value) == value;
    const auto end = is_whole ? std::to_chars(buffer, buffer + sizeof buffer, value + 0.0,
                                              std::chars_format::fixed)
                              : std::to_chars(buffer, buffer + sizeof buffer, value);
    std::string text(buffer, end.ptr);
    // "1e-07" is 1e-7 there.
    if (const std::size_t e = text.find('e'); e != std::string::npos && text[e + 2] == '0')
        text.erase(e + 2, 1);
    out += text == "-0" ? "0" : text;
}

class Canonicaliser {
public:
    Canonicaliser(json::Cursor& cursor, CanonicalForm form) : cursor_(cursor), form_(form) {}

    bool write(std::string& out, bool is_outermost) {
        switch (cursor_.kind()) {
            case json::Kind::kObject:
                return write_object(out, is_outermost);
            case json::Kind::kArray:
                return write_array(out);
            case json::Kind::kString: {
                std::string text;
                if (!cursor_.string(text)) return false;
                append_string(out, text);
                return true;
            }
            default:
                return write_scalar(out);
        }
    }

private:
    bool write_object(std::string& out, bool is_outermost) {
        struct Member {
            std::u16string order;
            std::string text;
        };
        std::vector<Member> members;
        const bool read = cursor_.object([&](std::string_view key) {
            if (is_outermost && key == form_.without) return cursor_.skip();
            std::string text;
            append_string(text, key);
            text += ':';
            std::string value;
            const std::u16string order = utf16_of(key);
            if (!write(value, false)) return false;
            if (form_.drops_empty && (value == "\"\"" || value == "[]" || value == "{}"))
                return true;
            members.push_back({order, text + value});
            return true;
        });
        std::sort(members.begin(), members.end(),
                  [](const Member& a, const Member& b) { return a.order < b.order; });
        out += '{';
        for (const Member& member : members)
            out.append(&member == members.data() ? "" : ",").append(member.text);
        out += '}';
        return read;
    }
    bool write_array(std::string& out) {
        bool is_first = true;
        out += '[';
        const bool read = cursor_.array([&] {
            if (!std::exchange(is_first, false)) out += ',';
            return write(out, false);
        });
        out += ']';
        return read;
    }
    bool write_scalar(std::string& out) {
        const bool is_number = cursor_.kind() == json::Kind::kNumber;
        std::string_view raw;
        if (!cursor_.raw(raw)) return false;
        if (is_number) {
            append_number(out, std::string(raw));
        } else {
            out += raw;
        }
        return true;
    }

    json::Cursor& cursor_;
    CanonicalForm form_;
};

}  // namespace

std::optional<std::string> canonical_json(std::string_view json, CanonicalForm form) {
    json::Cursor cursor(json, json::Mode::kLenient);
    std::string out;
    if (!Canonicaliser(cursor, form).write(out, true) || !cursor.finish()) return std::nullopt;
    return out;
}

}  // namespace a2akit::cli
