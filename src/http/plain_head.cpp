#include "http/plain_head.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <tuple>
#include <utility>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace a2akit::http {
namespace {

constexpr std::size_t kMaxLengthDigits = 15;

template <class Allowed>
constexpr std::array<bool, 256> table_of(Allowed allowed) {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < 0x7f; ++c) table[c] = allowed(static_cast<char>(c));
    return table;
}

constexpr bool is_visible(char c) { return c > ' ' && c < '\x7f'; }
constexpr bool is_one_of(std::string_view all, char c) {
    return all.find(c) != std::string_view::npos;
}

constexpr auto kOfHost =
    table_of([](char c) { return is_visible(c) && !is_one_of("\"#/<>?@\\^`{|}", c); });
constexpr auto kOfTarget = table_of(is_visible);

/// The characters of methods and of names of fields (RFC 9110, section 5.6.2), in lower case; 0: no
/// such character.
constexpr auto kLowerToken = [] {
    std::array<char, 256> table{};
    for (char c = '!'; c < '\x7f'; ++c) {
        if (is_one_of("\"(),/:;<=>?@[\\]{}", c)) continue;
        const bool upper = c >= 'A' && c <= 'Z';
        table[static_cast<std::size_t>(c)] = upper ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    return table;
}();

/// How many characters at the beginning are in the table.
template <class Table>
std::size_t count_of(const Table& table, std::string_view text) noexcept {
    std::size_t count = 0;
    while (count < text.size() && table[static_cast<unsigned char>(text[count])]) ++count;
    return count;
}

/// How many characters at the beginning are visible ones of ASCII, or spaces.
std::size_t count_of_plain_text(std::string_view text) noexcept {
    std::size_t count = 0;
#if defined(__SSE2__)
    for (; text.size() - count >= 16; count += 16) {
        const __m128i chunk =
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + count));
        // As signed numbers, what is not ASCII is less than a space, too.
        const auto others = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_or_si128(_mm_cmplt_epi8(chunk, _mm_set1_epi8(' ')),
                                           _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\x7f')))));
        if (others != 0) return count + static_cast<std::size_t>(std::countr_zero(others));
    }
#endif
    while (count < text.size() && text[count] >= ' ' && text[count] <= '~') ++count;
    return count;
}

/// How many characters at the beginning are of a name, which are written to `lower` in lower case.
std::size_t count_of_name(std::string_view text, std::array<char, 64>& lower) noexcept {
    std::size_t count = 0;
#if defined(__SSE2__)
    // Nearly all names are short, and made of letters, digits and hyphens.
    if (text.size() >= 16) {
        const auto among = [](__m128i chunk, char first, char last) {
            return _mm_and_si128(_mm_cmpgt_epi8(chunk, _mm_set1_epi8(static_cast<char>(first - 1))),
                                 _mm_cmplt_epi8(chunk, _mm_set1_epi8(static_cast<char>(last + 1))));
        };
        __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
        chunk = _mm_or_si128(chunk, _mm_and_si128(among(chunk, 'A', 'Z'), _mm_set1_epi8(' ')));
        const auto known = static_cast<unsigned>(_mm_movemask_epi8(
            _mm_or_si128(_mm_or_si128(among(chunk, 'a', 'z'), among(chunk, '0', '9')),
                         _mm_cmpeq_epi8(chunk, _mm_set1_epi8('-')))));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(lower.data()), chunk);
        count = static_cast<std::size_t>(std::countr_one(known));
    }
#endif
    for (; count < std::min(text.size(), lower.size()); ++count) {
        const char c = kLowerToken[static_cast<unsigned char>(text[count])];
        if (c == 0) break;
        lower[count] = c;
    }
    return count;
}

std::string_view take(std::string_view& rest, std::size_t count) noexcept {
    const std::string_view taken = rest.substr(0, count);
    rest.remove_prefix(taken.size());
    return taken;
}

bool take_prefix(std::string_view& rest, std::string_view prefix) noexcept {
    if (!rest.starts_with(prefix)) return false;
    rest.remove_prefix(prefix.size());
    return true;
}

bool take_request_line(std::string_view& rest, PlainHead& head) noexcept {
    head.method = take(rest, count_of(kLowerToken, rest));
    if (head.method.empty() || !take_prefix(rest, " ")) return false;
    head.target = take(rest, count_of(kOfTarget, rest));
    return !head.target.empty() && take_prefix(rest, " HTTP/1.1\r\n");
}

struct Field {
    std::string_view name;  ///< In lower case, in `lower`.
    std::string_view value;
    std::array<char, 64> lower;
};

bool take_field(std::string_view& rest, Field& field) noexcept {
    const std::size_t size = count_of_name(rest, field.lower);
    if (size == 0 || size == rest.size() || rest[size] != ':') return false;
    field.name = {field.lower.data(), size};
    rest.remove_prefix(size + 1);
    std::string_view text = take(rest, count_of_plain_text(rest));
    if (!take_prefix(rest, "\r\n")) return false;
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    field.value = text;
    return true;
}

/// What the fields seen so far say about the connection and the body.
struct Framing {
    bool host = false;
    bool length = false;

    /// False: the field needs a second thought.
    bool add(const Field& field, PlainHead& head) noexcept {
        const std::string_view name = field.name;
        const std::string_view value = field.value;
        switch (name.size()) {
            case 4:
                return name != "host" || (!std::exchange(host, true) && may_be_host(value));
            case 6:
                return name != "expect";
            case 7:
                return name != "upgrade";
            case 10:
                return name != "connection" || value == "keep-alive";
            case 14:
                return name != "content-length" || set_length(value, head);
            case 16:
                return name != "proxy-connection";
            case 17:
                return name != "transfer-encoding";
            default:
                return true;
        }
    }

private:
    bool set_length(std::string_view value, PlainHead& head) noexcept {
        if (std::exchange(length, true) || value.empty() || value.size() > kMaxLengthDigits)
            return false;
        const char* const end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, head.body_length);
        return error == std::errc{} && stop == end;
    }
};

}  // namespace

std::optional<PlainHead> read_plain_head(
    std::string_view bytes, std::size_t max_body,
    std::vector<std::pair<std::string, std::string>>& headers) {
    PlainHead head;
    std::string_view rest = bytes;
    if (!take_request_line(rest, head)) return std::nullopt;
    Framing framing;
    Field field;
    while (!take_prefix(rest, "\r\n")) {
        if (!take_field(rest, field) || !framing.add(field, head)) return std::nullopt;
        headers.emplace_back(std::piecewise_construct, std::forward_as_tuple(field.name),
                             std::forward_as_tuple(field.value));
    }
    if (!framing.host || head.body_length > max_body) return std::nullopt;
    head.bytes = bytes.size() - rest.size();
    return head;
}

bool may_be_host(std::string_view text) noexcept { return count_of(kOfHost, text) == text.size(); }

}  // namespace a2akit::http
