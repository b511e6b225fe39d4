#include "json/scalars.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace a2akit::json {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Reads exactly `width` digits at `at` and moves on; -1 when there are fewer.
int fixed_digits(std::string_view text, std::size_t& at, int width) noexcept {
    int value = 0;
    for (int i = 0; i < width; ++i, ++at) {
        if (at >= text.size() || !is_digit(text[at])) return -1;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

bool take(std::string_view text, std::size_t& at, char c) noexcept {
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
}

/// Minutes east of UTC from "Z", "+05:30"; none when it is neither or something follows.
std::optional<int> parse_offset(std::string_view text, std::size_t at) noexcept {
    if (take(text, at, 'Z') || take(text, at, 'z')) {
        return at == text.size() ? std::optional(0) : std::nullopt;
    }
    const bool west = at < text.size() && text[at] == '-';
    if (!west && (at >= text.size() || text[at] != '+')) return std::nullopt;
    ++at;
    const int hours = fixed_digits(text, at, 2);
    if (hours < 0 || hours > 23 || !take(text, at, ':')) return std::nullopt;
    const int minutes = fixed_digits(text, at, 2);
    if (minutes < 0 || minutes > 59 || at != text.size()) return std::nullopt;
    return (west ? -1 : 1) * (hours * 60 + minutes);
}

constexpr std::array<signed char, 256> make_base64_values() {
    std::array<signed char, 256> values{};
    values.fill(-1);
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
    }
    values['-'] = 62;
    values['_'] = 63;
    return values;
}
constexpr auto kBase64Values = make_base64_values();

void put_digits(char* at, int value, int width) noexcept {
    for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<std::int32_t> parse_int32(std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    const std::size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
    if (first >= text.size() || !is_digit(text[first])) return std::nullopt;
    std::int32_t whole = 0;
    const auto [at, error] = std::from_chars(text.data(), end, whole);
    if (error == std::errc{} && at == end) return whole;
    double number = 0;
    const auto [stop, range] = std::from_chars(text.data(), end, number);
    if (range != std::errc{} || stop != end || number != std::floor(number)) return std::nullopt;
    if (number < std::numeric_limits<std::int32_t>::min() ||
        number > std::numeric_limits<std::int32_t>::max()) {
        return std::nullopt;
    }
    return static_cast<std::int32_t>(number);
}

std::optional<Timestamp> parse_timestamp(std::string_view text, Rounding rounding) noexcept {
    std::size_t at = 0;
    const int year = fixed_digits(text, at, 4);
    if (year < 1 || !take(text, at, '-')) return std::nullopt;
    const int month = fixed_digits(text, at, 2);
    if (month < 0 || !take(text, at, '-')) return std::nullopt;
    const int day = fixed_digits(text, at, 2);
    if (day < 0 || !(take(text, at, 'T') || take(text, at, 't'))) return std::nullopt;
    const int hour = fixed_digits(text, at, 2);
    if (hour < 0 || hour > 23 || !take(text, at, ':')) return std::nullopt;
    const int minute = fixed_digits(text, at, 2);
    if (minute < 0 || minute > 59 || !take(text, at, ':')) return std::nullopt;
    const int second = fixed_digits(text, at, 2);
    if (second < 0 || second > 59) return std::nullopt;
    int millisecond = 0;
    bool rest = false;
    if (take(text, at, '.')) {
        int digits = 0;
        for (; at < text.size() && is_digit(text[at]); ++at, ++digits) {
            if (digits < 3)
                millisecond = millisecond * 10 + (text[at] - '0');
            else if (text[at] != '0')
                rest = true;
        }
        if (digits == 0) return std::nullopt;
        for (; digits < 3; ++digits) millisecond *= 10;
        if (rest && rounding == Rounding::kUp) ++millisecond;
    }
    const auto offset = parse_offset(text, at);
    const std::chrono::year_month_day date(std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)});
    if (!offset || !date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) +
           std::chrono::minutes(minute - *offset) + std::chrono::seconds(second) +
           std::chrono::milliseconds(millisecond);
}

TimestampText text_of(Timestamp time) noexcept {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const int milliseconds = static_cast<int>((time - day).count());
    TimestampText text;
    std::memcpy(text.data(), "0000-00-00T00:00:00.000Z", text.size());
    char* const at = text.data();
    put_digits(at, static_cast<int>(date.year()), 4);
    put_digits(at + 5, static_cast<int>(static_cast<unsigned>(date.month())), 2);
    put_digits(at + 8, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    put_digits(at + 11, milliseconds / 3'600'000, 2);
    put_digits(at + 14, milliseconds / 60'000 % 60, 2);
    put_digits(at + 17, milliseconds / 1000 % 60, 2);
    put_digits(at + 20, milliseconds % 1000, 3);
    return text;
}

bool decode_base64(std::string_view text, std::string& out) {
    std::size_t padding = 0;
    while (padding < 2 && !text.empty() && text.back() == '=') {
        text.remove_suffix(1);
        ++padding;
    }
    const std::size_t rest = text.size() % 4;
    if (rest == 1 || (padding != 0 && (rest + padding) % 4 != 0)) return false;
    out.resize(text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1));
    char* to = out.data();
    std::uint32_t bits = 0;
    int held = 0;
    int bad = 0;
    for (const char c : text) {
        const int value = kBase64Values[static_cast<unsigned char>(c)];
        bad |= value;
        bits = (bits << 6) | (static_cast<std::uint32_t>(value) & 0x3f);
        if (++held == 4) {
            *to++ = static_cast<char>(bits >> 16);
            *to++ = static_cast<char>(bits >> 8);
            *to++ = static_cast<char>(bits);
            held = 0;
            bits = 0;
        }
    }
    if (held == 2) *to++ = static_cast<char>(bits >> 4);
    if (held == 3) {
        *to++ = static_cast<char>(bits >> 10);
        *to++ = static_cast<char>(bits >> 2);
    }
    return bad >= 0;
}

void append_base64(std::string& out, std::string_view bytes) {
    static constexpr char kAlphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4, '=');
    char* to = out.data() + start;
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t bits = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
        *to++ = kAlphabet[bits >> 18];
        *to++ = kAlphabet[(bits >> 12) & 0x3f];
        *to++ = kAlphabet[(bits >> 6) & 0x3f];
        *to++ = kAlphabet[bits & 0x3f];
    }
    if (bytes.size() - i == 1) {
        *to++ = kAlphabet[byte(i) >> 2];
        *to++ = kAlphabet[(byte(i) << 4) & 0x3f];
    } else if (bytes.size() - i == 2) {
        const std::uint32_t bits = (byte(i) << 8) | byte(i + 1);
        *to++ = kAlphabet[bits >> 10];
        *to++ = kAlphabet[(bits >> 4) & 0x3f];
        *to++ = kAlphabet[(bits << 2) & 0x3f];
    }
}

std::span<const EnumName<TaskState>> enum_names(TaskState) noexcept {
    using enum TaskState;
    static constexpr EnumName<TaskState> kNames[] = {
        {kUnspecified, "TASK_STATE_UNSPECIFIED"},
        {kSubmitted, "TASK_STATE_SUBMITTED"},
        {kWorking, "TASK_STATE_WORKING"},
        {kCompleted, "TASK_STATE_COMPLETED"},
        {kFailed, "TASK_STATE_FAILED"},
        {kCanceled, "TASK_STATE_CANCELED"},
        {kInputRequired, "TASK_STATE_INPUT_REQUIRED"},
        {kRejected, "TASK_STATE_REJECTED"},
        {kAuthRequired, "TASK_STATE_AUTH_REQUIRED"},
    };
    return kNames;
}

std::span<const EnumName<Role>> enum_names(Role) noexcept {
    using enum Role;
    static constexpr EnumName<Role> kNames[] = {
        {kUnspecified, "ROLE_UNSPECIFIED"}, {kUser, "ROLE_USER"}, {kAgent, "ROLE_AGENT"}};
    return kNames;
}

}  // namespace a2akit::json
