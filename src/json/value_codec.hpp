#pragma once

#include "json/codec.hpp"
#include "json/description.hpp"
#include "json/scalars.hpp"

#include <a2akit/core/shared.hpp>
#include <a2akit/protocol/message.hpp>

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

// How one type of field is read and written. Each specialisation offers
//   read(cursor, value), write(writer, value);
//   is_absent(value): an optional field with this value is left out;
//   is_missing(value, seen), expected(may_be_empty): of required fields.

namespace a2akit::json {

template <class As>
struct ValueCodec;

struct ValueCodecBase {
    static constexpr bool kNullIsValue = false;
};

template <>
struct ValueCodec<std::string> : ValueCodecBase {
    static bool read(Cursor& cursor, std::string& value) { return cursor.string(value); }
    static void write(Writer& writer, const std::string& value) { writer.string(value); }
    static bool is_absent(const std::string& value) { return value.empty(); }
    static bool is_missing(const std::string& value, bool) { return value.empty(); }
    static std::string expected(bool may_be_empty) {
        return may_be_empty ? "a string" : "a string that is not empty";
    }
};

template <>
struct ValueCodec<bool> : ValueCodecBase {
    static bool read(Cursor& cursor, bool& value) { return cursor.boolean(value); }
    static void write(Writer& writer, bool value) { writer.boolean(value); }
    static bool is_absent(bool value) { return !value; }
};

template <>
struct ValueCodec<std::int32_t> : ValueCodecBase {
    static bool read(Cursor& cursor, std::int32_t& value) { return cursor.int32(value); }
    static void write(Writer& writer, std::int32_t value) { writer.integer(value); }
    static bool is_absent(std::int32_t value) { return value == 0; }
    static bool is_missing(std::int32_t, bool seen) { return !seen; }
    static std::string expected(bool) { return "a whole number"; }
};

template <class E>
    requires std::is_enum_v<E>
struct ValueCodec<E> : ValueCodecBase {
    static bool read(Cursor& cursor, E& value) {
        const std::string_view wanted = "the name of an enum value";
        const Kind kind = cursor.kind();
        if (kind != Kind::kString && kind != Kind::kNumber) return cursor.mismatch(wanted);
        std::string_view text;
        if (!cursor.token(text, wanted)) return false;
        const auto found = kind == Kind::kString ? parse_enum<E>(text) : parse_enum_number<E>(text);
        value = found.value_or(E{});
        if (!found && cursor.mode() == Mode::kStrict)
            cursor.violation({}, "must be one of " + list_enum_names<E>());
        return true;
    }
    static void write(Writer& writer, E value) {
        writer.plain_string(enum_names(E{})[static_cast<std::size_t>(value)].name);
    }
    static bool is_absent(E value) { return value == E{}; }
    static bool is_missing(E value, bool) { return value == E{}; }
    static std::string expected(bool) { return "one of " + list_enum_names<E>(); }
};

template <>
struct ValueCodec<Timestamp> : ValueCodecBase {
    static bool read(Cursor& cursor, Timestamp& value, Rounding rounding = Rounding::kDown) {
        static constexpr std::string_view kExpected = "a time such as \"2025-10-28T10:30:00.000Z\"";
        if (cursor.kind() != Kind::kString) return cursor.mismatch(kExpected);
        std::string_view text;
        if (!cursor.token(text, kExpected)) return false;
        const auto time = parse_timestamp(text, rounding);
        if (time) value = *time;
        if (!time) cursor.violation({}, "must be " + std::string(kExpected));
        return true;
    }
    static void write(Writer& writer, Timestamp value) { writer.timestamp(value); }
};

template <>
struct ValueCodec<NotBefore> : ValueCodecBase {
    static bool read(Cursor& cursor, std::optional<Timestamp>& value) {
        return ValueCodec<Timestamp>::read(cursor, value.emplace(), Rounding::kUp);
    }
};

/// google.protobuf.Struct: any JSON object.
template <>
struct ValueCodec<RawJson> : ValueCodecBase {
    static bool read(Cursor& cursor, RawJson& value) {
        return cursor.kind() == Kind::kObject ? cursor.raw_json(value)
                                              : cursor.mismatch("an object");
    }
    static void write(Writer& writer, const RawJson& value) { writer.raw(value.text()); }
    static bool is_absent(const RawJson& value) { return value.empty(); }
};

template <>
struct ValueCodec<TextContent> : ValueCodecBase {
    static bool read(Cursor& cursor, TextContent& value) { return cursor.string(value.text); }
    static void write(Writer& writer, const TextContent& value) { writer.string(value.text); }
};
template <>
struct ValueCodec<RawContent> : ValueCodecBase {
    static bool read(Cursor& cursor, RawContent& value) { return cursor.bytes(value.bytes); }
    static void write(Writer& writer, const RawContent& value) { writer.base64(value.bytes); }
};
template <>
struct ValueCodec<UrlContent> : ValueCodecBase {
    static bool read(Cursor& cursor, UrlContent& value) { return cursor.string(value.url); }
    static void write(Writer& writer, const UrlContent& value) { writer.string(value.url); }
};
/// google.protobuf.Value: any JSON value, null included.
template <>
struct ValueCodec<DataContent> {
    static constexpr bool kNullIsValue = true;
    static bool read(Cursor& cursor, DataContent& value) { return cursor.raw_json(value.value); }
    static void write(Writer& writer, const DataContent& value) {
        writer.raw(value.value.empty() ? "null" : std::string_view(value.value.text()));
    }
};

/// As `read` and `write` of codec.hpp, for a description that is not the message's own.
template <Described D, class M>
bool read_as(Cursor& cursor, M& message);
template <Described D, class M>
void write_as(Writer& writer, const M& message);

template <Described D>
struct ValueCodec<D> : ValueCodecBase {
    template <class M>
    static bool read(Cursor& cursor, M& value) {
        if constexpr (std::is_same_v<D, M>)
            return json::read(cursor, value);
        else
            return read_as<D>(cursor, value);
    }
    template <class M>
    static void write(Writer& writer, const M& value) {
        if constexpr (std::is_same_v<D, M>)
            json::write(writer, value);
        else
            write_as<D>(writer, value);
    }
    template <class M>
    static bool is_absent(const M&) {
        return false;
    }
    template <class M>
    static bool is_missing(const M&, bool seen) {
        return !seen;
    }
    static std::string expected(bool) { return "an object"; }
};

// Of these, the type of the elements says which codec they go through, and may differ from theirs.

template <class T>
struct ValueCodec<Shared<T>> : ValueCodecBase {
    template <class M>
    static bool read(Cursor& cursor, Shared<M>& value) {
        M message;
        if (!ValueCodec<T>::read(cursor, message)) return false;
        value = Shared<M>(std::move(message));
        return true;
    }
    template <class M>
    static void write(Writer& writer, const Shared<M>& value) {
        ValueCodec<T>::write(writer, *value);
    }
    template <class M>
    static bool is_absent(const Shared<M>&) {
        return false;
    }
    template <class M>
    static bool is_missing(const Shared<M>&, bool seen) {
        return !seen;
    }
    static std::string expected(bool) { return "an object"; }
};

template <class T>
struct ValueCodec<std::optional<T>> : ValueCodecBase {
    template <class V>
    static bool read(Cursor& cursor, std::optional<V>& value) {
        return ValueCodec<T>::read(cursor, value.emplace());
    }
    template <class V>
    static void write(Writer& writer, const std::optional<V>& value) {
        ValueCodec<T>::write(writer, *value);
    }
    template <class V>
    static bool is_absent(const std::optional<V>& value) {
        return !value.has_value();
    }
};

template <class T>
struct ValueCodec<std::vector<T>> : ValueCodecBase {
    template <class V>
    static bool read(Cursor& cursor, std::vector<V>& values) {
        return cursor.array([&] { return ValueCodec<T>::read(cursor, values.emplace_back()); });
    }
    template <class V>
    static void write(Writer& writer, const std::vector<V>& values) {
        writer.begin_array();
        for (const V& value : values) {
            writer.element();
            ValueCodec<T>::write(writer, value);
        }
        writer.end_array();
    }
    template <class V>
    static bool is_absent(const std::vector<V>& values) {
        return values.empty();
    }
    template <class V>
    static bool is_missing(const std::vector<V>& values, bool) {
        return values.empty();
    }
    static std::string expected(bool may_be_empty) {
        return may_be_empty ? "an array" : "an array of at least one element";
    }
};

template <class T>
struct ValueCodec<std::map<std::string, T>> : ValueCodecBase {
    template <class V>
    static bool read(Cursor& cursor, std::map<std::string, V>& values) {
        return cursor.object([&](std::string_view key) {
            const auto [entry, added] = values.try_emplace(std::string(key));
            if (added) return ValueCodec<T>::read(cursor, entry->second);
            cursor.violation({}, "is given twice");
            return cursor.skip();
        });
    }
    template <class V>
    static void write(Writer& writer, const std::map<std::string, V>& values) {
        writer.begin_object();
        for (const auto& [key, value] : values) {
            writer.foreign_key(key);
            ValueCodec<T>::write(writer, value);
        }
        writer.end_object();
    }
    template <class V>
    static bool is_absent(const std::map<std::string, V>& values) {
        return values.empty();
    }
    template <class V>
    static bool is_missing(const std::map<std::string, V>&, bool seen) {
        return !seen;
    }
    static std::string expected(bool) { return "an object, which may be empty"; }
};

}  // namespace a2akit::json
