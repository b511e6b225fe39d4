#pragma once

#include "json/card_descriptions.hpp"
#include "json/codec.hpp"
#include "json/description.hpp"
#include "json/request_descriptions.hpp"
#include "json/scalars.hpp"
#include "json/task_descriptions.hpp"
#include "json/value_codec.hpp"

#include <utility>

// The templates behind codec.hpp; included only where they are instantiated: by codec_*.cpp, and by
// code that reads and writes messages in another form, with Descriptions of its own.

namespace a2akit::json {

/// The fields met while a message was read: one bit per field of its description.
struct FieldsRead {
    std::uint64_t seen = 0;
    std::uint64_t faulty = 0;  ///< A violation is noted already.
};

template <class D>
std::string alternatives_of(std::string_view oneof) {
    std::string names;
    const auto add = [&](const auto& field) {
        if constexpr (std::remove_cvref_t<decltype(field)>::kIsAlternative) {
            if (field.oneof != oneof) return;
            if (!names.empty()) names += ", ";
            names += field.name.camel();
        }
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, Description<D>::kFields);
    return names;
}

/// The name of the alternative that a oneof holds.
template <class D, class M>
std::string_view alternative_in(const M& message) {
    std::string_view name;
    const auto look = [&](const auto& field) {
        using F = std::remove_cvref_t<decltype(field)>;
        if constexpr (F::kIsAlternative) {
            if ((message.*field.member).index() == F::kIndex) name = field.name.camel();
        }
    };
    std::apply([&](const auto&... field) { (look(field), ...); }, Description<D>::kFields);
    return name;
}

template <class D, class M, class F>
bool read_alternative(Cursor& cursor, M& message, const F& field) {
    auto& oneof = message.*field.member;
    if (oneof.index() != 0) {
        cursor.violation({}, "only one of " + alternatives_of<D>(field.oneof) +
                                 " may be set, and " + std::string(alternative_in<D>(message)) +
                                 " is set already");
        return cursor.skip();
    }
    return ValueCodec<typename F::As>::read(cursor, oneof.template emplace<F::kIndex>());
}

inline bool read_constant(Cursor& cursor, std::string_view value) {
    const std::string expected = '"' + std::string(value) + '"';
    if (cursor.kind() != Kind::kString) return cursor.mismatch(expected);
    std::string_view text;
    if (!cursor.token(text, expected)) return false;
    if (text != value) cursor.violation({}, "must be " + expected + " or absent");
    return true;
}

template <class F>
constexpr bool null_is_value() {
    if constexpr (F::kIsConstant)
        return false;
    else
        return ValueCodec<typename F::As>::kNullIsValue;
}

template <class D, std::size_t I, class M>
bool read_field(Cursor& cursor, M& message, FieldsRead& fields) {
    constexpr const auto& kField = std::get<I>(Description<D>::kFields);
    using F = std::remove_cvref_t<decltype(kField)>;
    if constexpr (!null_is_value<F>()) {
        bool is_null = false;
        if (!cursor.null(is_null)) return false;
        if (is_null) return true;
    }
    constexpr std::uint64_t kBit = std::uint64_t{1} << I;
    if ((fields.seen & kBit) != 0) {
        cursor.violation({}, "is given twice");
        return cursor.skip();
    }
    fields.seen |= kBit;
    const std::size_t violations = cursor.violation_count();
    bool ok = false;
    if constexpr (F::kIsConstant) {
        ok = read_constant(cursor, kField.value);
    } else if constexpr (F::kIsAlternative) {
        ok = read_alternative<D>(cursor, message, kField);
    } else {
        ok = ValueCodec<typename F::ReadAs>::read(cursor, message.*kField.member);
    }
    if (cursor.violation_count() != violations) fields.faulty |= kBit;
    return ok;
}

/// Inlined with the names as constants, so that a comparison is one of lengths and a few words.
template <class D, std::size_t I>
[[gnu::always_inline]] inline bool is_field(std::string_view key) {
    constexpr std::string_view kCamel = std::get<I>(Description<D>::kFields).name.camel();
    constexpr std::string_view kSnake = std::get<I>(Description<D>::kFields).name.snake();
    if (key.size() == kCamel.size() &&
        __builtin_memcmp(key.data(), kCamel.data(), kCamel.size()) == 0)
        return true;
    if constexpr (kSnake != kCamel) {
        return key.size() == kSnake.size() &&
               __builtin_memcmp(key.data(), kSnake.data(), kSnake.size()) == 0;
    }
    return false;
}

template <class D, class M, std::size_t... I>
bool dispatch_field(Cursor& cursor, M& message, std::string_view key, FieldsRead& fields,
                    std::index_sequence<I...>) {
    bool ok = true;
    const bool known =
        ((is_field<D, I>(key) && (ok = read_field<D, I>(cursor, message, fields), true)) || ...);
    return known ? ok : cursor.skip();
}

template <class D, std::size_t I, class M>
void check_required(Cursor& cursor, const M& message, const FieldsRead& fields) {
    constexpr const auto& kField = std::get<I>(Description<D>::kFields);
    using F = std::remove_cvref_t<decltype(kField)>;
    if constexpr (F::kIsConstant) {
        return;
    } else if constexpr (F::kIsAlternative) {
        if constexpr (F::kIndex == 1) {
            if ((message.*kField.member).index() == 0) {
                cursor.violation({}, "must hold one of " + alternatives_of<D>(kField.oneof));
            }
        }
    } else if constexpr (kField.need != Need::kOptional) {
        using Codec = ValueCodec<typename F::As>;
        constexpr std::uint64_t kBit = std::uint64_t{1} << I;
        constexpr bool kMayBeEmpty = kField.need == Need::kRequiredMayBeEmpty;
        const bool was_seen = (fields.seen & kBit) != 0;
        if ((fields.faulty & kBit) != 0) return;
        if (kMayBeEmpty ? !was_seen : Codec::is_missing(message.*kField.member, was_seen)) {
            cursor.violation(kField.name.camel(), "is required: " + Codec::expected(kMayBeEmpty));
        }
    }
}

template <Described D, class M>
bool read_as(Cursor& cursor, M& message) {
    if (cursor.kind() != Kind::kObject) return cursor.mismatch("an object");
    constexpr auto kIndices = std::make_index_sequence<field_count<D>()>();
    FieldsRead fields;
    if (!cursor.object([&](std::string_view key) {
            return dispatch_field<D>(cursor, message, key, fields, kIndices);
        })) {
        return false;
    }
    if (cursor.mode() == Mode::kStrict) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (check_required<D, I>(cursor, message, fields), ...);
        }(kIndices);
    }
    return true;
}

template <class M>
bool read(Cursor& cursor, M& message) {
    return read_as<M>(cursor, message);
}

template <class D, std::size_t I, class M>
void write_field(Writer& writer, const M& message) {
    constexpr const auto& kField = std::get<I>(Description<D>::kFields);
    using F = std::remove_cvref_t<decltype(kField)>;
    if constexpr (F::kIsConstant) {
        writer.prepared_key(kField.name.prepared());
        writer.plain_string(kField.value);
    } else if constexpr (F::kIsAlternative) {
        if (const auto* value = std::get_if<F::kIndex>(&(message.*kField.member))) {
            writer.prepared_key(kField.name.prepared());
            ValueCodec<typename F::As>::write(writer, *value);
        }
    } else {
        using Codec = ValueCodec<typename F::As>;
        const auto& member = message.*kField.member;
        if constexpr (kField.need == Need::kOptional) {
            if (Codec::is_absent(member)) return;
        }
        writer.prepared_key(kField.name.prepared());
        Codec::write(writer, member);
    }
}

template <Described D, class M>
void write_as(Writer& writer, const M& message) {
    writer.begin_object();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (write_field<D, I>(writer, message), ...);
    }(std::make_index_sequence<field_count<D>()>());
    writer.end_object();
}

template <class M>
void write(Writer& writer, const M& message) {
    write_as<M>(writer, message);
}

}  // namespace a2akit::json

/// In codec_*.cpp, once per message.
#define A2AKIT_JSON_INSTANTIATE(M)      \
    template bool read<M>(Cursor&, M&); \
    template void write<M>(Writer&, const M&);
