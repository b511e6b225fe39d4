#include "wire/card_response.hpp"

#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using namespace std::chrono_literals;

/// 1994-11-06T08:49:37.500Z
const Timestamp kModified(784111777500ms);

HttpResponse ask(const CardDocument& card,
                 std::vector<std::pair<std::string, std::string>> headers) {
    TestRequest request{"GET", "/.well-known/agent-card.json", std::move(headers)};
    return card_response(card, request.head());
}

TEST(CardResponse, IsTheCardWithWhatCachesNeed) {
    const CardDocument card = make_card_document(R"({"name":"x"})", kModified);
    const HttpResponse response = ask(card, {});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(response.body, R"({"name":"x"})");
    EXPECT_EQ(header(response, "ETag"), card.etag);
    EXPECT_EQ(header(response, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(header(response, "Cache-Control"), "public, max-age=300");
}

TEST(CardResponse, TheTagIsMadeOfTheContentAndQuoted) {
    const std::string etag = make_card_document("a", kModified).etag;
    EXPECT_EQ(etag, make_card_document("a", kModified + 1h).etag);
    EXPECT_NE(etag, make_card_document("b", kModified).etag);
    EXPECT_EQ(etag.size(), 34U);
    EXPECT_EQ(etag.front(), '"');
    EXPECT_EQ(etag.back(), '"');
}

TEST(CardResponse, AClientWithThisCardGetsNoBody) {
    const CardDocument card = make_card_document("{}", kModified);
    for (const std::string& etags :
         {card.etag, "W/" + card.etag, "\"x\", " + card.etag + " , \"y\"", std::string("*")}) {
        const HttpResponse response = ask(card, {{"if-none-match", etags}});
        EXPECT_EQ(response.status, 304) << etags;
        EXPECT_EQ(response.body, "");
        EXPECT_EQ(response.content_type, "");
        EXPECT_EQ(header(response, "ETag"), card.etag);
        EXPECT_NE(header(response, "Cache-Control"), "");
    }
    TestRequest lines{"GET",
                      "/.well-known/agent-card.json",
                      {{"if-none-match", "\"x\""}, {"host", "h"}, {"if-none-match", card.etag}}};
    lines.resources = {{.method = "GET", .path = "/.well-known/agent-card.json"}};
    ASSERT_TRUE(std::holds_alternative<Route>(lines.routed()));
    EXPECT_EQ(card_response(card, lines.head()).status, 304)
        << "a list may be spread over several lines";
    EXPECT_EQ(ask(card, {{"if-none-match", "\"x\""}}).status, 200);
    EXPECT_EQ(ask(card, {{"if-none-match", card.etag.substr(1)}}).status, 200);
}

TEST(CardResponse, TheDateDecidesWhenThereIsNoTag) {
    const CardDocument card = make_card_document("{}", kModified);
    for (const std::string same : {"Sun, 06 Nov 1994 08:49:37 GMT",
                                   "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        EXPECT_EQ(ask(card, {{"if-modified-since", same}}).status, 304) << same;
    }
    EXPECT_EQ(ask(card, {{"if-modified-since", "Mon, 07 Nov 1994 00:00:00 GMT"}}).status, 304);
    EXPECT_EQ(ask(card, {{"if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 200);
    for (const std::string nonsense :
         {"yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 99 Nov 1994 08:49:37 GMT",
          "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:4x:37 GMT",
          "Sun. 06 Nov 1994 08:49:37 GMT"}) {
        EXPECT_EQ(ask(card, {{"if-modified-since", nonsense}}).status, 200) << nonsense;
    }
    EXPECT_EQ(
        ask(card, {{"if-none-match", "\"x\""}, {"if-modified-since", card.last_modified}}).status,
        200);
}

}  // namespace
}  // namespace a2akit::wire
