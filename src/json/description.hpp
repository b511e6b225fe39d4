#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <variant>

// The form of a message on the wire, described once. Reading, writing, validation and the tests are
// made from it.

namespace a2akit::json {

/// Whether a field must be there. An int32, a message or a map is missing when the text does not
/// name it; a string, an array or an enum also when it is empty or unspecified, unless it may be.
enum class Need : std::uint8_t { kOptional, kRequired, kRequiredMayBeEmpty };

/// A field's name, as the protocol buffer spells it and as JSON does.
class FieldName {
public:
    constexpr explicit FieldName(std::string_view snake) : FieldName(snake, snake) {}
    /// Of a field that JSON calls by another name; `json` may be written with underscores, too.
    constexpr FieldName(std::string_view snake, std::string_view json) : snake_(snake) {
        text_[0] = ',';
        text_[1] = '"';
        bool upper = false;
        for (const char c : json) {
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

/// An optional lower bound on a time. It is rounded up, since otherwise earlier times within its
/// millisecond would match too.
struct NotBefore;

/// `As` names the ValueCodec of a field if it is not the one of its type; `ReadAs` names another
/// one for reading only.
template <class M, class T, class ValueAs = T, class ValueReadAs = ValueAs>
struct Field {
    using Value = T;
    using As = ValueAs;
    using ReadAs = ValueReadAs;
    static constexpr bool kIsAlternative = false;
    static constexpr bool kIsConstant = false;
    FieldName name;
    T M::* member;
    Need need;
};

/// The I-th alternative of a oneof, a field of its own on the wire.
template <class M, class V, std::size_t I, class ValueAs = std::variant_alternative_t<I, V>>
struct Alternative {
    using Value = std::variant_alternative_t<I, V>;
    using As = ValueAs;
    static constexpr bool kIsAlternative = true;
    static constexpr bool kIsConstant = false;
    static constexpr std::size_t kIndex = I;
    FieldName name;
    std::string_view oneof;
    V M::* member;
};

/// A field with a fixed value, which is kept nowhere. A text that is read may leave it out.
struct Constant {
    static constexpr bool kIsAlternative = false;
    static constexpr bool kIsConstant = true;
    FieldName name;
    std::string_view value;
};

template <class M, class T>
constexpr Field<M, T> field(std::string_view name, T M::* member, Need need = Need::kOptional) {
    return {FieldName(name), member, need};
}
template <class As, class M, class T>
constexpr Field<M, T, T, As> field_read_as(std::string_view name, T M::* member) {
    return {FieldName(name), member, Need::kOptional};
}
template <class As, class M, class T>
constexpr Field<M, T, As> field_as(FieldName name, T M::* member, Need need = Need::kOptional) {
    return {name, member, need};
}
template <class As, class M, class T>
constexpr Field<M, T, As> field_as(std::string_view name, T M::* member,
                                   Need need = Need::kOptional) {
    return field_as<As>(FieldName(name), member, need);
}
constexpr Constant constant(std::string_view name, std::string_view value) {
    return {FieldName(name), value};
}
template <std::size_t I, class M, class V>
constexpr Alternative<M, V, I> alternative(std::string_view name, std::string_view oneof,
                                           V M::* member) {
    return {FieldName(name), oneof, member};
}
template <std::size_t I, class As, class M, class V>
constexpr Alternative<M, V, I, As> alternative_as(std::string_view name, std::string_view oneof,
                                                  V M::* member) {
    return {FieldName(name), oneof, member};
}

/// Specialised for each message: `kName` and `kFields`, a tuple of Field, Alternative and Constant
/// in the protocol buffer's order. `D` is the message itself, or a tag for another form of it.
template <class D>
struct Description;

template <class D>
concept Described = requires { Description<D>::kFields; };

template <Described D>
constexpr std::size_t field_count() {
    return std::tuple_size_v<decltype(Description<D>::kFields)>;
}

}  // namespace a2akit::json
