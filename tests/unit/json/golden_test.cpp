// Every message, as text: one file with only what is required, and one with everything per
// alternative.

#include <a2akit/protocol/json.hpp>

#include "unit/json/all_messages.hpp"
#include "unit/json/message_table.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace a2akit::json {
namespace {

struct Golden {
    std::string name;
    std::string text;  ///< Without insignificant white space.
};

template <class M>
std::vector<Golden> goldens() {
    std::vector<Golden> found;
    const std::string prefix = std::string(Description<M>::kName) + '.';
    for (const auto& file : std::filesystem::directory_iterator(A2AKIT_JSON_GOLDEN)) {
        const std::string name = file.path().filename().string();
        if (!name.starts_with(prefix)) continue;
        const auto text = parse_raw_json(read_file(file.path().string()));
        EXPECT_TRUE(text) << name;
        if (text) found.push_back({name, text->text()});
    }
    return found;
}

using Rename = std::function<std::string(std::string_view key)>;

/// The text with every object's keys renamed; a key that becomes empty is left out with its value.
bool rename_keys(Cursor& cursor, Writer& writer, const Rename& rename) {
    switch (cursor.kind()) {
        case Kind::kObject: {
            writer.begin_object();
            const bool ok = cursor.object([&](std::string_view key) {
                const std::string renamed = rename(key);
                if (renamed.empty()) return cursor.skip();
                writer.foreign_key(renamed);
                return rename_keys(cursor, writer, rename);
            });
            writer.end_object();
            return ok;
        }
        case Kind::kArray: {
            writer.begin_array();
            const bool ok = cursor.array([&] {
                writer.element();
                return rename_keys(cursor, writer, rename);
            });
            writer.end_array();
            return ok;
        }
        default: {
            std::string_view slice;
            const bool ok = cursor.raw(slice);
            writer.raw(slice);
            return ok;
        }
    }
}

std::string renamed(const std::string& text, const Rename& rename) {
    std::string out;
    Writer writer(out);
    Cursor cursor(text);
    EXPECT_TRUE(rename_keys(cursor, writer, rename));
    EXPECT_TRUE(cursor.finish());
    return out;
}

/// The object without one of its own fields.
std::string without(const std::string& text, std::string_view field) {
    std::string out;
    Writer writer(out);
    Cursor cursor(text);
    writer.begin_object();
    EXPECT_TRUE(cursor.object([&](std::string_view key) {
        if (key == field) return cursor.skip();
        std::string_view slice;
        writer.foreign_key(key);
        const bool ok = cursor.raw(slice);
        writer.raw(slice);
        return ok;
    }));
    writer.end_object();
    EXPECT_TRUE(cursor.finish());
    return out;
}

TEST(Golden, EveryMessageIsReadAndWrittenBackByteForByte) {
    for_each_message([]<class M>() {
        const auto files = goldens<M>();
        EXPECT_GE(files.size(), 2u) << Description<M>::kName;
        for (const auto& [name, text] : files) {
            const auto message = decode<M>(text);
            ASSERT_TRUE(message) << name << ": " << message.error().message;
            EXPECT_EQ(encode(*message), text) << name;
        }
    });
}

TEST(Golden, EveryFieldIsReadUnderItsProtocolBufferName) {
    std::map<std::string, std::string, std::less<>> snake;
    for (const auto& [message, fields] : message_table().messages) {
        for (const auto& field : fields) snake[field.json] = field.name;
    }
    for_each_message([&]<class M>() {
        for (const auto& [name, text] : goldens<M>()) {
            const auto message = decode<M>(renamed(text, [&](std::string_view key) {
                const auto found = snake.find(key);
                return found == snake.end() ? std::string(key) : found->second;
            }));
            ASSERT_TRUE(message) << name << ": " << message.error().message;
            EXPECT_EQ(encode(*message), text) << name;
        }
    });
}

TEST(Golden, EveryRequiredFieldIsMissedByNameAndOnlyInRequests) {
    for_each_message([]<class M>() {
        for (const auto& [name, text] : goldens<M>()) {
            for (const auto& field :
                 message_table().messages.at(std::string(Description<M>::kName))) {
                if (!field.required) continue;
                const std::string rest = without(text, field.json);
                const auto message = decode<M>(rest);
                ASSERT_FALSE(message) << name << " without " << field.json;
                ASSERT_EQ(message.error().code, ErrorCode::kInvalidParams);
                ASSERT_EQ(message.error().details->violations.size(), 1u)
                    << message.error().message;
                EXPECT_EQ(message.error().details->violations[0].field, field.json);
                EXPECT_TRUE(decode<M>(rest, Mode::kLenient)) << name << " without " << field.json;
            }
        }
    });
}

TEST(Golden, EveryFieldRefusesAValueOfAnotherType) {
    for_each_message([]<class M>() {
        for (const auto& field : message_table().messages.at(std::string(Description<M>::kName))) {
            if (field.type == "google.protobuf.Value") continue;
            const bool is_text = field.type == "string" || field.type == "bytes";
            const bool wants_object = !field.repeated && !is_text;
            const std::string wrong = wants_object ? "[[]]" : "{}";
            const auto message =
                decode<M>("{\"" + field.json + "\":" + wrong + "}", Mode::kLenient);
            ASSERT_FALSE(message) << Description<M>::kName << '.' << field.json;
            ASSERT_EQ(message.error().code, ErrorCode::kInvalidParams);
            EXPECT_EQ(message.error().details->violations[0].field, field.json);
        }
    });
}

}  // namespace
}  // namespace a2akit::json
