#include "grpc/values.hpp"

#include "json/cursor.hpp"
#include "json/writer.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace a2akit::rpc {
namespace {

namespace pb = google::protobuf;

constexpr const char* kNoNul = "must not contain the character NUL (\\u0000)";

bool holds_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

class ValueWriter {
public:
    ValueWriter(const char* field, Violations& wrong)
        : writer_(out_), field_(field), wrong_(wrong) {}

    void write(const pb::Value& value) {
        switch (value.kind_case()) {
            case pb::Value::kNumberValue:
                return number(value.number_value());
            case pb::Value::kStringValue:
                return string(value.string_value());
            case pb::Value::kBoolValue:
                return writer_.boolean(value.bool_value());
            case pb::Value::kStructValue:
                return write(value.struct_value());
            case pb::Value::kListValue:
                writer_.begin_array();
                for (const pb::Value& element : value.list_value().values()) {
                    writer_.element();
                    write(element);
                }
                return writer_.end_array();
            case pb::Value::kNullValue:
            case pb::Value::KIND_NOT_SET:
                return writer_.null();
        }
    }
    void write(const pb::Struct& value) {
        writer_.begin_object();
        for (const auto& [name, field] : value.fields()) {
            check(name);
            writer_.foreign_key(name);
            write(field);
        }
        writer_.end_object();
    }
    RawJson take() { return RawJson(std::move(out_)); }

private:
    void number(double number) {
        if (!std::isfinite(number)) {
            complain("must not contain NaN or infinite numbers, which JSON does not have");
            return writer_.null();
        }
        if (std::trunc(number) == number && std::abs(number) < kExactIntegers) {
            return writer_.integer(static_cast<std::int64_t>(number));
        }
        char digits[32];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    }
    void string(const std::string& text) {
        check(text);
        writer_.string(text);
    }
    void check(const std::string& text) {
        if (holds_nul(text)) complain(kNoNul);
    }
    void complain(const char* what) {
        if (std::exchange(complained_, true)) return;
        wrong_.push_back({field_, what});
    }

    std::string out_;
    json::Writer writer_;
    const char* field_;
    Violations& wrong_;
    bool complained_ = false;
};

bool read(json::Cursor& cursor, pb::Value& value);

bool read(json::Cursor& cursor, pb::Struct& value) {
    auto& fields = *value.mutable_fields();
    return cursor.object(
        [&](std::string_view name) { return read(cursor, fields[std::string(name)]); });
}

bool read_number(json::Cursor& cursor, pb::Value& value) {
    std::string_view text;
    if (!cursor.token(text, "a number")) return false;
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    value.set_number_value(number);
    return true;
}

bool read(json::Cursor& cursor, pb::Value& value) {
    switch (cursor.kind()) {
        case json::Kind::kObject:
            return read(cursor, *value.mutable_struct_value());
        case json::Kind::kArray: {
            auto& list = *value.mutable_list_value();
            return cursor.array([&] { return read(cursor, *list.add_values()); });
        }
        case json::Kind::kString:
            return cursor.string(*value.mutable_string_value());
        case json::Kind::kNumber:
            return read_number(cursor, value);
        case json::Kind::kBoolean: {
            bool flag = false;
            if (!cursor.boolean(flag)) return false;
            value.set_bool_value(flag);
            return true;
        }
        case json::Kind::kNull:
        case json::Kind::kNone:
            value.set_null_value(pb::NULL_VALUE);
            return cursor.skip();
    }
    return false;
}

template <class Value>
RawJson text_of(const Value& value, const char* field, Violations& wrong) {
    ValueWriter writer(field, wrong);
    writer.write(value);
    return writer.take();
}

}  // namespace

void refuse_nul(const std::string& text, const std::string& field, Violations& wrong) {
    if (holds_nul(text)) wrong.push_back({field, kNoNul});
}

RawJson to_json(const pb::Value& value, const char* field, Violations& wrong) {
    return text_of(value, field, wrong);
}
RawJson to_json(const pb::Struct& value, const char* field, Violations& wrong) {
    return text_of(value, field, wrong);
}

void from_json(const RawJson& json, pb::Value& value) {
    json::Cursor cursor(json.text(), json::Mode::kLenient, json::kReadBack);
    if (!read(cursor, value)) value.Clear();
}
void from_json(const RawJson& json, pb::Struct& value) {
    json::Cursor cursor(json.text(), json::Mode::kLenient, json::kReadBack);
    if (!read(cursor, value)) value.Clear();
}

void write(Timestamp time, pb::Timestamp& out) {
    const auto since = time.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    out.set_seconds(seconds.count());
    out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(since - seconds).count()));
}

Timestamp not_before(const pb::Timestamp& time, const char* field, Violations& wrong) {
    constexpr std::int64_t kFirst = -62135596800;  // 0001-01-01T00:00:00Z
    constexpr std::int64_t kLast = 253402300799;   // 9999-12-31T23:59:59Z
    if (time.seconds() < kFirst || time.seconds() > kLast || time.nanos() < 0 ||
        time.nanos() > 999'999'999) {
        wrong.push_back(
            {field,
             "must be a time between the years 1 and 9999, with 0 to 999999999 nanoseconds"});
        return {};
    }
    return Timestamp(
        std::chrono::seconds(time.seconds()) +
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(time.nanos())));
}

}  // namespace a2akit::rpc
