// Random messages: whatever spelling, order, white space, escapes and notation a client chooses,
// the message that is read writes the one canonical text.

#include "unit/json/all_messages.hpp"
#include "unit/json/message_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::json {
namespace {

/// The same value twice: as we write it, and as somebody else might.
struct Twin {
    std::string canonical;
    std::string foreign;
};

class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    Twin message(const std::string& name, int depth) {
        const auto& fields = message_table().messages.at(name);
        const std::string chosen = choose_alternative(fields);
        std::string canonical;
        std::vector<std::string> foreign;
        for (const auto& field : fields) {
            const bool wanted = field.oneof.empty() ? field.required || chance(depth < 3 ? 50 : 0)
                                                    : field.json == chosen;
            if (!wanted) continue;
            const Twin value = field_value(field, depth);
            canonical += (canonical.empty() ? "\"" : ",\"") + field.json + "\":" + value.canonical;
            foreign.push_back(quoted(chance(50) ? field.json : field.name) + space() + ':' +
                              space() + value.foreign);
        }
        if (chance(20)) foreign.push_back("\"someNewField\":{\"text\":[1,null]}");
        std::shuffle(foreign.begin(), foreign.end(), random_);
        return {'{' + canonical + '}', enclose('{', foreign, '}')};
    }

private:
    bool chance(int percent) { return below(100) < percent; }
    int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
    std::string space() { return chance(80) ? "" : chance(50) ? " " : "\r\n\t "; }

    std::string choose_alternative(const std::vector<TableField>& fields) {
        std::vector<std::string> names;
        for (const auto& field : fields) {
            if (!field.oneof.empty()) names.push_back(field.json);
        }
        return names.empty()
                   ? ""
                   : names[static_cast<std::size_t>(below(static_cast<int>(names.size())))];
    }

    std::string enclose(char open, const std::vector<std::string>& items, char close) {
        std::string text(1, open);
        for (std::size_t i = 0; i < items.size(); ++i)
            text += (i == 0 ? "" : ",") + space() + items[i] + space();
        return text + space() + close;
    }

    Twin field_value(const TableField& field, int depth) {
        if (field.type.starts_with("map<string,"))
            return map(field.type.substr(11, field.type.size() - 12), depth);
        if (!field.repeated) return value(field, field.type, depth);
        Twin list;
        std::vector<std::string> foreign;
        for (int i = 0, size = 1 + below(3); i < size; ++i) {
            const Twin element = value(field, field.type, depth);
            list.canonical += (i == 0 ? "" : ",") + element.canonical;
            foreign.push_back(element.foreign);
        }
        return {'[' + list.canonical + ']', enclose('[', foreign, ']')};
    }

    Twin map(const std::string& type, int depth) {
        std::string canonical;
        std::vector<std::string> foreign;
        for (int i = 0, size = 1 + below(3); i < size; ++i) {
            const std::string key = "\"key " + std::to_string(i) + '"';
            const Twin entry = value({}, type, depth);
            canonical += (i == 0 ? "" : ",") + key + ':' + entry.canonical;
            foreign.push_back(key + ':' + entry.foreign);
        }
        std::shuffle(foreign.begin(), foreign.end(), random_);
        return {'{' + canonical + '}', enclose('{', foreign, '}')};
    }

    Twin value(const TableField& field, const std::string& type, int depth) {
        if (message_table().messages.contains(type)) return message(type, depth + 1);
        if (type == "string") return text();
        if (type == "bool") return {"true", "true"};
        if (type == "int32") return number();
        if (type == "bytes")
            return chance(50) ? Twin{"\"+/8=\"", "\"-_8\""} : Twin{"\"AAEC\"", "\"AAEC\""};
        if (type == "google.protobuf.Timestamp") {
            // Digits behind the milliseconds are dropped, or rounded up where a filter begins.
            const bool up = field.name == "status_timestamp_after";
            return {"\"2025-10-28T10:30:00.500Z\"", chance(50) ? "\"2025-10-28T12:00:00.5+01:30\""
                                                    : up       ? "\"2025-10-28T10:30:00.499999Z\""
                                                               : "\"2025-10-28T10:30:00.500999Z\""};
        }
        if (type == "google.protobuf.Struct")
            return {"{\"a b\":[1.50,\"\\u00e4\"]}", "{ \"a b\" :[1.50 ,\"\\u00e4\"] }"};
        if (type == "google.protobuf.Value") return {"[null,-0]", " [ null,\n-0 ]"};
        return enum_value(type, field);
    }

    Twin number() {
        const std::string digits = std::to_string(1 + below(1'000'000));
        switch (below(4)) {
            case 0:
                return {digits, digits + ".0"};
            case 1:
                return {digits, '"' + digits + '"'};
            case 2:
                return {'-' + digits, '-' + digits + "e0"};
            default:
                return {digits, digits};
        }
    }

    Twin enum_value(const std::string& type, const TableField&) {
        const auto& values = message_table().enums.at(type);
        const int number = 1 + below(static_cast<int>(values.size()) - 1);
        const auto found = std::find_if(values.begin(), values.end(),
                                        [&](const auto& v) { return v.second == number; });
        const std::string name = '"' + found->first + '"';
        return {name, chance(50) ? name : std::to_string(number)};
    }

    Twin text() {
        static const std::vector<Twin> kPieces = {{"a", "a"},
                                                  {"plain words ", "plain words "},
                                                  {"\\\"", "\\u0022"},
                                                  {"\\\\", "\\\\"},
                                                  {"/", "\\/"},
                                                  {"\\n", "\\u000a"},
                                                  {"\\u0001", "\\u0001"},
                                                  {"\xc3\xa4", "\\u00E4"},
                                                  {"\xf0\x9f\x98\x80", "\\ud83d\\ude00"},
                                                  {"\xe2\x82\xac", "\xe2\x82\xac"},
                                                  {"\x7f", "\x7f"},
                                                  {"0123456789abcdef", "0123456789abcdef"}};
        Twin twin{"\"", "\""};
        for (int i = 0, size = 1 + below(8); i < size; ++i) {
            const Twin& piece =
                kPieces[static_cast<std::size_t>(below(static_cast<int>(kPieces.size())))];
            twin.canonical += piece.canonical;
            twin.foreign += chance(50) ? piece.foreign : piece.canonical;
        }
        return {twin.canonical + '"', twin.foreign + '"'};
    }

    std::string quoted(const std::string& name) {
        if (chance(90)) return '"' + name + '"';
        static constexpr char kHex[] = "0123456789abcdef";
        const auto first = static_cast<unsigned char>(name[0]);
        return std::string("\"\\u00") + kHex[first >> 4] + kHex[first & 0xf] + name.substr(1) + '"';
    }

    std::mt19937 random_;
};

TEST(RoundTrip, AnySpellingOfAMessageWritesTheCanonicalText) {
    for_each_message([]<class M>() {
        const std::string name(Description<M>::kName);
        for (unsigned seed = 0; seed < 100; ++seed) {
            const Twin twin = Generator(seed).message(name, 0);
            const auto message = decode<M>(twin.foreign);
            ASSERT_TRUE(message) << name << ' ' << seed << ": " << message.error().message << '\n'
                                 << twin.foreign;
            ASSERT_EQ(encode(*message), twin.canonical) << name << ' ' << seed << '\n'
                                                        << twin.foreign;
        }
    });
}

TEST(RoundTrip, EveryPrefixOfAMessageIsAParseError) {
    for_each_message([]<class M>() {
        const std::string text =
            Generator(7).message(std::string(Description<M>::kName), 1).foreign;
        for (std::size_t size = 0; size < text.size(); ++size) {
            const auto message = decode<M>(std::string_view(text).substr(0, size));
            ASSERT_FALSE(message) << text.substr(0, size);
            ASSERT_EQ(message.error().code, ErrorCode::kParseError) << text.substr(0, size);
        }
    });
}

}  // namespace
}  // namespace a2akit::json
