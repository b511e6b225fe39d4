#include "server/card_lint.hpp"

#include "security/declared_security.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace a2akit {
namespace {

constexpr auto kBearer = static_cast<std::uint8_t>(security::Credentials::kBearer);

SecurityRequirement needs(const std::string& scheme) {
    SecurityRequirement requirement;
    requirement.schemes[scheme] = {};
    return requirement;
}

/// A card that nobody has anything against.
CardConfig card() {
    CardConfig card{.name = "Weather", .description = "Knows tomorrow's weather.", .version = "1"};
    card.skills = {{.id = "forecast",
                    .name = "Forecast",
                    .description = "Tomorrow's weather for a town.",
                    .tags = {"weather"}}};
    card.security_schemes["token"] = {HTTPAuthSecurityScheme{.scheme = "bearer"}};
    card.security_requirements = {needs("token")};
    return card;
}

/// Whether a warning begins with this.
bool warns(const CardConfig& config, const std::string& beginning, std::uint8_t checked = kBearer,
           bool has_middlewares = false) {
    const std::vector<std::string> warnings = lint_card(config, checked, has_middlewares);
    return std::ranges::any_of(warnings, [&](const auto& w) { return w.starts_with(beginning); });
}

TEST(CardLint, ACardWithoutFaultsIsLeftAlone) {
    EXPECT_EQ(lint_card(card(), kBearer, false), std::vector<std::string>{});
    EXPECT_TRUE(check_references(card()));
    const CardConfig least{.name = "Echo", .description = "Says it again.", .version = "1"};
    EXPECT_EQ(lint_card(least, 0, false), std::vector<std::string>{});
    EXPECT_TRUE(check_references(least));
}

TEST(CardLint, ARequirementOfAnUnknownSchemeIsRefused) {
    CardConfig config = card();
    config.security_requirements.push_back(needs("tokne"));
    auto refused = check_references(config);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("card.security_requirements[1]: requires \"tokne\""),
              std::string::npos)
        << refused.error().message;
    config = card();
    config.skills[0].security_requirements = {needs("key")};
    refused = check_references(config);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("card.skills[0].security_requirements[0]"),
              std::string::npos);
}

TEST(CardLint, TwoSkillsWithOneIdAreNamed) {
    CardConfig config = card();
    config.skills.push_back(config.skills.front());
    EXPECT_TRUE(warns(config, "skills[1] has the id of another skill: forecast"));
}

TEST(CardLint, TextsThatTellNothingAreNamed) {
    CardConfig config = card();
    config.description = config.name;
    EXPECT_TRUE(warns(config, "description is the agent's name"));
    config.skills[0].tags.clear();
    EXPECT_TRUE(warns(config, "skills[0] has no tags"));
    config.skills[0].description = config.skills[0].name;
    EXPECT_TRUE(warns(config, "skills[0] has no description"));
}

TEST(CardLint, UrlsAndMediaTypesAreLookedAt) {
    CardConfig config = card();
    config.documentation_url = "http://docs.example";
    EXPECT_TRUE(warns(config, "documentation_url is not an https URL"));
    config.provider = AgentProvider{.url = "example.com", .organization = "Example"};
    EXPECT_TRUE(warns(config, "provider.url is not an https URL"));
    config.input_modes = {"text/plain", "text"};
    EXPECT_TRUE(warns(config, "input_modes names \"text\""));
    EXPECT_EQ(lint_url("http://agents.example/a").size(), 1U);
    for (const char* fine : {"https://agents.example/a", "http://localhost:80", "http://[::1]:8000",
                             "http://127.0.0.1:8000/a"})
        EXPECT_EQ(lint_url(fine).size(), 0U) << fine;
}

TEST(CardLint, SchemesThatNobodyRequiresOrChecksAreNamed) {
    CardConfig config = card();
    config.security_schemes["spare"] = {HTTPAuthSecurityScheme{.scheme = "basic"}};
    EXPECT_TRUE(warns(config, "security_schemes[\"spare\"] is not named"));
    EXPECT_TRUE(warns(card(), "security_schemes[\"token\"] is required, but", 0));
    EXPECT_FALSE(warns(card(), "security_schemes[\"token\"]", 0, true));
    config.security_schemes["spare"] = {
        OpenIdConnectSecurityScheme{.open_id_connect_url = "http://login.example"}};
    EXPECT_TRUE(warns(config, "security_schemes[\"spare\"] sends credentials over plain http"));
    config.security_requirements.emplace_back();
    EXPECT_TRUE(warns(config, "security_requirements[1] lets callers in"));
}

TEST(CardLint, AnExtendedCardThatNobodyMakesIsNamed) {
    CardConfig config = card();
    config.extended_agent_card = true;
    EXPECT_TRUE(warns(config, "extended_agent_card is true, but"));
}

}  // namespace
}  // namespace a2akit
