#include "security/gate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace a2akit::security {
namespace {

TEST(AllowedHosts, EachHostIsAllowedUnlessThereIsAList) {
    EXPECT_TRUE(AllowedHosts().allows("anything.example"));
    EXPECT_TRUE(AllowedHosts::parse("a.example, *")->allows("anything.example"));
}

TEST(AllowedHosts, AListNamesHostsWithAPortOrOnAny) {
    const auto hosts =
        AllowedHosts::parse("Agents.example, other.example:8443,*.below.example,[fd00::1]");
    ASSERT_TRUE(hosts) << hosts.error().message;
    for (const char* allowed :
         {"agents.example", "AGENTS.example:80", "agents.example.", "other.example:8443",
          "a.below.example", "a.b.below.example:1", "[fd00::1]", "[fd00::1]:8000", ""}) {
        EXPECT_TRUE(hosts->allows(allowed)) << allowed;
    }
    for (const char* foreign : {"evil.example", "agents.example.evil.example", "xagents.example",
                                "other.example", "other.example:80", "below.example",
                                "xbelow.example", "localhost", "127.0.0.1", "[fd00::2]", "[fd00"}) {
        EXPECT_FALSE(hosts->allows(foreign)) << foreign;
    }
}

TEST(AllowedHosts, ALoopbackAgentIsCalledByTheNamesOfLoopback) {
    const auto hosts = AllowedHosts::loopback("https://agents.example:8443/agent");
    for (const char* allowed : {"localhost", "localhost:8000", "127.0.0.1:8000", "127.1.2.3",
                                "[::1]:8000", "a.localhost", "agents.example"}) {
        EXPECT_TRUE(hosts.allows(allowed)) << allowed;
    }
    for (const char* foreign : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                                "192.168.0.1", "[::2]", "notlocalhost"}) {
        EXPECT_FALSE(hosts.allows(foreign)) << foreign;
    }
}

TEST(AllowedHosts, AnEntryThatIsNotAHostIsNamed) {
    for (const char* wrong :
         {"http://a.example", "a.example/path", "a example", "a.example:x", "*."}) {
        const auto hosts = AllowedHosts::parse(std::string("fine.example,") + wrong);
        ASSERT_FALSE(hosts) << wrong;
        EXPECT_NE(hosts.error().message.find(wrong), std::string::npos);
    }
}

TEST(CorsOrigins, OnlyAllowedOriginsAreAnswered) {
    const auto cors = CorsOrigins::parse("https://app.example, http://localhost:3000");
    ASSERT_TRUE(cors);
    const std::string fields = cors->fields({{"origin", "https://app.example"}});
    EXPECT_NE(fields.find("Access-Control-Allow-Origin: https://app.example\r\n"),
              std::string::npos);
    EXPECT_NE(fields.find("Vary: Origin\r\n"), std::string::npos);
    for (const char* foreign : {"https://evil.example", "https://app.example.evil.example",
                                "http://app.example", "https://app.example:444", "null"}) {
        EXPECT_EQ(cors->fields({{"origin", foreign}}), "Vary: Origin\r\n") << foreign;
        EXPECT_FALSE(cors->preflight(
            "OPTIONS", {{"origin", foreign}, {"access-control-request-method", "POST"}}));
    }
    EXPECT_EQ(CorsOrigins().fields({{"origin", "https://app.example"}}), "");
}

TEST(CorsOrigins, ABrowsersQuestionIsAnswered) {
    const auto cors = CorsOrigins::parse("*");
    ASSERT_TRUE(cors);
    const Headers asks{{"origin", "https://a.example"},
                       {"access-control-request-method", "POST"},
                       {"access-control-request-headers", "authorization, a2a-version"}};
    const auto fields = cors->preflight("OPTIONS", asks);
    ASSERT_TRUE(fields);
    EXPECT_EQ(header_of(*fields, "Access-Control-Allow-Headers"), "authorization, a2a-version");
    EXPECT_FALSE(cors->preflight("POST", asks));
    EXPECT_FALSE(cors->preflight("OPTIONS", {{"origin", "https://a.example"}}));
    const auto cautious =
        cors->preflight("OPTIONS", {{"origin", "https://a.example"},
                                    {"access-control-request-method", "POST"},
                                    {"access-control-request-headers", "a\tb:c"}});
    ASSERT_TRUE(cautious);
    EXPECT_EQ(header_of(*cautious, "Access-Control-Allow-Headers"), "");
}

TEST(CorsOrigins, AnEntryThatIsNotAnOriginIsNamed) {
    for (const char* wrong : {"app.example", "https://app.example/", "https://a.example/b",
                              "https://", "https://a b", "HTTPS://A.example"}) {
        const auto cors = CorsOrigins::parse(wrong);
        ASSERT_FALSE(cors) << wrong;
        EXPECT_NE(cors.error().message.find(wrong), std::string::npos);
    }
}

class ProxiesTest : public ::testing::Test {
protected:
    ProxiesTest() { gate.proxies = *net::IpNetworks::parse("10.0.0.0/8,fd00::/8"); }
    std::string caller(const std::string& peer, Headers& headers) const {
        return gate.caller(peer, headers);
    }
    Gate gate;
};

TEST_F(ProxiesTest, TheCallerIsTheLastAddressThatIsNotAProxys) {
    Headers headers{{"x-forwarded-for", "198.51.100.7, 203.0.113.5, 10.1.1.1"}};
    EXPECT_EQ(caller("10.0.0.1", headers), "203.0.113.5");
    Headers lines{{"x-forwarded-for", "198.51.100.7"}, {"x-forwarded-for", "203.0.113.6:1234"}};
    EXPECT_EQ(caller("10.0.0.1", lines), "203.0.113.6");
    Headers own{{"x-forwarded-for", "10.2.2.2,10.1.1.1"}};
    EXPECT_EQ(caller("10.0.0.1", own), "10.2.2.2");
    Headers none;
    EXPECT_EQ(caller("10.0.0.1", none), "10.0.0.1");
    Headers garbage{{"x-forwarded-for", "203.0.113.5, unknown"}};
    EXPECT_EQ(caller("10.0.0.1", garbage), "10.0.0.1");
}

TEST_F(ProxiesTest, ForwardedIsReadToo) {
    Headers headers{{"forwarded", "for=198.51.100.1, proto=https;FOR=\"[2001:db8::7]:99\";by=x"}};
    EXPECT_EQ(caller("fd00::1", headers), "2001:db8::7");
}

TEST_F(ProxiesTest, AStrangersForwardedHeadersAreTakenOut) {
    Headers headers{{"x-forwarded-for", "127.0.0.1"},
                    {"x-forwarded-host", "evil.example"},
                    {"forwarded", "for=127.0.0.1"},
                    {"accept", "*/*"}};
    EXPECT_EQ(caller("203.0.113.9", headers), "203.0.113.9");
    EXPECT_EQ(headers, (Headers{{"accept", "*/*"}}));
}

TEST_F(ProxiesTest, WithoutTheSettingNothingChanges) {
    gate.proxies.reset();
    Headers headers{{"x-forwarded-for", "127.0.0.1"}};
    EXPECT_EQ(caller("10.0.0.1", headers), "10.0.0.1");
    EXPECT_EQ(headers.size(), 1U);
}

}  // namespace
}  // namespace a2akit::security
