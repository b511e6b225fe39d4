#include "http/plain_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

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

/// Visible characters of ASCII, and spaces.
bool is_plain_text(std::string_view text) noexcept {
    unsigned wrong = 0;
    for (const char c : text)
        wrong |= static_cast<unsigned>(static_cast<unsigned char>(c - ' ') > '~' - ' ');
    return wrong == 0;
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
    auto& lower = field.lower;
    std::size_t size = 0;
    for (; size < std::min(rest.size(), lower.size()); ++size) {
        const char c = kLowerToken[static_cast<unsigned char>(rest[size])];
        if (c == 0) break;
        lower[size] = c;
    }
    if (size == 0 || size == rest.size() || rest[size] != ':') return false;
    field.name = {lower.data(), size};
    rest.remove_prefix(size + 1);
    std::string_view text = take(rest, rest.find('\r'));
    if (!take_prefix(rest, "\r\n") || !is_plain_text(text)) return false;
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
