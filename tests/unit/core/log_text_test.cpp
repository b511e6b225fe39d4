#include "core/log_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace a2akit {
namespace {

TEST(LogTextTest, AQuotedTextIsOneValueWhateverItHolds) {
    EXPECT_EQ(quoted("no model"), R"("no model")");
    EXPECT_EQ(quoted(R"(say "hi" \o/)"), R"("say \"hi\" \\o/")");
    EXPECT_EQ(quoted("a\nlevel=error b\r\t\x1b[31m\x7f"), R"("a\nlevel=error b\r\t\x1b[31m\x7f")");
    EXPECT_EQ(quoted(""), R"("")");
    EXPECT_EQ(quoted("Zürich"), R"("Zürich")");
}

TEST(LogTextTest, OfALongTextTheBeginningIsShown) {
    EXPECT_EQ(quoted(std::string(kLongestQuoted, 'x')),
              "\"" + std::string(kLongestQuoted, 'x') + "\"");
    EXPECT_EQ(quoted(std::string(50'000'000, 'x')),
              "\"" + std::string(kLongestQuoted, 'x') + "... (50000000 bytes)\"");
}

TEST(LogTextTest, ALineHasNoControlCharacters) {
    EXPECT_EQ(on_one_line("a=\"b\"\nc"), "a=\"b\"\\nc");
    EXPECT_EQ(on_one_line(std::string_view("\0", 1)), "\\x00");
}

TEST(LogTextTest, WhatIsNotUtf8IsEscapedByteByByte) {
    for (const auto& [text, shown] : {
             std::pair("a\xff"
                       "b",
                       "a\\xffb"),
             std::pair("\x80", "\\x80"),                             // a continuation of nothing
             std::pair("\xc3", "\\xc3"),                             // cut short
             std::pair("\xc3(", "\\xc3("),                           // not continued
             std::pair("\xc0\xaf", "\\xc0\\xaf"),                    // a slash, overlong
             std::pair("\xe0\x80\xaf", "\\xe0\\x80\\xaf"),           // and longer
             std::pair("\xed\xa0\x80", "\\xed\\xa0\\x80"),           // half a surrogate pair
             std::pair("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"),  // beyond Unicode
             std::pair("\xf0\x9f\x98\x80 \xe2\x82\xac", "\xf0\x9f\x98\x80 \xe2\x82\xac"),
         }) {
        EXPECT_EQ(on_one_line(text), shown);
        EXPECT_EQ(quoted(text), '"' + std::string(shown) + '"');
    }
}

TEST(LogTextTest, NoCharacterBeyondAsciiEndsALineOrCommandsATerminal) {
    EXPECT_EQ(on_one_line("a\xc2\x85"
                          "b\xe2\x80\xa8"
                          "c\xe2\x80\xa9"),
              "a\\xc2\\x85b\\xe2\\x80\\xa8c\\xe2\\x80\\xa9");
    EXPECT_EQ(quoted("\xc2\x9b"
                     "31m\xc2\xa0"),
              "\"\\xc2\\x9b31m\xc2\xa0\"");
}

}  // namespace
}  // namespace a2akit
