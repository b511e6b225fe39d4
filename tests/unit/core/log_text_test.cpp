#include "core/log_text.hpp"

#include <gtest/gtest.h>

namespace a2akit {
namespace {

TEST(LogTextTest, AQuotedTextIsOneValueWhateverItHolds) {
    EXPECT_EQ(quoted("no model"), R"("no model")");
    EXPECT_EQ(quoted(R"(say "hi" \o/)"), R"("say \"hi\" \\o/")");
    EXPECT_EQ(quoted("a\nlevel=error b\r\t\x1b[31m\x7f"), R"("a\nlevel=error b\r\t\x1b[31m\x7f")");
    EXPECT_EQ(quoted(""), R"("")");
    EXPECT_EQ(quoted("Zürich"), R"("Zürich")");
}

TEST(LogTextTest, ALineHasNoControlCharacters) {
    EXPECT_EQ(on_one_line("a=\"b\"\nc"), "a=\"b\"\\nc");
    EXPECT_EQ(on_one_line(std::string_view("\0", 1)), "\\x00");
}

}  // namespace
}  // namespace a2akit
