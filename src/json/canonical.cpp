#include "json/canonical.hpp"

#include "json/cursor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace a2akit::json {
namespace {

constexpr int kMaxDepth = 128;
constexpr double kMostSafeInteger = 9007199254740991.0;

/// Of valid UTF-8.
std::u16string utf16_of(std::string_view text) {
    std::u16string units;
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        char32_t point = size == 1 ? lead : lead & (0xffU >> (size + 1));
        for (std::size_t i = 1; i < size; ++i)
            point = (point << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
        at += size;
        if (point < 0x10000) {
            units += static_cast<char16_t>(point);
        } else {
            units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10U));
            units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ffU));
        }
    }
    return units;
}

void append_string(std::string& out, std::string_view text) {
    constexpr const char* kDigits = "0123456789abcdef";
    constexpr std::string_view kShort = "\b\t\n\f\r\"\\";
    constexpr std::string_view kLetters = "btnfr\"\\";
    out += '"';
    for (const char c : text) {
        if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
            out.append(1, '\\').append(1, kLetters[at]);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out.append("\\u00");
            out += kDigits[static_cast<unsigned char>(c) >> 4U];
            out += kDigits[static_cast<unsigned char>(c) & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
}

/// As ECMAScript writes a number: the shortest digits that read back as the same double, in
/// positional form from 1e-6 up to 1e21.
void append_number(std::string& out, double number) {
    if (number == 0) {
        out += '0';
        return;
    }
    if (number < 0) out += '-';
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(number),
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const std::size_t mark = text.find('e');
    std::string digits(text.substr(0, 1));
    if (mark > 2) digits.append(text.substr(2, mark - 2));
    int exponent = 0;
    const std::size_t sign = text[mark + 1] == '+' ? mark + 2 : mark + 1;
    std::from_chars(text.data() + sign, end, exponent);
    const int count = static_cast<int>(digits.size());
    const int point = exponent + 1;  // Digits before the decimal point.
    if (point > 21 || point <= -6) {
        out += digits[0];
        if (count > 1) out.append(".").append(digits, 1);
        out.append(exponent < 0 ? "e" : "e+").append(std::to_string(exponent));
    } else if (point <= 0) {
        out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
    } else if (point >= count) {
        out.append(digits).append(static_cast<std::size_t>(point - count), '0');
    } else {
        out.append(digits, 0, static_cast<std::size_t>(point)).append(".");
        out.append(digits, static_cast<std::size_t>(point));
    }
}

/// Reads one value after the other and appends its canonical form.
class Canonicalizer {
public:
    Canonicalizer(std::string_view text, const CanonicalOptions& options)
        : cursor_(text, Mode::kStrict, {.max_depth = kMaxDepth}), options_(options) {}

    Result<std::string> run() {
        std::string out;
        bool empty = false;
        if (!value(out, empty, true) || !problem_.empty() || !cursor_.finish()) {
            return fail(ErrorCode::kInvalidParams,
                        problem_.empty() ? "it is not JSON, or nested too deeply" : problem_);
        }
        return out;
    }

private:
    /// `empty`: it is null, or an empty string, array or object.
    bool value(std::string& out, bool& empty, bool outermost) {
        switch (cursor_.kind()) {
            case Kind::kObject:
                return object(out, empty, outermost);
            case Kind::kArray:
                return array(out, empty);
            case Kind::kString: {
                std::string text;
                if (!cursor_.string(text)) return false;
                empty = text.empty();
                append_string(out, text);
                return true;
            }
            case Kind::kNumber:
                return number(out);
            default: {
                std::string_view word;
                empty = cursor_.kind() == Kind::kNull;
                if (!cursor_.raw(word)) return false;
                out.append(word);
                return true;
            }
        }
    }

    bool number(std::string& out) {
        std::string_view text;
        if (!cursor_.raw(text)) return false;
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = text.find_first_of(".eE") == std::string_view::npos;
        if (error != std::errc{} || !std::isfinite(number) ||
            (whole && std::abs(number) > kMostSafeInteger)) {
            return refuse("a number is beyond what a double holds exactly");
        }
        append_number(out, number);
        return true;
    }

    bool array(std::string& out, bool& empty) {
        out += '[';
        empty = true;
        const bool read = cursor_.array([&] {
            std::string item;
            bool nothing = false;
            if (!value(item, nothing, false)) return false;
            if (nothing && options_.strip_empty) return true;
            out.append(empty ? "" : ",").append(item);
            empty = false;
            return true;
        });
        out += ']';
        return read;
    }

    bool object(std::string& out, bool& empty, bool outermost) {
        std::vector<std::pair<std::u16string, std::string>> members;
        const bool read = cursor_.object([&](std::string_view name) {
            if (outermost && !options_.without.empty() && name == options_.without)
                return cursor_.skip();
            auto& [key, text] = members.emplace_back(utf16_of(name), std::string());
            append_string(text, name);
            text += ':';
            bool nothing = false;
            std::string member;
            if (!value(member, nothing, false)) return false;
            text += member;
            if (nothing && options_.strip_empty) members.pop_back();
            return true;
        });
        if (!read) return false;
        std::sort(members.begin(), members.end());
        out += '{';
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (i > 0 && members[i].first == members[i - 1].first)
                return refuse("a member is there twice");
            out.append(i == 0 ? "" : ",").append(members[i].second);
        }
        out += '}';
        empty = members.empty();
        return true;
    }

    bool refuse(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }

    Cursor cursor_;
    const CanonicalOptions& options_;
    std::string problem_;
};

}  // namespace

Result<std::string> canonical(std::string_view text, CanonicalOptions options) {
    return Canonicalizer(text, options).run();
}

}  // namespace a2akit::json
