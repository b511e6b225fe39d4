#pragma once

#include "json/value_codec.hpp"
#include "wire/v0_3/descriptions.hpp"
#include "wire/v0_3/forms.hpp"

#include <string>
#include <string_view>
#include <utility>

// The values that 0.3 and 1.0 write differently, in more than names.

namespace a2akit::json {

template <class D, class E>
struct NamedEnumCodec : ValueCodecBase {
    static bool read(Cursor& cursor, E& value) {
        if (cursor.kind() != Kind::kString) return cursor.mismatch(expected(false));
        std::string_view text;
        if (!cursor.token(text, "the name of an enum value")) return false;
        const auto all = names(static_cast<D*>(nullptr));
        const std::size_t found = wire::v0_3::find_name(all, text);
        value = found < all.size() ? static_cast<E>(found) : E{};
        if (found == all.size() && cursor.mode() == Mode::kStrict)
            cursor.violation({}, "must be " + expected(false));
        return true;
    }
    static void write(Writer& writer, E value) {
        writer.plain_string(names(static_cast<D*>(nullptr))[static_cast<std::size_t>(value)]);
    }
    static bool is_absent(E value) { return value == E{}; }
    static bool is_missing(E value, bool) { return value == E{}; }
    static std::string expected(bool) {
        return "one of " + wire::v0_3::list_names(names(static_cast<D*>(nullptr)));
    }
};
template <>
struct ValueCodec<In<Form::kSchema, Role>> : NamedEnumCodec<In<Form::kSchema, Role>, Role> {};
template <Form F>
struct ValueCodec<In<F, TaskState>> : NamedEnumCodec<In<F, TaskState>, TaskState> {};

template <>
struct ValueCodec<wire::v0_3::Opposite> : ValueCodecBase {
    static bool read(Cursor& cursor, bool& value) {
        bool said = !value;
        const bool ok = cursor.boolean(said);
        value = !said;
        return ok;
    }
    static void write(Writer& writer, bool value) { writer.boolean(!value); }
    static bool is_absent(bool) { return false; }
};

template <>
struct ValueCodec<wire::v0_3::FirstOfList> : ValueCodecBase {
    static bool read(Cursor& cursor, std::string& value) {
        bool first = true;
        return cursor.array([&] {
            std::string other;
            return cursor.string(std::exchange(first, false) ? value : other);
        });
    }
    static void write(Writer& writer, const std::string& value) {
        writer.begin_array();
        if (!value.empty()) writer.string(value);
        writer.end_array();
    }
    static bool is_missing(const std::string&, bool seen) { return !seen; }
    static std::string expected(bool) { return "an array of strings"; }
};

template <>
struct ValueCodec<wire::v0_3::TaskName> : ValueCodecBase {
    static bool read(Cursor& cursor, std::string& value) {
        std::string name;
        if (!cursor.string(name)) return false;
        if (!name.empty()) value = wire::v0_3::task_of_name(name);
        return true;
    }
};

/// A Struct, which the proto wraps once more.
template <Form F>
struct ValueCodec<In<F, DataContent>> : ValueCodecBase {
    static bool read(Cursor& cursor, DataContent& value) {
        if (F == Form::kSchema) return ValueCodec<RawJson>::read(cursor, value.value);
        bool found = false;
        const auto on_field = [&](std::string_view key) {
            if (key != "data") return cursor.skip();
            if (std::exchange(found, true)) {
                cursor.violation({}, "is given twice");
                return cursor.skip();
            }
            return ValueCodec<RawJson>::read(cursor, value.value);
        };
        if (cursor.kind() != Kind::kObject)
            return cursor.mismatch("an object with the field \"data\"");
        if (!cursor.object(on_field)) return false;
        if (value.value.empty()) value.value = RawJson("{}");
        return true;
    }
};

template <Form F>
struct ValueCodec<In<F, Part>> : ValueCodecBase {
    static bool read(Cursor& cursor, Part& part) {
        wire::v0_3::AnyPart any;
        if (!ValueCodec<In<F, wire::v0_3::AnyPart>>::read(cursor, any)) return false;
        wire::v0_3::take_part(cursor, F, std::move(any), part);
        return true;
    }
    static void write(Writer& writer, const Part& part) { wire::v0_3::write_part(writer, F, part); }
};

/// A proto leaves out a field that is false, so a configuration without "blocking" asks for a send
/// that does not block.
template <>
struct ValueCodec<In<Form::kProto, SendMessageConfiguration>> : ValueCodecBase {
    static bool read(Cursor& cursor, SendMessageConfiguration& value) {
        value.return_immediately = true;
        return read_as<In<Form::kProto, SendMessageConfiguration>>(cursor, value);
    }
    static void write(Writer& writer, const SendMessageConfiguration& value) {
        write_as<In<Form::kProto, SendMessageConfiguration>>(writer, value);
    }
};

}  // namespace a2akit::json
