#pragma once

#include "json/card_descriptions.hpp"
#include "json/codec.hpp"
#include "json/description.hpp"
#include "json/request_descriptions.hpp"
#include "json/scalars.hpp"
#include "json/task_descriptions.hpp"
#include "json/value_codec.hpp"

#include <utility>

// The templates behind codec.hpp; included by codec_*.cpp only.

namespace a2akit::json {

/// What was met while a message was read: one bit per field of its description.
struct Met {
    std::uint64_t seen = 0;
    std::uint64_t faulty = 0;  ///< A violation is noted already.
};

template <class M>
std::string alternatives_of(std::string_view oneof) {
    std::string names;
    const auto add = [&](const auto& field) {
        if constexpr (std::remove_cvref_t<decltype(field)>::kIsAlternative) {
            if (field.oneof != oneof) return;
            if (!names.empty()) names += ", ";
            names += field.name.camel();
        }
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, Description<M>::kFields);
    return names;
}

/// The name of the alternative that a oneof holds.
template <class M>
std::string_view alternative_in(const M& message) {
    std::string_view name;
    const auto look = [&](const auto& field) {
        using F = std::remove_cvref_t<decltype(field)>;
        if constexpr (F::kIsAlternative) {
            if ((message.*field.member).index() == F::kIndex) name = field.name.camel();
        }
    };
    std::apply([&](const auto&... field) { (look(field), ...); }, Description<M>::kFields);
    return name;
}

template <class M, class F>
bool read_alternative(Cursor& cursor, M& message, const F& field) {
    auto& oneof = message.*field.member;
    if (oneof.index() != 0) {
        cursor.violation({}, "only one of " + alternatives_of<M>(field.oneof) +
                                 " may be set, and " + std::string(alternative_in(message)) +
                                 " is set already");
        return cursor.skip();
    }
    return ValueCodec<typename F::Value>::read(cursor, oneof.template emplace<F::kIndex>());
}

template <class M, std::size_t I>
bool read_field(Cursor& cursor, M& message, Met& met) {
    constexpr const auto& kField = std::get<I>(Description<M>::kFields);
    using F = std::remove_cvref_t<decltype(kField)>;
    if constexpr (!ValueCodec<typename F::Value>::kNullIsValue) {
        bool is_null = false;
        if (!cursor.null(is_null)) return false;
        if (is_null) return true;
    }
    constexpr std::uint64_t kBit = std::uint64_t{1} << I;
    if ((met.seen & kBit) != 0) {
        cursor.violation({}, "is given twice");
        return cursor.skip();
    }
    met.seen |= kBit;
    const std::size_t violations = cursor.violation_count();
    bool ok = false;
    if constexpr (F::kIsAlternative) {
        ok = read_alternative(cursor, message, kField);
    } else {
        ok = ValueCodec<typename F::ReadAs>::read(cursor, message.*kField.member);
    }
    if (cursor.violation_count() != violations) met.faulty |= kBit;
    return ok;
}

/// Inlined with the names as constants, so that a comparison is one of lengths and a few words.
template <class M, std::size_t I>
[[gnu::always_inline]] inline bool is_field(std::string_view key) {
    constexpr std::string_view kCamel = std::get<I>(Description<M>::kFields).name.camel();
    constexpr std::string_view kSnake = std::get<I>(Description<M>::kFields).name.snake();
    if (key.size() == kCamel.size() &&
        __builtin_memcmp(key.data(), kCamel.data(), kCamel.size()) == 0)
        return true;
    if constexpr (kSnake.size() != kCamel.size()) {
        return key.size() == kSnake.size() &&
               __builtin_memcmp(key.data(), kSnake.data(), kSnake.size()) == 0;
    }
    return false;
}

template <class M, std::size_t... I>
bool dispatch_field(Cursor& cursor, M& message, std::string_view key, Met& met,
                    std::index_sequence<I...>) {
    bool ok = true;
    const bool known =
        ((is_field<M, I>(key) && (ok = read_field<M, I>(cursor, message, met), true)) || ...);
    return known ? ok : cursor.skip();
}

template <class M, std::size_t I>
void check_required(Cursor& cursor, const M& message, const Met& met) {
    constexpr const auto& kField = std::get<I>(Description<M>::kFields);
    using F = std::remove_cvref_t<decltype(kField)>;
    if constexpr (F::kIsAlternative) {
        if constexpr (F::kIndex == 1) {
            if ((message.*kField.member).index() == 0) {
                cursor.violation({}, "must hold one of " + alternatives_of<M>(kField.oneof));
            }
        }
    } else if constexpr (kField.need != Need::kOptional) {
        using Codec = ValueCodec<typename F::Value>;
        constexpr std::uint64_t kBit = std::uint64_t{1} << I;
        constexpr bool kMayBeEmpty = kField.need == Need::kRequiredMayBeEmpty;
        const bool was_seen = (met.seen & kBit) != 0;
        if ((met.faulty & kBit) != 0) return;
        if (kMayBeEmpty ? !was_seen : Codec::is_missing(message.*kField.member, was_seen)) {
            cursor.violation(kField.name.camel(), "is required: " + Codec::expected(kMayBeEmpty));
        }
    }
}

template <class M>
bool read(Cursor& cursor, M& message) {
    if (cursor.kind() != Kind::kObject) return cursor.mismatch("an object");
    constexpr auto kIndices = std::make_index_sequence<field_count<M>()>();
    Met met;
    if (!cursor.object([&](std::string_view key) {
            return dispatch_field(cursor, message, key, met, kIndices);
        })) {
        return false;
    }
    if (cursor.mode() == Mode::kStrict) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (check_required<M, I>(cursor, message, met), ...);
        }(kIndices);
    }
    return true;
}

template <class M, std::size_t I>
void write_field(Writer& writer, const M& message) {
    constexpr const auto& kField = std::get<I>(Description<M>::kFields);
    using F = std::remove_cvref_t<decltype(kField)>;
    using Codec = ValueCodec<typename F::Value>;
    const auto& member = message.*kField.member;
    if constexpr (F::kIsAlternative) {
        if (const auto* value = std::get_if<F::kIndex>(&member)) {
            writer.prepared_key(kField.name.prepared());
            Codec::write(writer, *value);
        }
    } else {
        if constexpr (kField.need == Need::kOptional) {
            if (Codec::is_absent(member)) return;
        }
        writer.prepared_key(kField.name.prepared());
        Codec::write(writer, member);
    }
}

template <class M>
void write(Writer& writer, const M& message) {
    writer.begin_object();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (write_field<M, I>(writer, message), ...);
    }(std::make_index_sequence<field_count<M>()>());
    writer.end_object();
}

}  // namespace a2akit::json

/// In codec_*.cpp, once per message.
#define A2AKIT_JSON_INSTANTIATE(M)      \
    template bool read<M>(Cursor&, M&); \
    template void write<M>(Writer&, const M&);
