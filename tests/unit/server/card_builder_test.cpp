#include "server/card_builder.hpp"

#include <gtest/gtest.h>

namespace a2akit {
namespace {

CardConfig config() {
    return {.name = "My Agent!", .description = "Does things.", .version = "2.0"};
}

TEST(CardBuilderTest, NamesBothBindingsUnderTheUrl) {
    const AgentCard card = build_card(config(), "https://host/a", {.v0_3 = false});
    ASSERT_EQ(card.supported_interfaces.size(), 2U);
    EXPECT_EQ(card.supported_interfaces[0].url, "https://host/a/");
    EXPECT_EQ(card.supported_interfaces[0].protocol_binding, "JSONRPC");
    EXPECT_EQ(card.supported_interfaces[0].protocol_version, "1.0");
    EXPECT_EQ(card.supported_interfaces[1].url, "https://host/a");
    EXPECT_EQ(card.supported_interfaces[1].protocol_binding, "HTTP+JSON");
}

TEST(CardBuilderTest, NamesThemAgainForEachVersionServed) {
    const auto versions = [](const AgentCard& card) {
        std::vector<std::string> found;
        for (const AgentInterface& each : card.supported_interfaces) {
            found.push_back(each.protocol_binding + ' ' + each.protocol_version);
        }
        return found;
    };
    EXPECT_EQ(
        versions(build_card(config(), "http://h")),
        (std::vector<std::string>{"JSONRPC 1.0", "HTTP+JSON 1.0", "JSONRPC 0.3", "HTTP+JSON 0.3"}));
    EXPECT_EQ(versions(build_card(config(), "http://h", {.v1_0 = false})),
              (std::vector<std::string>{"JSONRPC 0.3", "HTTP+JSON 0.3"}));
}

TEST(CardBuilderTest, FieldsThatTheAuthorLeftOutAreFilledIn) {
    const AgentCard card = build_card(config(), "http://h");
    EXPECT_EQ(card.default_input_modes, std::vector<std::string>{"text/plain"});
    EXPECT_EQ(card.default_output_modes, std::vector<std::string>{"text/plain"});
    ASSERT_EQ(card.skills.size(), 1U);
    EXPECT_EQ(card.skills[0].id, "my-agent");
    EXPECT_EQ(card.skills[0].description, "Does things.");
    EXPECT_EQ(card.skills[0].tags, std::vector<std::string>{"my-agent"})
        << "required, one at least";
    EXPECT_EQ(card.capabilities.streaming, true);
    EXPECT_EQ(card.capabilities.push_notifications, false);
    EXPECT_TRUE(check_card(config()));
}

// Built with -Wextra: an author who leaves a field out is not warned of it.
TEST(CardBuilderTest, SkillsAndExtensionsNameOnlyWhatTheyHave) {
    CardConfig named = config();
    named.skills = {{.id = "count", .name = "Count", .description = "Counts.", .tags = {"text"}}};
    named.extensions = {{.uri = "urn:x", .required = true}};
    const AgentCard card = build_card(named, "http://h");
    EXPECT_EQ(card.skills.at(0).id, "count");
    EXPECT_TRUE(card.skills.at(0).input_modes.empty());
    EXPECT_EQ(card.capabilities.extensions.at(0).uri, "urn:x");
}

TEST(CardBuilderTest, AnEmptyRequiredFieldIsNamed) {
    for (const auto& [field, name] : {std::pair{&CardConfig::name, "card.name"},
                                      std::pair{&CardConfig::description, "card.description"},
                                      std::pair{&CardConfig::version, "card.version"}}) {
        CardConfig incomplete = config();
        (incomplete.*field).clear();
        const auto checked = check_card(incomplete);
        ASSERT_FALSE(checked);
        EXPECT_TRUE(checked.error().message.starts_with(std::string(name) + ": "))
            << checked.error().message;
    }
}

TEST(CardBuilderTest, PushNotificationsArePromisedWhenTheyAreSwitchedOn) {
    CardConfig promising = config();
    EXPECT_FALSE(*build_card(promising, "http://host").capabilities.push_notifications);
    promising.push_notifications = true;
    ASSERT_TRUE(check_card(promising));
    EXPECT_TRUE(*build_card(promising, "http://host").capabilities.push_notifications);
}

/// What is refused as wrong; "" when nothing is.
std::string wrong_field(const CardConfig& card) {
    const auto checked = check_card(card);
    if (checked) return {};
    return checked.error().message.substr(0, checked.error().message.find(": "));
}

TEST(CardBuilderTest, AnIncompleteSkillIsNamed) {
    CardConfig incomplete = config();
    incomplete.skills.resize(1);
    incomplete.skills[0].id = "x";
    EXPECT_EQ(wrong_field(incomplete), "card.skills[0].name");
    incomplete.skills[0].name = incomplete.skills[0].description = "y";
    EXPECT_EQ(wrong_field(incomplete), "");
    EXPECT_EQ(build_card(incomplete, "http://h").skills[0].tags, std::vector<std::string>{"x"});
}

TEST(CardBuilderTest, MissingFieldsThatTheProtocolRequiresAreNamed) {
    CardConfig incomplete = config();
    incomplete.provider = AgentProvider{"https://h", ""};
    EXPECT_EQ(wrong_field(incomplete), "card.provider.organization");
    incomplete = config();
    incomplete.security_schemes["key"].scheme = APIKeySecurityScheme{{}, "header", {}};
    EXPECT_EQ(wrong_field(incomplete), "card.securitySchemes.key.apiKeySecurityScheme.name");
    incomplete.security_schemes["key"] = {};
    EXPECT_EQ(wrong_field(incomplete), "card.securitySchemes.key");
    incomplete = config();
    incomplete.signatures.push_back({"protected", {}, {}});
    EXPECT_EQ(wrong_field(incomplete), "card.signatures[0].signature");
    incomplete = config();
    incomplete.name = "half a character: \xC3";
    EXPECT_NE(wrong_field(incomplete), "");
}

}  // namespace
}  // namespace a2akit
