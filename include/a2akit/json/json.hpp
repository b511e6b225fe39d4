#pragma once

#include <a2akit/protocol/raw_json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace a2akit {

/// A JSON value to build and send: valid by construction, escaped, and accepted wherever a RawJson
/// is.
///
///     co_await ctx.complete_json(a2akit::Json::object({
///         {"city", city}, {"celsius", 21.5}, {"tags", a2akit::Json::array({"dry", "calm"})},
///         {"note", nullptr}}));
///
/// For building only: to read JSON, use a JSON library; a2akit/json/nlohmann.hpp and
/// a2akit/json/boost.hpp convert both ways. Copyable; safe to read from any thread.
class Json {
public:
    struct Member;

    /// null
    Json() = default;
    Json(std::nullptr_t) {}  // NOLINT
    template <std::same_as<bool> B>
    Json(B value) : value_(std::string(value ? "true" : "false")) {}  // NOLINT
    template <std::signed_integral I>
    Json(I value) : Json(from_signed(value)) {}  // NOLINT
    template <std::unsigned_integral U>
        requires(!std::same_as<U, bool>)
    Json(U value) : Json(from_unsigned(value)) {}  // NOLINT
    /// Written with enough digits that reading it gives the same number. Throws
    /// std::invalid_argument for NaN and infinities, which JSON does not have.
    Json(double value);  // NOLINT
    /// A string. Throws std::invalid_argument when it is not valid UTF-8.
    Json(std::string_view text);                                     // NOLINT
    Json(const std::string& text) : Json(std::string_view(text)) {}  // NOLINT
    Json(const char* text) : Json(std::string_view(text)) {}         // NOLINT
    /// A value that is JSON already; null when it is empty.
    Json(const RawJson& value);  // NOLINT

    /// If several members have the same name, the last value is kept, in the first one's place.
    [[nodiscard]] static Json object(std::initializer_list<Member> members = {});
    [[nodiscard]] static Json array(std::initializer_list<Json> items = {});
    /// An array of everything in a range whose elements convert to Json.
    template <class Range>
    [[nodiscard]] static Json array_of(const Range& range) {
        Json array = Json::array();
        for (const auto& item : range) array.push_back(Json(item));
        return array;
    }

    /// Adds a member, or replaces the one of that name. Throws std::logic_error when this is not an
    /// object, and std::invalid_argument when the name is not valid UTF-8.
    Json& set(std::string_view name, Json value);
    /// Adds an item. Throws std::logic_error when this is not an array.
    Json& push_back(Json item);

    /// Compact JSON.
    [[nodiscard]] std::string text() const;
    operator RawJson() const { return RawJson(text()); }  // NOLINT

private:
    using Members = std::vector<std::pair<std::string, Json>>;
    using Items = std::vector<Json>;

    static Json from_signed(std::int64_t number);
    static Json from_unsigned(std::uint64_t number);
    void append_to(std::string& out) const;

    /// The first alternative is the JSON text of a value that is neither an object nor an array.
    std::variant<std::string, Members, Items> value_ = std::string("null");
};

/// One member of an object.
struct Json::Member {
    std::string_view name;
    Json value = {};
};

}  // namespace a2akit
