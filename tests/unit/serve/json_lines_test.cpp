#include "serve/json_lines.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace a2akit::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(std::string_view line) {
    const auto read = read_command_line(line);
    return read ? "read" : read.error().message;
}

TEST(CommandLine, AnArtifactIsReadWithAllItsFields) {
    const auto line = read_command_line(
        R"({"type":"artifact","text":"x","mediaType":"text/csv","filename":"a.csv","artifactId":"t",)"
        R"("name":"n","description":"d","append":true,"lastChunk":true,"metadata":{"a": 1}})");
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->type, CommandLine::Type::kArtifact);
    EXPECT_FALSE(line->ends_turn());
    ASSERT_EQ(line->parts.size(), 1U);
    EXPECT_EQ(*line->parts[0].text(), "x");
    EXPECT_EQ(line->parts[0].media_type, "text/csv");
    EXPECT_EQ(line->parts[0].filename, "a.csv");
    EXPECT_EQ(line->artifact_id, "t");
    EXPECT_EQ(line->metadata.text(), R"({"a":1})");
    EXPECT_TRUE(line->append && line->last_chunk);
}

TEST(CommandLine, ContentMayBeBytesAndDataAndParts) {
    const auto line = read_command_line(
        R"({"type":"artifact","bytes":"AAE=","data":[1],"parts":[{"text":"p"},{"url":"http://x/"}]})");
    ASSERT_TRUE(line) << line.error().message;
    ASSERT_EQ(line->parts.size(), 4U);
    EXPECT_EQ(line->parts[0].data()->text(), "[1]");
    EXPECT_EQ(std::get<RawContent>(line->parts[1].content).bytes, std::string("\0\1", 2));
    EXPECT_EQ(line->text, "p");
}

TEST(CommandLine, WhatEndsTheTurnIsKnown) {
    for (const char* type :
         {"complete", "respond", "fail", "reject", "input-required", "auth-required"}) {
        const auto line = read_command_line(R"({"text":"x","type":")" + std::string(type) + "\"}");
        ASSERT_TRUE(line) << type << line.error().message;
        EXPECT_TRUE(line->ends_turn()) << type;
    }
    EXPECT_TRUE(read_command_line(R"({"type":"complete"})"));
}

TEST(CommandLine, WrongLinesAreRefusedByName) {
    EXPECT_THAT(refusal("hello"), HasSubstr("JSON"));
    EXPECT_THAT(refusal("[1]"), HasSubstr("must be a JSON object"));
    EXPECT_THAT(refusal("{}"), HasSubstr("type: is missing; use one of status, artifact"));
    EXPECT_THAT(refusal(R"({"type":"done"})"), HasSubstr("type: is unknown"));
    EXPECT_THAT(refusal(R"({"type":7})"), HasSubstr("type: must be a string"));
    EXPECT_THAT(refusal(R"({"type":"status"})"), HasSubstr("text: is missing"));
    EXPECT_THAT(refusal(R"({"type":"checkpoint"})"), HasSubstr("checkpoint: is missing"));
    EXPECT_THAT(refusal(R"({"type":"status","txt":"x"})"), HasSubstr("txt: is not a field"));
    EXPECT_THAT(refusal(R"({"type":"artifact","bytes":"%"})"), HasSubstr("bytes"));
    EXPECT_THAT(refusal(R"({"type":"artifact","parts":[{}]})"), HasSubstr("parts[0]"));
    EXPECT_THAT(refusal("{\"type\":\"status\",\"text\":\"\xff\"}"), HasSubstr("UTF-8"));
    EXPECT_THAT(refusal(R"({"type":"status","text":"x"} more)"), HasSubstr("JSON"));
    EXPECT_NE(refusal(std::string(100'000, '[')), "read");
}

std::vector<std::string> all(LineReader& reader, bool at_end) {
    std::vector<std::string> lines;
    while (auto line = reader.next(at_end)) lines.push_back(*line);
    return lines;
}

TEST(LineReader, LinesAreTheSameWhereverTheirBytesAreCut) {
    const std::string text = "one\n\n  \r\ntwo\nthree";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        LineReader reader;
        reader.add(text.substr(0, cut));
        std::vector<std::string> lines = all(reader, false);
        reader.add(text.substr(cut));
        for (std::string& line : all(reader, true)) lines.push_back(std::move(line));
        EXPECT_THAT(lines, ElementsAre("one", "two", "three")) << cut;
        EXPECT_EQ(reader.number(), 5) << cut;
    }
}

}  // namespace
}  // namespace a2akit::serve
