#include "json/codec.hpp"
#include "wire/v0_3/card.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <a2akit/protocol/json.hpp>

namespace a2akit::wire::v0_3 {
namespace {

using testing::HasSubstr;
using testing::Not;

AgentCard card() {
    AgentCard card;
    card.name = "n";
    card.description = "d";
    card.version = "2";
    card.supported_interfaces = {{"http://h/", "JSONRPC", {}, "1.0"},
                                 {"http://h/", "JSONRPC", {}, "0.3"},
                                 {"http://h", "HTTP+JSON", {}, "0.3"}};
    card.capabilities.streaming = true;
    card.capabilities.extended_agent_card = true;
    card.default_input_modes = {"text/plain"};
    card.default_output_modes = {"text/plain"};
    AgentSkill skill{.id = "s", .name = "S", .description = "does", .tags = {"t"}};
    skill.security_requirements = {{{{"key", {}}}}};
    card.skills = {skill};
    card.security_schemes = {
        {"key", {APIKeySecurityScheme{"", "header", "X-Key"}}},
        {"http", {HTTPAuthSecurityScheme{"", "bearer", "JWT"}}},
        {"code",
         {OAuth2SecurityScheme{
             "",
             {AuthorizationCodeOAuthFlow{"http://a", "http://t", "", {{"r", "read"}}, true}},
             ""}}},
        {"device",
         {OAuth2SecurityScheme{"", {DeviceCodeOAuthFlow{"http://d", "http://t", "", {}}}, ""}}},
        {"oidc", {OpenIdConnectSecurityScheme{"", "http://o"}}},
        {"mtls", {MutualTlsSecurityScheme{"certificates"}}}};
    card.security_requirements = {{{{"code", {{"r"}}}, {"key", {}}}}};
    card.signatures = {{"p", "s", {}}};
    return card;
}

const std::string kOwnFields =
    R"("protocolVersion":"0.3.0","url":"http://h/","preferredTransport":"JSONRPC",)"
    R"("additionalInterfaces":[{"url":"http://h/","transport":"JSONRPC"},{"url":"http://h","transport":"HTTP+JSON"}],)"
    R"("supportsAuthenticatedExtendedCard":true})";

TEST(V03Card, IsWrittenAsTheSchemaOf03HasIt) {
    std::string text;
    append_card(text, card());
    EXPECT_EQ(
        text,
        R"({"name":"n","description":"d","version":"2","capabilities":{"streaming":true},"securitySchemes":{)"
        R"("code":{"type":"oauth2","flows":{"authorizationCode":{"authorizationUrl":"http://a","tokenUrl":"http://t",)"
        R"("scopes":{"r":"read"}}}},)"
        R"("device":{"type":"oauth2","flows":{}},)"
        R"("http":{"type":"http","scheme":"bearer","bearerFormat":"JWT"},)"
        R"("key":{"type":"apiKey","in":"header","name":"X-Key"},)"
        R"("mtls":{"type":"mutualTLS","description":"certificates"},)"
        R"("oidc":{"type":"openIdConnect","openIdConnectUrl":"http://o"}},)"
        R"("security":[{"code":["r"],"key":[]}],)"
        R"("defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],)"
        R"("skills":[{"id":"s","name":"S","description":"does","tags":["t"],"security":[{"key":[]}]}],)" +
            kOwnFields);
}

TEST(V03Card, TheCommonFormIsTheCardOf10WithWhatOnly03Has) {
    std::string text;
    append_common_card(text, card());
    const auto read = json::decode<AgentCard>(text);
    ASSERT_TRUE(read) << read.error().message;
    AgentCard unsigned_card = card();
    unsigned_card.signatures.clear();
    EXPECT_EQ(json::encode(*read), json::encode(unsigned_card)) << "what 1.0 reads of it";
    EXPECT_THAT(text, testing::EndsWith(kOwnFields));
    EXPECT_THAT(
        text,
        HasSubstr(
            R"("key":{"type":"apiKey","in":"header","name":"X-Key","apiKeySecurityScheme":{)"));
    EXPECT_THAT(text, HasSubstr(R"("security":[{"code":["r"],"key":[]}])"));
}

TEST(V03Card, WithoutSchemesAndRequirementsNeitherFormNamesThem) {
    AgentCard plain = card();
    plain.security_schemes.clear();
    plain.security_requirements.clear();
    plain.skills[0].security_requirements.clear();
    for (const auto& append : {append_card, append_common_card}) {
        std::string text;
        append(text, plain);
        EXPECT_TRUE(parse_raw_json(text));
        EXPECT_THAT(text, Not(HasSubstr("security")));
    }
}

}  // namespace
}  // namespace a2akit::wire::v0_3
