#include <a2akit/json/json.hpp>

#include "json/utf8.hpp"
#include "json/writer.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace a2akit {
namespace {

std::string quoted_json(std::string_view what, std::string_view text) {
    if (!json::is_utf8(text)) {
        throw std::invalid_argument(std::string(what) +
                                    " is not valid UTF-8; JSON has no bytes: encode them as text");
    }
    std::string out;
    json::Writer(out).string(text);
    return out;
}

template <class Number>
std::string digits_of(Number number) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

}  // namespace

Json::Json(double value) {
    if (!std::isfinite(value)) {
        throw std::invalid_argument("JSON has no NaN and no infinity; use null, or a string");
    }
    value_ = digits_of(value);
}

Json::Json(std::string_view text) : value_(quoted_json("the string", text)) {}

Json::Json(const RawJson& value) {
    if (!value.empty()) value_ = value.text();
}

Json Json::from_signed(std::int64_t number) {
    Json json;
    json.value_ = digits_of(number);
    return json;
}

Json Json::from_unsigned(std::uint64_t number) {
    Json json;
    json.value_ = digits_of(number);
    return json;
}

Json Json::object(std::initializer_list<Member> members) {
    Json json;
    json.value_ = Members();
    for (const Member& member : members) json.set(member.name, member.value);
    return json;
}

Json Json::array(std::initializer_list<Json> items) {
    Json json;
    json.value_ = Items(items);
    return json;
}

Json& Json::set(std::string_view name, Json value) {
    auto* members = std::get_if<Members>(&value_);
    if (members == nullptr)
        throw std::logic_error("Json::set needs an object: begin with Json::object()");
    // Kept as it is written.
    std::string quoted = quoted_json("the name of a member", name);
    for (auto& [known, old] : *members) {
        if (known != quoted) continue;
        old = std::move(value);
        return *this;
    }
    members->emplace_back(std::move(quoted), std::move(value));
    return *this;
}

Json& Json::push_back(Json item) {
    auto* items = std::get_if<Items>(&value_);
    if (items == nullptr)
        throw std::logic_error("Json::push_back needs an array: begin with Json::array()");
    items->push_back(std::move(item));
    return *this;
}

std::string Json::text() const {
    std::string out;
    append_to(out);
    return out;
}

void Json::append_to(std::string& out) const {
    if (const auto* scalar = std::get_if<std::string>(&value_)) {
        out += *scalar;
    } else if (const auto* members = std::get_if<Members>(&value_)) {
        char before = '{';
        for (const auto& [name, value] : *members) {
            out += before;
            out += name;
            out += ':';
            value.append_to(out);
            before = ',';
        }
        out += members->empty() ? "{}" : "}";
    } else {
        char before = '[';
        for (const Json& item : std::get<Items>(value_)) {
            out += before;
            item.append_to(out);
            before = ',';
        }
        out += before == '[' ? "[]" : "]";
    }
}

}  // namespace a2akit
