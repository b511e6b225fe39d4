#include "wire/sse_parser.hpp"

#include <gtest/gtest.h>

namespace a2akit::wire {
namespace {

using namespace std::string_literals;

struct Expected {
    std::string type, data, id;
    bool operator==(const Expected&) const = default;
};

std::vector<Expected> plain(const std::vector<SseEvent>& events) {
    std::vector<Expected> result;
    for (const SseEvent& event : events) result.push_back({event.type, event.data, event.id});
    return result;
}

/// What the parser makes of the stream, however it is cut into two pieces, and byte by byte.
std::vector<Expected> parse(const std::string& stream) {
    SseParser whole;
    std::vector<SseEvent> events;
    EXPECT_TRUE(whole.feed(stream, events));
    const auto expected = plain(events);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        SseParser parser;
        std::vector<SseEvent> pieces;
        EXPECT_TRUE(parser.feed(std::string_view(stream).substr(0, cut), pieces));
        EXPECT_TRUE(parser.feed(std::string_view(stream).substr(cut), pieces));
        EXPECT_EQ(plain(pieces), expected) << "cut at " << cut;
        EXPECT_EQ(parser.last_event_id(), whole.last_event_id());
        EXPECT_EQ(parser.retry(), whole.retry());
    }
    SseParser bytewise;
    std::vector<SseEvent> pieces;
    for (const char c : stream) EXPECT_TRUE(bytewise.feed({&c, 1}, pieces));
    EXPECT_EQ(plain(pieces), expected);
    return expected;
}

using Events = std::vector<Expected>;

TEST(SseParser, ReadsEventsHoweverTheBytesArrive) {
    EXPECT_EQ(parse("id: 1\ndata: {\"a\":1}\n\nid: 2\nevent: error\ndata: x\n\n"),
              (Events{{"", "{\"a\":1}", "1"}, {"error", "x", "2"}}));
}

TEST(SseParser, TakesEveryKindOfLineEnd) {
    const Events expected{{"", "one\ntwo", "7"}, {"", "three", "7"}};
    EXPECT_EQ(parse("id:7\ndata:one\ndata: two\n\ndata:three\n\n"), expected);
    EXPECT_EQ(parse("id:7\r\ndata:one\r\ndata: two\r\n\r\ndata:three\r\n\r\n"), expected);
    EXPECT_EQ(parse("id:7\rdata:one\rdata: two\r\rdata:three\r\r"), expected);
    EXPECT_EQ(parse("id:7\r\ndata:one\ndata: two\r\rdata:three\n\r\n"), expected);
}

TEST(SseParser, SkipsCommentsUnknownFieldsAndAByteOrderMark) {
    EXPECT_EQ(parse("\xEF\xBB\xBF: hello\n\n: keep-alive\n\nfoo: bar\ndata: x\n:c\nnothing\n\n"),
              (Events{{"", "x", ""}}));
}

TEST(SseParser, AnEventWithoutDataIsNoneButItsIdCounts) {
    EXPECT_EQ(parse("id: 5\nevent: e\n\ndata: x\n\n"), (Events{{"", "x", "5"}}));
    EXPECT_EQ(parse("data\n\ndata:\ndata:\n\n"), (Events{{"", "", ""}, {"", "\n", ""}}));
}

TEST(SseParser, RemovesOnlyOneSpaceAfterTheColon) {
    EXPECT_EQ(parse("data:  x \n\n"), (Events{{"", " x ", ""}}));
}

TEST(SseParser, AnIdWithANulIsIgnoredAndAnEmptyOneResets) {
    EXPECT_EQ(parse("id: 3\ndata: a\n\nid: 4\0\ndata: b\n\nid\ndata: c\n\n"s),
              (Events{{"", "a", "3"}, {"", "b", "3"}, {"", "c", ""}}));
}

TEST(SseParser, AnUnfinishedEventIsLost) {
    EXPECT_EQ(parse("data: a\n\ndata: b\n"), (Events{{"", "a", ""}}));
}

TEST(SseParser, KnowsHowLongToWaitBeforeReconnecting) {
    for (const auto& [text, expected] :
         std::vector<std::pair<std::string, long>>{{"retry: 1000\n\n", 1000},
                                                   {"retry: 1s\n", -1},
                                                   {"retry: -1\n", -1},
                                                   {"retry:\n", -1},
                                                   {"retry: 9", -1}}) {
        SseParser parser;
        std::vector<SseEvent> events;
        ASSERT_TRUE(parser.feed(text, events));
        EXPECT_EQ(parser.retry() ? parser.retry()->count() : -1, expected) << text;
        EXPECT_TRUE(events.empty());
    }
}

TEST(SseParser, AnEventBeyondTheLimitIsAnError) {
    SseParser parser(100);
    std::vector<SseEvent> events;
    const std::string line = "data: " + std::string(60, 'x') + "\n";
    EXPECT_TRUE(parser.feed(line, events));
    const auto second = parser.feed(line, events);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kResourceExhausted);
    SseParser endless(100);
    Result<void> fed;
    for (int i = 0; i < 200 && fed; ++i) fed = endless.feed("x", events);
    EXPECT_FALSE(fed);
}

TEST(SseParser, TheLimitIsPerEvent) {
    SseParser parser(100);
    std::vector<SseEvent> events;
    for (int i = 0; i < 50; ++i)
        ASSERT_TRUE(parser.feed("data: " + std::string(60, 'x') + "\n\n", events));
    EXPECT_EQ(events.size(), 50U);
}

}  // namespace
}  // namespace a2akit::wire
