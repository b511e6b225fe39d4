#include "server/agent_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace a2akit {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(AgentPageTest, NamesEachAgentAndItsCard) {
    const auto page = agent_page({{"Echo", "Says it back.", "1.2", "https://agents.example/echo"},
                                  {"Sum", "Adds.", "3", "https://agents.example/sum"}});
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("<h2>Echo</h2>"));
    EXPECT_THAT(page.body, HasSubstr("<p>Adds.</p>"));
    EXPECT_THAT(page.body,
                HasSubstr(R"(<a href="https://agents.example/sum/.well-known/agent-card.json">)"));
}

TEST(AgentPageTest, TextOfACardIsTextAndNotMarkup) {
    const auto page =
        agent_page({{"<script>alert(1)</script>", "a & b", "\"'", "http://x/'\"><b>"}});
    EXPECT_THAT(page.body, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
    EXPECT_THAT(page.body, HasSubstr("a &amp; b"));
    EXPECT_THAT(page.body, HasSubstr("&quot;&#39;"));
    EXPECT_THAT(page.body, HasSubstr(R"(href="http://x/&#39;&quot;&gt;&lt;b&gt;/)"));
    EXPECT_THAT(page.body, Not(HasSubstr("<script")));
    EXPECT_THAT(page.body, Not(HasSubstr("<b>")));
}

TEST(AgentPageTest, ABrowserLoadsAndFramesNothing) {
    const auto page = agent_page({});
    EXPECT_THAT(page.headers,
                Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))));
    EXPECT_THAT(page.headers,
                Contains(Pair("Content-Security-Policy", HasSubstr("frame-ancestors 'none'"))));
    EXPECT_THAT(page.headers, Contains(Pair("X-Content-Type-Options", "nosniff")));
}

}  // namespace
}  // namespace a2akit
