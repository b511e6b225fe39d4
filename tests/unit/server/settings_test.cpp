#include <a2akit/server/settings.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace a2akit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Settings::Environment environment(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

TEST(SettingsTest, WithoutAnythingTheDefaultsHold) {
    const auto settings = Settings{}.resolved(environment({}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->host, "127.0.0.1");
    EXPECT_EQ(settings->port, 8000);
    EXPECT_EQ(settings->storage, "memory:");
    EXPECT_EQ(settings->max_body_bytes, 10U << 20U);
    EXPECT_EQ(settings->heartbeat, seconds(15));
    EXPECT_EQ(settings->max_retries, 3);
    EXPECT_EQ(settings->log_level, "info");
    EXPECT_EQ(settings->blocking_timeout, std::nullopt);
    EXPECT_EQ(settings->public_url, std::nullopt);
}

TEST(SettingsTest, TheConstructorComesBeforeTheEnvironmentAndThatBeforeTheDefault) {
    Settings given;
    given.port = 1234;
    const auto settings = given.resolved(environment({{"A2AKIT_PORT", "99"}, {"A2AKIT_MAX_RETRIES", "7"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->port, 1234);
    EXPECT_EQ(settings->max_retries, 7);
    EXPECT_EQ(settings->max_streams, 10000);
}

TEST(SettingsTest, SecondsMayHaveAFraction) {
    const auto settings = Settings{}.resolved(
        environment({{"A2AKIT_BLOCKING_TIMEOUT", "0.25"}, {"A2AKIT_DRAIN_TIMEOUT", "0"}, {"A2AKIT_LEASE", "1e1"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->blocking_timeout, milliseconds(250));
    EXPECT_EQ(settings->drain_timeout, seconds(0));
    EXPECT_EQ(settings->lease, seconds(10));
}

TEST(SettingsTest, AnEmptyVariableIsNotSet) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_PORT", ""}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->port, 8000);
}

TEST(SettingsTest, SlashesAtTheEndOfPathsAndUrlsGo) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_BASE_PATH", "/a/"}, {"A2AKIT_PUBLIC_URL", "https://x/a/"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->base_path, "/a");
    EXPECT_EQ(settings->public_url, "https://x/a");
}

struct Wrong {
    const char* name;
    const char* value;
    const char* allowed;
};

class WrongSettingTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongSettingTest, NamesVariableValueAndWhatIsAllowed) {
    const auto settings = Settings{}.resolved(environment({{GetParam().name, GetParam().value}}));
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, ErrorCode::kInvalidParams);
    EXPECT_EQ(settings.error().message, std::string(GetParam().name) + ": \"" + GetParam().value +
                                            "\" is not allowed; use " + GetParam().allowed);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongSettingTest,
    ::testing::Values(Wrong{"A2AKIT_PORT", "65536", "a whole number from 0 to 65535"},
                      Wrong{"A2AKIT_PORT", "80a", "a whole number from 0 to 65535"},
                      Wrong{"A2AKIT_PORT", "99999999999999999999", "a whole number from 0 to 65535"},
                      Wrong{"A2AKIT_MAX_RETRIES", "-1", "a whole number from 0 to 1000"},
                      Wrong{"A2AKIT_LEASE", "0", "a number of seconds from 0.1 to 31536000"},
                      Wrong{"A2AKIT_HEARTBEAT", "nan", "a number of seconds from 0.001 to 31536000"},
                      Wrong{"A2AKIT_HEARTBEAT", "15s", "a number of seconds from 0.001 to 31536000"},
                      Wrong{"A2AKIT_CANCEL_WAIT", "-2", "a number of seconds from 0 to 31536000"},
                      Wrong{"A2AKIT_TRUST_FORWARDED", "maybe", "true, false, 1 or 0"},
                      Wrong{"A2AKIT_BASE_PATH", "agent", "a path such as /agent"},
                      Wrong{"A2AKIT_PUBLIC_URL", "ftp://x", "a URL that begins with http:// or https://"},
                      Wrong{"A2AKIT_LOG_LEVEL", "loud", "trace, debug, info, warn, error or off"}));

TEST(SettingsTest, AWrongArgumentIsRefusedLikeAWrongVariable) {
    Settings given;
    given.max_streams = 0;
    const auto settings = given.resolved(environment({}));
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message,
              "A2AKIT_MAX_STREAMS: \"0\" is not allowed; use a whole number from 1 to 10000000");
}

TEST(SettingsTest, AWrongContextKeyIsRefusedWithoutBeingRepeated) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_CONTEXT_KEY", "my-secret-key"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_CONTEXT_KEY: ")) << settings.error().message;
    EXPECT_EQ(settings.error().message.find("my-secret-key"), std::string::npos);
    EXPECT_TRUE(Settings{}.resolved(environment({{"A2AKIT_CONTEXT_KEY", std::string(64, '7')}})));
}

}  // namespace
}  // namespace a2akit
