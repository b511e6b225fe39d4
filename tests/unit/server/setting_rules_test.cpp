#include "server/unknown_settings.hpp"
#include "support/temporary_directory.hpp"
#include "unit/server/setting_table.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What holds between settings, and for those that are secrets.

namespace a2akit {
namespace {

TEST(SettingsTest, OneVersionServedHasItsOwnCardForWhoNamesNone) {
    for (const std::string version : {"1.0", "0.3"}) {
        const auto settings = Settings{}.resolved(environment({{"A2AKIT_VERSIONS", version}}));
        ASSERT_TRUE(settings);
        EXPECT_EQ(settings->card_without_version, version);
        const auto wrong = Settings{}.resolved(environment(
            {{"A2AKIT_VERSIONS", version}, {"A2AKIT_CARD_WITHOUT_VERSION", "superset"}}));
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().message,
                  "A2AKIT_CARD_WITHOUT_VERSION: \"superset\" is not allowed; use " + version +
                      ", which alone A2AKIT_VERSIONS serves");
    }
}

TEST(SettingsTest, APublicUrlWithCredentialsIsRefusedWithoutRepeatingThem) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_PUBLIC_URL", "https://user:password@host"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_PUBLIC_URL: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("password"), std::string::npos);
}

TEST(SettingsTest, APublicUrlMayHaveAPortAPathAndAnAddress) {
    for (const char* url :
         {"http://h", "https://h:8443/agent/v2", "http://[::1]:8000", "https://a-b.example/~x"}) {
        const auto settings = Settings{}.resolved(environment({{"A2AKIT_PUBLIC_URL", url}}));
        ASSERT_TRUE(settings) << url;
        EXPECT_EQ(settings->public_url, url);
    }
}

TEST(SettingsTest, AVariableThatNoSettingHasIsNamedWithTheOneThatWasMeant) {
    std::vector<std::string_view> names{"PATH", "A2AKIT_MAX_STREAM", "A2AKIT_",
                                        "A2AKIT_NO_SUCH_THING", "MY_A2AKIT_PORT"};
    for (const Variable& variable : variables()) names.emplace_back(variable.name);
    std::map<std::string, std::string> found;
    for (const UnknownSetting& unknown : unknown_settings(names))
        found[unknown.name] = unknown.nearest;
    EXPECT_EQ(found,
              (std::map<std::string, std::string>{{"A2AKIT_MAX_STREAM", "A2AKIT_MAX_STREAMS"},
                                                  {"A2AKIT_", ""},
                                                  {"A2AKIT_NO_SUCH_THING", ""}}));
    EXPECT_EQ(unknown_settings({"A2AKIT_TREADS"}).at(0).nearest, "A2AKIT_THREADS");
    EXPECT_EQ(unknown_settings({"A2AKIT_BASEPATH"}).at(0).nearest, "A2AKIT_BASE_PATH");
}

TEST(SettingsTest, ADataDirectoryStandsForEveryUrlThatIsNotGiven) {
    auto settings = Settings{}.resolved(environment({{"A2AKIT_DATA_DIR", "data"}}));
    ASSERT_TRUE(settings);
    for (const auto& url :
         {settings->storage, settings->broker, settings->event_bus, settings->cancel_registry}) {
        EXPECT_EQ(url, "sqlite:data/a2akit.db");
    }
    Settings given;
    given.event_bus = "memory:";
    settings =
        given.resolved(environment({{"A2AKIT_DATA_DIR", "data"}, {"A2AKIT_BROKER", "memory:"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->storage, "sqlite:data/a2akit.db");
    EXPECT_EQ(settings->broker, "memory:");
    EXPECT_EQ(settings->event_bus, "memory:");
    EXPECT_EQ(settings->cancel_registry, "sqlite:data/a2akit.db");
}

TEST(SettingsTest, EntriesOfADeadNodeGoToOthersBeforeItsLeaseEnds) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_LEASE", "3"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->redis_broker_claim_timeout_ms, 2000);
}

TEST(SettingsTest, AWrongAdminTokenIsRefusedWithoutBeingRepeated) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_ADMIN_TOKEN", "too-short"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_ADMIN_TOKEN: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("too-short"), std::string::npos);
}

class SecretFileTest : public ::testing::Test {
protected:
    std::string file(const std::string& text, int mode = 0600) {
        const std::string path = directory_.path() + "/secret";
        std::ofstream(path, std::ios::trunc) << text;
        EXPECT_EQ(::chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
        return path;
    }
    Result<Settings> with_file(const std::string& path) {
        return Settings{}.resolved(environment({{"A2AKIT_ADMIN_TOKEN_FILE", path}}));
    }
    test_support::TemporaryDirectory directory_;
};

TEST_F(SecretFileTest, EverySecretAndEveryUrlMayStandInAFile) {
    struct Case {
        const char* name;
        std::string (*read)(const Settings&);
        const char* value;
    };
    for (const Case& one :
         {Case{"A2AKIT_ADMIN_TOKEN", A2AKIT_READ(admin_token), "0123456789abcdef-secret"},
          Case{"A2AKIT_CONTEXT_KEY", A2AKIT_READ(context_key), kKey},
          Case{"A2AKIT_DATA_KEYS", A2AKIT_READ(data_keys), kDataKeys},
          Case{"A2AKIT_PUSH_SIGNING_KEY", A2AKIT_READ(push_signing_key), kSigningKey},
          Case{"A2AKIT_REDIS_URL", A2AKIT_READ(redis_url), "redis://me:secret@h"},
          Case{"A2AKIT_STORAGE", A2AKIT_READ(storage), "postgresql://me:secret@h/d"},
          Case{"A2AKIT_BROKER", A2AKIT_READ(broker), "redis://me:secret@h"},
          Case{"A2AKIT_EVENT_BUS", A2AKIT_READ(event_bus), "redis://me:secret@h"},
          Case{"A2AKIT_CANCEL_REGISTRY", A2AKIT_READ(cancel_registry), "redis://me:secret@h"}}) {
        const std::string variable = std::string(one.name) + "_FILE";
        const auto settings = Settings{}.resolved(
            environment({{variable, file(std::string(" ") + one.value + "\r\n\n")}}));
        ASSERT_TRUE(settings) << settings.error().message;
        EXPECT_EQ(one.read(*settings), one.value) << one.name;
        EXPECT_TRUE(unknown_settings({variable}).empty()) << variable;
    }
}

TEST_F(SecretFileTest, AFileThatHoldsNoSecretIsRefusedWithoutItsContents) {
    const std::string secret = "0123456789abcdef-secret";
    const std::map<std::string, std::string> wrong{{file(""), "is empty"},
                                                   {"/no/such/file", "cannot be read"},
                                                   {directory_.path(), "is not a regular file"}};
    for (const auto& [path, why] : wrong) {
        const auto settings = with_file(path);
        ASSERT_FALSE(settings) << path;
        EXPECT_EQ(settings.error().message.find("A2AKIT_ADMIN_TOKEN_FILE: \"" + path + "\" " + why),
                  0U)
            << settings.error().message;
    }
    for (const std::string& text :
         {secret + "\n" + secret, std::string(65'537, 's'), secret + '\0' + secret}) {
        const auto settings = with_file(file(text));
        ASSERT_FALSE(settings);
        EXPECT_EQ(settings.error().message.find("secret\nsecret"), std::string::npos);
        EXPECT_EQ(settings.error().message.find(secret), std::string::npos);
    }
    const auto both = Settings{}.resolved(
        environment({{"A2AKIT_ADMIN_TOKEN_FILE", file(secret)}, {"A2AKIT_ADMIN_TOKEN", secret}}));
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().message,
              "A2AKIT_ADMIN_TOKEN_FILE: is set, and so is A2AKIT_ADMIN_TOKEN; set one of the two");
}

TEST_F(SecretFileTest, WhatTheConstructorWasGivenComesBeforeAFile) {
    Settings given;
    given.admin_token = "fedcba9876543210-secret";
    const auto settings = given.resolved(environment({{"A2AKIT_ADMIN_TOKEN_FILE", "/no/file"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->admin_token, given.admin_token);
}

TEST_F(SecretFileTest, AFileThatOthersMayReadIsWarnedOf) {
    const std::string secret = "0123456789abcdef-secret";
    ::testing::internal::CaptureStdout();
    ASSERT_TRUE(with_file(file(secret, 0640)));
    EXPECT_EQ(::testing::internal::GetCapturedStdout().find("others may"), std::string::npos);
    ::testing::internal::CaptureStdout();
    ASSERT_TRUE(with_file(file(secret, 0644)));
    const std::string warned = ::testing::internal::GetCapturedStdout();
    EXPECT_NE(warned.find("A2AKIT_ADMIN_TOKEN_FILE names a file that others may read or change"),
              std::string::npos)
        << warned;
    EXPECT_EQ(warned.find(secret), std::string::npos);
}

TEST(SettingsTest, AWrongArgumentIsRefusedLikeAWrongVariable) {
    Settings given;
    given.max_streams = 0;
    const auto settings = given.resolved(environment({}));
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message,
              "A2AKIT_MAX_STREAMS: \"0\" is not allowed; use a whole number from 1 to 10000000");
}

TEST(SettingsTest, AWrongContextKeyIsRefusedWithoutBeingRepeated) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_CONTEXT_KEY", "my-secret-key"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_CONTEXT_KEY: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("my-secret-key"), std::string::npos);
    EXPECT_TRUE(Settings{}.resolved(environment({{"A2AKIT_CONTEXT_KEY", std::string(64, '7')}})));
}

TEST(SettingsTest, AWrongSigningKeyIsRefusedWithoutShowingIt) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_PUSH_SIGNING_KEY", "whsec_my-secret"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_PUSH_SIGNING_KEY: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("my-secret"), std::string::npos);
}

}  // namespace
}  // namespace a2akit
