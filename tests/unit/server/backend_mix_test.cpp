#include "server/backend_mix.hpp"

#include <a2akit/testing/memory_ports.hpp>

#include <gtest/gtest.h>

namespace a2akit {
namespace {

constexpr const char* kDatabase = "postgresql://u:secret@h/d";

Settings all(const char* url) {
    Settings settings;
    settings.storage = settings.broker = settings.event_bus = settings.cancel_registry = url;
    return settings;
}

TEST(BackendMix, OneBackendForEverythingNeedsNoWord) {
    for (const char* url : {"memory:", "sqlite:/x.db", kDatabase}) {
        const auto warnings = check_mix({}, all(url));
        ASSERT_TRUE(warnings);
        EXPECT_TRUE(warnings->empty()) << url;
    }
}

TEST(BackendMix, EachPortThatTheNodesDoNotShareIsNamedWithWhatToSet) {
    Settings settings = all("memory:");
    settings.storage = kDatabase;
    const auto warnings = check_mix({}, settings);
    ASSERT_TRUE(warnings);
    ASSERT_EQ(warnings->size(), 3U);
    const char* const names[] = {"A2AKIT_BROKER", "A2AKIT_EVENT_BUS", "A2AKIT_CANCEL_REGISTRY"};
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE((*warnings)[i].starts_with(names[i]));
        EXPECT_NE((*warnings)[i].find(std::string("set ") + names[i]), std::string::npos);
        EXPECT_EQ((*warnings)[i].find("secret"), std::string::npos);
    }
}

TEST(BackendMix, ASharedBrokerOverTasksThatNobodyElseKnowsIsRefused) {
    Settings settings = all("memory:");
    settings.broker = kDatabase;
    const auto refused = check_mix({}, settings);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
    EXPECT_NE(refused.error().message.find("A2AKIT_STORAGE"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
}

TEST(BackendMix, PortsThatWereGivenAreNotJudged) {
    Settings settings = all("memory:");
    settings.broker = kDatabase;
    EXPECT_TRUE(check_mix(testing::memory_ports(), settings));
}

}  // namespace
}  // namespace a2akit
