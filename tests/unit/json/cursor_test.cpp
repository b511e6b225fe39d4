#include "json/cursor.hpp"

#include "json/scan.hpp"
#include "json/writer.hpp"

#include <gtest/gtest.h>
#include <a2akit/protocol/json.hpp>

#include <string>
#include <utility>

namespace a2akit::json {
namespace {

ErrorCode code_of(std::string_view text) {
    const auto value = parse_raw_json(text);
    return value ? ErrorCode::kInternal : value.error().code;
}

std::string nested(int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']');
}

TEST(Cursor, KeepsValidJsonAsItIsButForInsignificantSpace) {
    for (const auto& [text, kept] : {
             std::pair<std::string, std::string>{
                 " { \"a\" : [ 1 , 2.50 , -0 , 1E+2 ] ,\n\t\"b c\" : \" x \\\" y \" } ",
                 R"({"a":[1,2.50,-0,1E+2],"b c":" x \" y "})"},
             {"null", "null"},
             {" true ", "true"},
             {"\"\"", "\"\""},
             {"[]", "[]"},
             {"{ }", "{}"},
             {R"(["\u00e4\\", "\ud83d\ude00"])", R"(["\u00e4\\","\ud83d\ude00"])"},
             {"\"a\xf0\x9f\x98\x80\"", "\"a\xf0\x9f\x98\x80\""},
             {"123456789012345678901234567890", "123456789012345678901234567890"},
         }) {
        const auto value = parse_raw_json(text);
        ASSERT_TRUE(value) << text << ": " << value.error().message;
        EXPECT_EQ(value->text(), kept);
    }
}

TEST(Cursor, RefusesWhatIsNoJson) {
    using namespace std::string_literals;
    for (const auto& text : {
             ""s,
             " "s,
             "{"s,
             "}"s,
             "[1,]"s,
             "[,1]"s,
             "[1 2]"s,
             "{\"a\"}"s,
             "{\"a\":}"s,
             "{\"a\":1,}"s,
             "{a:1}"s,
             "{\"a\":1 \"b\":2}"s,
             "[1}"s,
             "{\"a\":1]"s,
             "tru"s,
             "truee"s,
             "nul"s,
             "+1"s,
             "01"s,
             "-"s,
             "1."s,
             ".5"s,
             "1e"s,
             "1e+"s,
             "0x1"s,
             "NaN"s,
             "Infinity"s,
             "'a'"s,
             "\"a"s,
             "\"\\\""s,
             "\"\\x\""s,
             "\"\\u12\""s,
             "\"\\u12g4\""s,
             "\"\\ud800\""s,
             "\"\\udc00\""s,
             "\"\\ud800\\u0041\""s,
             "\"\\ud800\\ud800\""s,
             "\"a\nb\""s,
             "\"a\0b\""s,
             "{}\0"s,
             "\0"s,
             "1 2"s,
             "{} x"s,
             "[1]]"s,
             "// c\n1"s,
             "\xef\xbb\xbf{}"s,
         }) {
        EXPECT_EQ(code_of(text), ErrorCode::kParseError) << text;
    }
}

TEST(Cursor, RefusesInvalidUtf8Anywhere) {
    for (const auto* text :
         {"\"\xff\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "{\"\x80\":1}", "\xff"}) {
        EXPECT_EQ(code_of(text), ErrorCode::kParseError) << text;
    }
}

TEST(Cursor, LimitsDepthAndSize) {
    EXPECT_TRUE(parse_raw_json(nested(64)));
    EXPECT_EQ(code_of(nested(65)), ErrorCode::kParseError);
    EXPECT_EQ(code_of(std::string(1'000'000, '[')), ErrorCode::kParseError);

    Cursor cursor("[1,2,3]", Mode::kStrict, {.max_bytes = 6});
    EXPECT_FALSE(cursor.skip());
    EXPECT_EQ(cursor.finish().error().message, "not valid JSON: the text is longer than 6 bytes");
}

TEST(Cursor, RefusesNumbersBeyondADouble) {
    EXPECT_EQ(code_of("1e999"), ErrorCode::kInvalidParams);
    EXPECT_EQ(code_of("-1e999"), ErrorCode::kInvalidParams);
    EXPECT_EQ(code_of(std::string(400, '9')), ErrorCode::kInvalidParams);
    EXPECT_TRUE(parse_raw_json("1e-999"));
    EXPECT_TRUE(parse_raw_json("1.7e308"));
    EXPECT_TRUE(parse_raw_json("0." + std::string(400, '0') + "1"));
}

TEST(Cursor, SaysWhereTheTextIsBroken) {
    EXPECT_EQ(parse_raw_json("[1,2").error().message,
              "not valid JSON: expected ',' or ']' after an element, but the text ends");
    EXPECT_EQ(parse_raw_json("{\"a\" 1}").error().message,
              "not valid JSON: expected ':' after a field's name at byte 5");
    EXPECT_EQ(parse_raw_json("").error().message,
              "not valid JSON: expected a value, but the text is empty");
}

TEST(Cursor, UnescapesStringsAndKeys) {
    Cursor cursor(
        R"({"\u0061\n": "\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00 and a longer plain tail"})");
    std::string key;
    std::string value;
    EXPECT_TRUE(cursor.object([&](std::string_view name) {
        key = name;
        return cursor.string(value);
    }));
    EXPECT_TRUE(cursor.finish());
    EXPECT_EQ(key, "a\n");
    EXPECT_EQ(value, "\"\\/\b\f\n\r\t\u00e9\u20ac\U0001f600 and a longer plain tail");
}

TEST(Cursor, GivesSlicesOfTheTextItWalks) {
    const std::string text = R"({"id": 7, "params": {"a": [1, 2]}, "x": null})";
    Cursor cursor(text);
    std::string_view id;
    std::string_view params;
    EXPECT_TRUE(cursor.object([&](std::string_view key) {
        if (key == "id") return cursor.raw(id);
        if (key == "params") return cursor.raw(params);
        return cursor.skip();
    }));
    EXPECT_TRUE(cursor.finish());
    EXPECT_EQ(id, "7");
    EXPECT_EQ(params, R"({"a": [1, 2]})");
    EXPECT_GE(params.data(), text.data());
}

TEST(Cursor, NamesThePathOfEveryViolation) {
    Cursor cursor(R"({"a": [{"b": 1}, {"b": true}], "c": "x"})");
    EXPECT_TRUE(cursor.object([&](std::string_view key) {
        bool flag = false;
        if (key == "c") return cursor.boolean(flag);
        return cursor.array(
            [&] { return cursor.object([&](std::string_view) { return cursor.boolean(flag); }); });
    }));
    const auto result = cursor.finish();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidParams);
    ASSERT_EQ(result.error().details->violations.size(), 2u);
    EXPECT_EQ(result.error().details->violations[0].field, "a[0].b");
    EXPECT_EQ(result.error().details->violations[0].description,
              "must be true or false, not a number");
    EXPECT_EQ(result.error().details->violations[1].field, "c");
    EXPECT_EQ(result.error().message, "a[0].b: must be true or false, not a number (and 1 more)");
}

TEST(Cursor, NamesFieldsFromAValueAheadWhenAsked) {
    Cursor cursor(R"({"params": {"n": "many"}})");
    EXPECT_TRUE(cursor.object([&](std::string_view) {
        const Cursor::RelativePath relative(cursor);
        return cursor.object([&](std::string_view) {
            std::int32_t n = 0;
            return cursor.int32(n);
        });
    }));
    EXPECT_EQ(cursor.finish().error().details->violations[0].field, "n");
}

TEST(Cursor, ReportsBrokenTextBeforeViolations) {
    Cursor cursor(R"({"a": 1, "b": })");
    EXPECT_FALSE(cursor.object([&](std::string_view) {
        bool flag = false;
        return cursor.boolean(flag);
    }));
    EXPECT_EQ(cursor.finish().error().code, ErrorCode::kParseError);
}

TEST(Scan, FindsTheFirstSpecialCharacterWhereverItIs) {
    const std::string specials("\"\\\n\0\x1f", 5);
    const std::string others = "a ~\x7f\x80\xff";
    for (std::size_t size = 0; size <= 50; ++size) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text += others[i % others.size()];
        const auto found = [&text] {
            const char* const end = text.data() + text.size();
            return static_cast<std::size_t>(find_special(text.data(), end) - text.data());
        };
        EXPECT_EQ(found(), size);
        for (std::size_t at = size; at-- > 0;) {
            text[at] = specials[at % specials.size()];
            EXPECT_EQ(found(), at) << size;
        }
    }
}

TEST(Writer, ARunWritesTheSame) {
    const auto write = [](Writer& writer, std::size_t size) {
        const std::string text(size, 'x');
        writer.begin_object();
        writer.key("text");
        writer.string(text);
        writer.foreign_key("\"\n\x01");
        writer.begin_array();
        for (int i = 0; i < 40; ++i) {
            writer.element();
            writer.integer(-i);
        }
        writer.end_array();
        writer.key("bytes");
        writer.base64(text);
        writer.key("when");
        writer.timestamp(Timestamp());
        writer.key("no");
        writer.boolean(false);
        writer.end_object();
    };
    for (std::size_t size = 0; size < 3000; size += 7) {
        std::string piecewise = "before ";
        Writer plain(piecewise);
        write(plain, size);
        std::string at_once = "before ";
        {
            Writer writer(at_once);
            const Writer::Run run(writer);
            write(writer, size);
        }
        ASSERT_EQ(at_once, piecewise) << size;
    }
}

}  // namespace
}  // namespace a2akit::json
