#include "server/backend_registry.hpp"

#include <a2akit/testing/memory_ports.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace a2akit {
namespace {

Settings defaults() {
    return *Settings{}.resolved([](std::string_view) { return std::nullopt; });
}

TEST(BackendRegistryTest, MemoryServesEveryPort) {
    const auto ports = BackendRegistry::standard().open({}, defaults());
    ASSERT_TRUE(ports);
    EXPECT_TRUE(ports->storage && ports->context_store && ports->maintenance && ports->broker &&
                ports->event_bus && ports->cancel_registry);
}

TEST(BackendRegistryTest, PortsThatWereGivenStay) {
    Ports given;
    given.broker = testing::memory_ports().broker;
    const auto ports = BackendRegistry::standard().open(given, defaults());
    ASSERT_TRUE(ports);
    EXPECT_EQ(ports->broker, given.broker);
    EXPECT_TRUE(ports->storage);
}

TEST(BackendRegistryTest, AnUnknownSchemeIsRefusedWithTheKnownOnesAndWithoutTheCredentials) {
    Settings settings = defaults();
    settings.broker = "amqp://user:secret@host/queue";
    const auto ports = BackendRegistry::standard().open({}, settings);
    ASSERT_FALSE(ports);
    EXPECT_THAT(ports.error().message,
                ::testing::StartsWith("A2AKIT_BROKER: unknown scheme \"amqp\"; known: memory:"));
}

TEST(BackendRegistryTest, AUrlWithoutASchemeIsNotRepeated) {
    Settings settings = defaults();
    settings.storage = "secret";
    const auto ports = BackendRegistry::standard().open({}, settings);
    ASSERT_FALSE(ports);
    EXPECT_THAT(
        ports.error().message,
        ::testing::StartsWith("A2AKIT_STORAGE: a URL begins with its scheme; known: memory:"));
}

TEST(BackendRegistryTest, TheSameUrlIsOneBackend) {
    int opened = 0;
    BackendRegistry registry;
    registry.add("one", [&](const std::string&, const Settings&) -> Result<Ports> {
        ++opened;
        return testing::memory_ports();
    });
    Settings settings = defaults();
    settings.storage = settings.broker = settings.event_bus = settings.cancel_registry = "one:x";
    ASSERT_TRUE(registry.open({}, settings));
    EXPECT_EQ(opened, 1);
    settings.broker = "one:y";
    ASSERT_TRUE(registry.open({}, settings));
    EXPECT_EQ(opened, 3);
}

TEST(BackendRegistryTest, ABackendThatLacksAPortIsNamed) {
    BackendRegistry registry = BackendRegistry::standard();
    registry.add("bus", [](const std::string&, const Settings&) -> Result<Ports> {
        Ports ports;
        ports.event_bus = testing::memory_ports().event_bus;
        return ports;
    });
    Settings settings = defaults();
    settings.storage = "bus://x";
    const auto ports = registry.open({}, settings);
    ASSERT_FALSE(ports);
    EXPECT_EQ(ports.error().message,
              "A2AKIT_STORAGE: the backend bus: keeps no tasks; use a database (sqlite: or "
              "postgresql://) or memory:");
    settings.storage = "memory:";
    settings.broker = "bus://x";
    EXPECT_EQ(registry.open({}, settings).error().message,
              "A2AKIT_BROKER: the backend bus: can't be used for this");
}

#ifdef A2AKIT_REDIS
TEST(BackendRegistryTest, RedisServesAllButTheStorage) {
    Settings settings = defaults();
    settings.broker = settings.event_bus = settings.cancel_registry = "redis://host/0";
    const auto ports = BackendRegistry::standard().open({}, settings);
    ASSERT_TRUE(ports);
    EXPECT_TRUE(ports->broker && ports->event_bus && ports->cancel_registry);
    settings.storage = "redis://host/0";
    EXPECT_THAT(
        BackendRegistry::standard().open({}, settings).error().message,
        ::testing::StartsWith("A2AKIT_STORAGE: the backend redis: keeps no tasks; use a database"));
}

TEST(BackendRegistryTest, RedisAloneStandsForItsOwnVariable) {
    Settings settings = defaults();
    settings.broker = "redis:";
    EXPECT_THAT(BackendRegistry::standard().open({}, settings).error().message,
                ::testing::HasSubstr("A2AKIT_REDIS_URL"));
    settings.redis_url = "redis://host/secret";
    const Error wrong = BackendRegistry::standard().open({}, settings).error();
    EXPECT_THAT(wrong.message,
                ::testing::StartsWith("A2AKIT_BROKER: database: use a whole number"));
    EXPECT_THAT(wrong.message, ::testing::Not(::testing::HasSubstr("secret")));
    settings.redis_url = "redis://host/1";
    EXPECT_TRUE(BackendRegistry::standard().open({}, settings));
}
#endif

TEST(BackendRegistryTest, AShownUrlHoldsNoCredentials) {
    EXPECT_EQ(shown_url("memory:"), "memory:");
    EXPECT_EQ(shown_url("postgresql://me:pass@word@host:5432/db?password=x"),
              "postgresql://host:5432/db");
    EXPECT_EQ(shown_url("redis://host/0"), "redis://host/0");
    EXPECT_EQ(shown_url("odd:me:pass"), "odd:");
}

TEST(BackendRegistryTest, AUrlWhosePasswordIsNotEncodedIsShownWithoutAnyPartOfIt) {
    for (const char* url :
         {"postgresql://me:hush#hush@host/db", "postgresql://me:hush?hush@host/db",
          "postgresql://me:hush/hush@host/db", "postgresql://me:hush@hush@host/db",
          "postgresql://host?password=hush@hush", "postgresql://host/db?password=hush/hush@hush",
          "postgresql://host/db#hush"}) {
        EXPECT_THAT(shown_url(url), ::testing::Not(::testing::HasSubstr("hush"))) << url;
    }
    EXPECT_EQ(shown_url("postgresql://me:p%23x@host/db"), "postgresql://host/db");
}

TEST(BackendRegistryTest, KeywordsOfLibpqAreNoUrlAndNotRepeated) {
    for (const char* text :
         {"host=db password=hush", "host=db password=hush:hush", "me:hush@host/db", "hush:x"}) {
        Settings settings = defaults();
        settings.storage = text;
        const auto ports = BackendRegistry::standard().open({}, settings);
        ASSERT_FALSE(ports);
        EXPECT_THAT(ports.error().message, ::testing::HasSubstr("a URL begins with its scheme"));
        EXPECT_THAT(ports.error().message, ::testing::Not(::testing::HasSubstr("hush")));
    }
}

}  // namespace
}  // namespace a2akit
