#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>

// What a message looks like on the wire, said once. Reading, writing, validation and the tests are
// made from it.

namespace a2akit::json {

/// Whether a field must be there. An int32, a message or a map is missing when the text does not
/// name it; a string, an array or an enum also when it is empty or unspecified, unless it may be.
enum class Need : std::uint8_t { kOptional, kRequired, kRequiredMayBeEmpty };

/// A field's name, as the protocol buffer spells it and as JSON does.
class FieldName {
public:
    constexpr explicit FieldName(std::string_view snake) : snake_(snake) {
        text_[0] = ',';
        text_[1] = '"';
        bool upper = false;
        for (const char c : snake) {
            if (c == '_') {
                upper = true;
                continue;
            }
            text_[2 + size_++] =
                upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            upper = false;
        }
        text_[2 + size_] = '"';
        text_[3 + size_] = ':';
    }
    [[nodiscard]] constexpr std::string_view snake() const noexcept { return snake_; }
    [[nodiscard]] constexpr std::string_view camel() const noexcept {
        return {text_.data() + 2, size_};
    }
    /// `,"name":`
    [[nodiscard]] constexpr std::string_view prepared() const noexcept {
        return {text_.data(), size_ + 4};
    }

private:
    std::string_view snake_;
    std::size_t size_ = 0;
    std::array<char, 40> text_{};
};

/// An optional time from which on something counts: rounded up, or what lies before it within its
/// millisecond would count too.
struct NotBefore;

template <class M, class T, class As = T>
struct Field {
    using Value = T;
    using ReadAs = As;
    static constexpr bool kIsAlternative = false;
    FieldName name;
    T M::* member;
    Need need;
};

/// The I-th alternative of a oneof, a field of its own on the wire.
template <class M, class V, std::size_t I>
struct Alternative {
    using Value = std::variant_alternative_t<I, V>;
    static constexpr bool kIsAlternative = true;
    static constexpr std::size_t kIndex = I;
    FieldName name;
    std::string_view oneof;
    V M::* member;
};

template <class M, class T>
constexpr Field<M, T> field(std::string_view name, T M::* member, Need need = Need::kOptional) {
    return {FieldName(name), member, need};
}
template <class As, class M, class T>
constexpr Field<M, T, As> field_read_as(std::string_view name, T M::* member) {
    return {FieldName(name), member, Need::kOptional};
}
template <std::size_t I, class M, class V>
constexpr Alternative<M, V, I> alternative(std::string_view name, std::string_view oneof,
                                           V M::* member) {
    return {FieldName(name), oneof, member};
}

/// Specialised for each message: `kName` and `kFields`, a tuple of Field and Alternative in the
/// protocol buffer's order.
template <class M>
struct Description;

template <class M>
concept Described = requires { Description<M>::kFields; };

template <Described M>
constexpr std::size_t field_count() {
    return std::tuple_size_v<decltype(Description<M>::kFields)>;
}

}  // namespace a2akit::json
