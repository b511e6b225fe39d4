#include "serve/text_output.hpp"

#include <gtest/gtest.h>

#include <string>

namespace a2akit::serve {
namespace {

TEST(TextOutput, WholeLinesAreHandedOutAndTheLastNewlineIsLeftOut) {
    TextOutput output;
    output.add("one\ntw");
    EXPECT_EQ(output.lines(), "one");
    output.add("o\n");
    EXPECT_EQ(output.lines(), "\ntwo");
    EXPECT_EQ(output.lines(), "");
    EXPECT_EQ(output.rest(), "");
}

TEST(TextOutput, EmptyLinesAreKept) {
    TextOutput output;
    output.add("\n\n\nx\n\n");
    std::string text = output.lines();
    text += output.rest();
    EXPECT_EQ(text, "\n\n\nx\n");
}

TEST(TextOutput, ALineThatIsNotFinishedIsHandedOutWhenAskedForAll) {
    TextOutput output;
    output.add("no newline");
    EXPECT_EQ(output.lines(), "");
    EXPECT_TRUE(output.has_text());
    EXPECT_EQ(output.all(), "no newline");
    EXPECT_FALSE(output.has_text());
    output.add(" yet\n");
    EXPECT_EQ(output.all(), " yet");
    EXPECT_EQ(output.all(), "");
    EXPECT_FALSE(output.has_text());
}

TEST(TextOutput, APieceNeverEndsWithinACharacter) {
    const std::string text = "a\u00e4\u20ac\U0001F600";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        TextOutput output;
        output.add(text.substr(0, cut));
        std::string joined = output.all();
        output.add(text.substr(cut));
        joined += output.rest();
        EXPECT_EQ(joined, text) << cut;
    }
}

TEST(TextOutput, BytesThatAreNotUtf8AreReplaced) {
    TextOutput output;
    output.add("a\xff\xfe\nb\xe2\x82\n");
    EXPECT_EQ(output.lines() + output.rest(), "a\uFFFD\uFFFD\nb\uFFFD\uFFFD");
    output.add("\xe2\x82");
    EXPECT_EQ(output.all(), "");
    EXPECT_EQ(output.rest(), "\uFFFD\uFFFD");
}

TEST(TextOutput, ALineLongerThanAPieceIsCut) {
    TextOutput output;
    output.add(std::string(TextOutput::kPiece - 1, 'x'));
    EXPECT_EQ(output.lines(), "");
    output.add("\u00e4");
    EXPECT_EQ(output.lines().size(), TextOutput::kPiece + 1);
}

TEST(Tail, KeepsTheEndAndSaysThatSomethingIsMissing) {
    Tail tail(8);
    tail.add("short\n");
    EXPECT_EQ(tail.text(), "short");
    tail.add("\u20ac and more\n");
    EXPECT_EQ(tail.text(), "...nd more");
    Tail character(2);
    character.add("\u20acx");
    EXPECT_EQ(character.text(), "...x");
}

}  // namespace
}  // namespace a2akit::serve
