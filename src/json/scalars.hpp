#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/protocol/message.hpp>
#include <a2akit/protocol/task.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The scalars of ProtoJSON, as text. Used by the codecs and by code that reads them from elsewhere
// (query parameters).

namespace a2akit::json {

/// A whole number in a JSON number's notation ("50", "-1", "5e1", "1.0"); none when it is something
/// else or out of range.
[[nodiscard]] std::optional<std::int32_t> parse_int32(std::string_view text) noexcept;

/// How a time's digits after the milliseconds are treated.
enum class Rounding : std::uint8_t { kDown, kUp };
/// RFC 3339 with any offset and any number of fractional digits.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(
    std::string_view text, Rounding rounding = Rounding::kDown) noexcept;

/// "2025-10-28T10:30:00.000Z".
using TimestampText = std::array<char, 24>;
[[nodiscard]] TimestampText text_of(Timestamp time) noexcept;

/// Both alphabets, padding optional. False: not base64; `out` is then unspecified.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& out);
/// Standard alphabet, padded.
void append_base64(std::string& out, std::string_view bytes);

/// One value of an enum and its name in the protocol buffer.
template <class E>
struct EnumName {
    E value;
    std::string_view name;
};
/// All values, by number.
[[nodiscard]] std::span<const EnumName<TaskState>> enum_names(TaskState) noexcept;
[[nodiscard]] std::span<const EnumName<Role>> enum_names(Role) noexcept;

/// By name ("TASK_STATE_WORKING"); nullopt for an unknown name.
template <class E>
[[nodiscard]] std::optional<E> parse_enum(std::string_view text) noexcept {
    for (const auto& entry : enum_names(E{})) {
        if (entry.name == text) return entry.value;
    }
    return std::nullopt;
}

/// By number, in a JSON number's notation ("2"); none when no value has it.
template <class E>
[[nodiscard]] std::optional<E> parse_enum_number(std::string_view text) noexcept {
    const auto number = parse_int32(text);
    const auto names = enum_names(E{});
    if (!number || *number < 0 || static_cast<std::size_t>(*number) >= names.size())
        return std::nullopt;
    return names[static_cast<std::size_t>(*number)].value;
}

/// The allowed names, for an error: all but the unspecified one.
template <class E>
[[nodiscard]] std::string list_enum_names() {
    std::string list;
    for (const auto& entry : enum_names(E{}).subspan(1)) {
        if (!list.empty()) list += ", ";
        list += entry.name;
    }
    return list;
}

}  // namespace a2akit::json
