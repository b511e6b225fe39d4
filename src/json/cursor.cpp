#include "json/cursor.hpp"

#include "json/scalars.hpp"
#include "json/scan.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace a2akit::json {
namespace {

constexpr std::size_t kMaxViolations = 32;
constexpr std::size_t kMaxKeyInPath = 64;
constexpr const char* kNoNul = "must not contain the character NUL (\\u0000)";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

void append_step(std::string& path, std::string_view key) {
    if (!path.empty()) path += '.';
    if (key.size() > kMaxKeyInPath) {
        std::size_t cut = kMaxKeyInPath;
        while (cut > 0 && (static_cast<unsigned char>(key[cut]) & 0xc0) == 0x80) --cut;
        key = key.substr(0, cut);
    }
    path += key;
}

/// Whether one of its strings or names holds NUL, which is possible as an escape only. `json` is
/// valid.
bool holds_nul(std::string_view json) {
    constexpr std::string_view kNul = "\\u0000";
    for (std::size_t at = json.find(kNul); at != std::string_view::npos;
         at = json.find(kNul, at + 1)) {
        std::size_t before = at;
        while (before > 0 && json[before - 1] == '\\') --before;
        if ((at - before) % 2 == 0) return true;  // Else the backslash itself is escaped.
    }
    return false;
}

/// `json` is valid: white space outside of strings is dropped.
std::string minify(std::string_view json) {
    std::string text;
    text.reserve(json.size());
    const char* at = json.data();
    const char* const end = at + json.size();
    while (at != end) {
        const char* const start = at;
        if (*at == '"') {
            at = find_special(at + 1, end);
            while (*at != '"')
                at = find_special(at + 2, end);  // Past a backslash and what it escapes.
            text.append(start, ++at);
        } else {
            if (static_cast<unsigned char>(*at) > ' ') text += *at;
            ++at;
        }
    }
    return text;
}

}  // namespace

Cursor::Cursor(std::string_view text, Mode mode, Limits limits)
    : begin_(text.data()),
      at_(text.data()),
      end_(text.data() + text.size()),
      max_depth_(limits.max_depth),
      max_elements_(limits.max_elements),
      mode_(mode) {
    if (text.size() > limits.max_bytes) {
        broken("the text is longer than " + std::to_string(limits.max_bytes) + " bytes");
    } else if (!simdjson::validate_utf8(text.data(), text.size())) {
        broken("the text is not valid UTF-8");
    }
}

char Cursor::ahead_after_space() noexcept {
    const char* at = at_;
    while (at != end_ && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    space_ += static_cast<std::size_t>(at - at_);
    at_ = at;
    return at == end_ ? '\0' : *at;
}

bool Cursor::too_deep() {
    return broken("nested deeper than " + std::to_string(max_depth_) + " levels");
}

void Cursor::too_many() {
    violation({}, "is one too many: an array may have " + std::to_string(max_elements_) +
                      " elements at most");
}

bool Cursor::broken(std::string message) {
    if (!broken_) {
        message_ = std::move(message);
        broken_ = true;
    }
    at_ = end_;  // Nothing can be read from here on.
    return false;
}

bool Cursor::unexpected(std::string_view expected) {
    if (broken_) return false;
    std::string message = "expected ";
    message += expected;
    if (at_ == end_) {
        message += at_ == begin_ ? ", but the text is empty" : ", but the text ends";
    } else {
        message += " at byte " + std::to_string(at_ - begin_);
    }
    return broken(std::move(message));
}

bool Cursor::literal(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        !std::equal(word.begin(), word.end(), at_)) {
        return unexpected("a value");
    }
    at_ += word.size();
    return true;
}

bool Cursor::number(std::string_view& token) {
    const char* const start = at_;
    if (*at_ == '-') ++at_;
    const auto digits = [this] {
        const char* const first = at_;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        return at_ != first;
    };
    const bool leading_zero = at_ != end_ && *at_ == '0';
    const char* const whole = at_;
    if (!digits() || (leading_zero && at_ - whole > 1))
        return unexpected("a number without leading zeros");
    if (at_ != end_ && *at_ == '.') {
        ++at_;
        if (!digits()) return unexpected("a digit after the decimal point");
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        if (!digits()) return unexpected("a digit in the exponent");
    }
    token = {start, at_};
    return true;
}

bool Cursor::in_range_of_double(std::string_view token) {
    constexpr std::size_t kAlwaysInRange = 300;  // 10^299 is less than the largest double.
    const std::size_t exponent = token.find_first_of("eE");
    if (token.size() <= kAlwaysInRange && exponent == std::string_view::npos) return true;
    double value = 0;
    const auto parsed = std::from_chars(token.data(), token.data() + token.size(), value);
    if (parsed.ec != std::errc::result_out_of_range) return true;
    const bool too_small = token[token[0] == '-' ? 1 : 0] == '0' ||
                           (exponent != std::string_view::npos && token[exponent + 1] == '-');
    return too_small;
}

bool Cursor::text_with_escapes(const char* start, std::string_view& text, std::string& scratch) {
    scratch.clear();
    if (!unescape(start, scratch)) return false;
    text = scratch;
    return true;
}

bool Cursor::unescape(const char* from, std::string& out) {
    while (true) {
        out.append(from, at_);
        if (at_ == end_) return unexpected("a closing quote");
        if (*at_ == '"') {
            ++at_;
            return true;
        }
        if (*at_ != '\\') return unexpected("an escaped control character (\\u00..) in a string");
        if (!escape_sequence(out)) return false;
        from = at_;
        at_ = find_special(at_, end_);
    }
}

bool Cursor::escape_sequence(std::string& out) {
    ++at_;
    if (at_ == end_) return unexpected("an escape sequence");
    switch (*at_++) {
        case '"':
            out += '"';
            return true;
        case '\\':
            out += '\\';
            return true;
        case '/':
            out += '/';
            return true;
        case 'b':
            out += '\b';
            return true;
        case 'f':
            out += '\f';
            return true;
        case 'n':
            out += '\n';
            return true;
        case 'r':
            out += '\r';
            return true;
        case 't':
            out += '\t';
            return true;
        case 'u':
            break;
        default:
            --at_;
            return unexpected("an escape sequence");
    }
    unsigned code = 0;
    if (!four_hex(code)) return false;
    if (code >= 0xd800 && code <= 0xdfff) {
        unsigned low = 0;
        if (code >= 0xdc00 || end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') {
            return unexpected("a pair of surrogates (\\ud8..\\udc..)");
        }
        at_ += 2;
        if (!four_hex(low)) return false;
        if (low < 0xdc00 || low > 0xdfff)
            return unexpected("a pair of surrogates (\\ud8..\\udc..)");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
}

bool Cursor::four_hex(unsigned& value) {
    if (end_ - at_ < 4) return unexpected("four hexadecimal digits");
    const auto [stop, error] = std::from_chars(at_, at_ + 4, value, 16);
    if (error != std::errc{} || stop != at_ + 4) return unexpected("four hexadecimal digits");
    at_ += 4;
    return true;
}

bool Cursor::string(std::string& out) {
    if (ahead() != '"') return mismatch("a string");
    const char* const start = ++at_;
    at_ = find_special(at_, end_);
    if (at_ != end_ && *at_ == '"') {
        out = std::string(start, at_++);
        return true;
    }
    out.clear();
    if (!unescape(start, out)) return false;
    if (mode_ == Mode::kStrict && out.find('\0') != std::string::npos) violation({}, kNoNul);
    return true;
}

bool Cursor::boolean(bool& out) {
    const char c = ahead();
    if (c != 't' && c != 'f') return mismatch("true or false");
    out = c == 't';
    return literal(out ? "true" : "false");
}

bool Cursor::token(std::string_view& out, std::string_view expected) {
    out = {};
    switch (kind()) {
        case Kind::kNumber:
            return number(out);
        case Kind::kString:
            return text_of_string(out, scratch_);
        default:
            return mismatch(expected);
    }
}

bool Cursor::int32(std::int32_t& out) {
    static constexpr std::string_view kExpected = "a whole number from -2147483648 to 2147483647";
    if (kind() != Kind::kNumber && kind() != Kind::kString) return mismatch(kExpected);
    std::string_view text;
    if (!token(text, kExpected)) return false;
    if (const auto value = parse_int32(text)) {
        out = *value;
    } else {
        violation({}, "must be " + std::string(kExpected));
    }
    return true;
}

bool Cursor::bytes(std::string& out) {
    if (ahead() != '"') return mismatch("a string in base64");
    std::string_view text;
    if (!text_of_string(text, scratch_)) return false;
    if (!decode_base64(text, out)) {
        out.clear();
        violation({}, "must be base64: A-Z, a-z, 0-9, and + / or - _, padded with = or not at all");
    }
    return true;
}

bool Cursor::skip() {
    switch (ahead()) {
        case '{':
            return skip_object();
        case '[':
            return skip_array();
        case '"':
            return skip_string();
        case 't':
            return literal("true");
        case 'f':
            return literal("false");
        case 'n':
            return literal("null");
        default:
            break;
    }
    if (kind() != Kind::kNumber) return unexpected("a value");
    std::string_view text;
    if (!number(text)) return false;
    if (!in_range_of_double(text))
        violation({}, "holds a number beyond the range of a double (about 1.8e308)");
    return true;
}

bool Cursor::skip_string() {
    ++at_;
    at_ = find_special(at_, end_);
    if (at_ != end_ && *at_ == '"') {
        ++at_;
        return true;
    }
    scratch_.clear();
    return unescape(at_, scratch_);
}

bool Cursor::skip_object() {
    if (!enter()) return false;
    if (ahead() == '}') return leave();
    do {
        if (ahead() != '"') return unexpected("a field's name in quotes");
        if (!skip_string()) return false;
        if (ahead() != ':') return unexpected("':' after a field's name");
        ++at_;
        if (!skip()) return false;
    } while (comma());
    return ahead() == '}' ? leave() : unexpected("',' or '}' after a field");
}

bool Cursor::skip_array() {
    if (!enter()) return false;
    if (ahead() == ']') return leave();
    do {
        if (!skip()) return false;
    } while (comma());
    return ahead() == ']' ? leave() : unexpected("',' or ']' after an element");
}

bool Cursor::raw(std::string_view& slice) {
    ahead();
    const char* const start = at_;
    if (!skip()) return false;
    slice = {start, at_};
    return true;
}

bool Cursor::raw_json(RawJson& out) {
    ahead();
    const std::size_t space_before = space_;
    std::string_view slice;
    if (!raw(slice)) return false;
    if (mode_ == Mode::kStrict && holds_nul(slice)) violation({}, kNoNul);
    out = RawJson(space_ == space_before ? std::string(slice) : minify(slice));
    return true;
}

void Cursor::violation(std::string_view child, std::string description) {
    ++violation_count_;
    if (violations_.size() < kMaxViolations)
        violations_.push_back({path(child), std::move(description)});
}

bool Cursor::mismatch(std::string_view expected) {
    const Kind found = kind();
    if (found == Kind::kNone) return unexpected("a value");
    static constexpr std::string_view kNames[] = {"an object", "an array",  "a string",
                                                  "a number",  "a boolean", "null"};
    violation({}, "must be " + std::string(expected) + ", not " +
                      std::string(kNames[static_cast<int>(found)]));
    return skip();
}

std::string Cursor::path(std::string_view child) const {
    std::vector<const PathNode*> nodes;
    for (const PathNode* node = path_; node != nullptr; node = node->outer) nodes.push_back(node);
    std::string text;
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
        if ((*node)->index >= 0) {
            text += '[' + std::to_string((*node)->index) + ']';
        } else {
            append_step(text, (*node)->key);
        }
    }
    if (!child.empty()) append_step(text, child);
    return text;
}

Result<void> Cursor::finish() {
    ahead();
    if (at_ != end_) unexpected("nothing after the value");
    if (broken_) return fail(ErrorCode::kParseError, "not valid JSON: " + message_);
    if (violations_.empty()) return {};
    const FieldViolation& first = violations_.front();
    std::string message =
        first.field.empty() ? first.description : first.field + ": " + first.description;
    if (violation_count_ > 1) message += " (and " + std::to_string(violation_count_ - 1) + " more)";
    return fail(Error{ErrorCode::kInvalidParams, std::move(message), nullptr}.with(
        {.violations = std::move(violations_),
         .metadata = {},
         .retry_after = {},
         .challenge = {}}));
}

}  // namespace a2akit::json
