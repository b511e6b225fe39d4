#include "security/declared_security.hpp"
#include "security/api_keys.hpp"
#include "security/certificate_identity.hpp"
#include "security/identity.hpp"
#include "support/thread_loop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::security {
namespace {

using Kind = DeclaredSecurity::Verdict::Kind;

constexpr std::uint8_t kAll = 15;

SecurityRequirement needs(std::map<std::string, std::vector<std::string>> schemes) {
    SecurityRequirement requirement;
    for (auto& [name, scopes] : schemes) requirement.schemes[name] = StringList{std::move(scopes)};
    return requirement;
}

class DeclaredSecurityTest : public ::testing::Test {
protected:
    DeclaredSecurityTest() {
        schemes["key"] = {APIKeySecurityScheme{.location = "header", .name = "X-API-Key"}};
        schemes["cookie"] = {APIKeySecurityScheme{.location = "cookie", .name = "X-API-Key"}};
        schemes["basic"] = {HTTPAuthSecurityScheme{.scheme = "Basic"}};
        schemes["bearer"] = {HTTPAuthSecurityScheme{.scheme = "bearer"}};
        schemes["oauth"] = {OAuth2SecurityScheme{}};
        schemes["oidc"] = {OpenIdConnectSecurityScheme{}};
        schemes["tls"] = {MutualTlsSecurityScheme{}};
    }
    DeclaredSecurity::Verdict judge(const std::vector<SecurityRequirement>& requirements,
                                    Credentials credentials, std::vector<std::string> scopes = {},
                                    bool certificate = false, std::uint8_t checked = kAll) {
        return DeclaredSecurity(schemes, requirements, checked)
            .judge({credentials, certificate, scopes});
    }
    std::map<std::string, SecurityScheme> schemes;
};

TEST_F(DeclaredSecurityTest, WithoutRequirementsEverybodyMayCall) {
    EXPECT_EQ(judge({}, Credentials::kBasic).kind, Kind::kFulfilled);
    EXPECT_EQ(DeclaredSecurity().judge({Credentials::kApiKey, false, {}}).kind, Kind::kFulfilled);
}

TEST_F(DeclaredSecurityTest, EachSchemeTakesItsOwnCredentials) {
    const auto fulfils = [&](const char* scheme, Credentials credentials) {
        return judge({needs({{scheme, {}}})}, credentials).kind == Kind::kFulfilled;
    };
    for (const char* token : {"bearer", "oauth", "oidc"}) {
        EXPECT_TRUE(fulfils(token, Credentials::kBearer)) << token;
        EXPECT_FALSE(fulfils(token, Credentials::kBasic)) << token;
        EXPECT_FALSE(fulfils(token, Credentials::kCertificate)) << token;
    }
    EXPECT_TRUE(fulfils("key", Credentials::kApiKey));
    EXPECT_TRUE(fulfils("bearer", Credentials::kApiKey));
    EXPECT_FALSE(fulfils("oauth", Credentials::kApiKey));
    EXPECT_FALSE(fulfils("key", Credentials::kBearer));
    EXPECT_TRUE(fulfils("basic", Credentials::kBasic));
    EXPECT_TRUE(fulfils("tls", Credentials::kCertificate));
}

TEST_F(DeclaredSecurityTest, OneRequirementIsEnoughAndAllOfItsSchemesAreNeeded) {
    const std::vector<SecurityRequirement> either{needs({{"basic", {}}}),
                                                  needs({{"key", {}}, {"tls", {}}})};
    EXPECT_EQ(judge(either, Credentials::kBasic).kind, Kind::kFulfilled);
    EXPECT_EQ(judge(either, Credentials::kApiKey).kind, Kind::kOtherCredentials);
    EXPECT_EQ(judge(either, Credentials::kApiKey, {}, true).kind, Kind::kFulfilled);
    EXPECT_EQ(judge(either, Credentials::kCertificate, {}, true).kind, Kind::kOtherCredentials);
}

TEST_F(DeclaredSecurityTest, MissingScopesAreThoseOfTheFirstRequirementThatFits) {
    const std::vector<SecurityRequirement> either{needs({{"oauth", {"read", "write"}}}),
                                                  needs({{"bearer", {"admin"}}})};
    const auto verdict = judge(either, Credentials::kBearer, {"read"});
    EXPECT_EQ(verdict.kind, Kind::kMissingScopes);
    EXPECT_EQ(verdict.scopes, (std::vector<std::string>{"read", "write"}));
    EXPECT_EQ(judge(either, Credentials::kBearer, {"write", "read"}).kind, Kind::kFulfilled);
    EXPECT_EQ(judge(either, Credentials::kBearer, {"admin"}).kind, Kind::kFulfilled);
}

TEST_F(DeclaredSecurityTest, SchemesThatOnlyAMiddlewareKnowsAreLeftToIt) {
    EXPECT_EQ(judge({needs({{"cookie", {}}})}, Credentials::kBasic).kind, Kind::kFulfilled);
    EXPECT_EQ(judge({needs({{"cookie", {}}, {"oauth", {"read"}}})}, Credentials::kBearer).kind,
              Kind::kMissingScopes);
    const auto only_keys = static_cast<std::uint8_t>(Credentials::kApiKey);
    EXPECT_EQ(judge({needs({{"oauth", {}}})}, Credentials::kApiKey, {}, false, only_keys).kind,
              Kind::kFulfilled);
}

class SkillSecurityTest : public DeclaredSecurityTest {
protected:
    /// A skill for each pair of an id and the scope that it needs; "" needs nothing.
    static std::vector<AgentSkill> skills_of(
        const std::vector<std::pair<std::string, std::string>>& all) {
        std::vector<AgentSkill> skills;
        for (const auto& [id, scope] : all) {
            AgentSkill& skill = skills.emplace_back();
            skill.id = id;
            if (!scope.empty()) skill.security_requirements = {needs({{"oauth", {scope}}})};
        }
        return skills;
    }
    static RequestEnvelope message(std::string text) {
        RequestEnvelope envelope;
        SendMessageRequest send;
        send.message.parts.push_back(Part::from_text(std::move(text)));
        envelope.params = std::move(send);
        return envelope;
    }
    static std::string skill_in_text(const RequestEnvelope& envelope) {
        return std::get<SendMessageRequest>(envelope.params).message.text();
    }
    DeclaredSecurity::Verdict judge_sent(const SkillSecurity& security,
                                         const RequestEnvelope& envelope,
                                         const std::vector<std::string>& scopes) {
        return security.judge(envelope, {Credentials::kBearer, false, scopes});
    }
};

TEST_F(SkillSecurityTest, ACallerFulfilsTheRequirementsOfTheSkillThatTheMessageIsFor) {
    const SkillSecurity security(
        schemes, skills_of({{"draw", "art"}, {"sum", "maths"}, {"say", ""}}), kAll, skill_in_text);
    EXPECT_EQ(judge_sent(security, message("draw"), {"art"}).kind, Kind::kFulfilled);
    const auto refused = judge_sent(security, message("sum"), {"art"});
    EXPECT_EQ(refused.kind, Kind::kMissingScopes);
    EXPECT_EQ(refused.scopes, std::vector<std::string>{"maths"});
    EXPECT_EQ(judge_sent(security, message("say"), {}).kind, Kind::kFulfilled);
    EXPECT_EQ(security.judge(message("draw"), {Credentials::kBasic, false, {}}).kind,
              Kind::kOtherCredentials);
}

TEST_F(SkillSecurityTest, AMessageForNoKnownSkillNeedsTheRightToOneOfThem) {
    for (const SkillSecurity::SkillOf& skill_of :
         {SkillSecurity::SkillOf(), SkillSecurity::SkillOf(skill_in_text)}) {
        const SkillSecurity all(schemes, skills_of({{"draw", "art"}, {"sum", "maths"}}), kAll,
                                skill_of);
        EXPECT_EQ(judge_sent(all, message("?"), {"maths"}).kind, Kind::kFulfilled);
        const auto refused = judge_sent(all, message("?"), {"other"});
        EXPECT_EQ(refused.kind, Kind::kMissingScopes);
        EXPECT_EQ(refused.scopes, std::vector<std::string>{"art"});
        const SkillSecurity some(schemes, skills_of({{"draw", "art"}, {"say", ""}}), kAll,
                                 skill_of);
        EXPECT_EQ(judge_sent(some, message("?"), {}).kind, Kind::kFulfilled);
    }
}

TEST_F(SkillSecurityTest, OnlyMessagesAreForASkill) {
    const SkillSecurity security(schemes, skills_of({{"draw", "art"}}), kAll, skill_in_text);
    RequestEnvelope get;
    get.operation = Operation::kGetTask;
    get.params = GetTaskRequest{};
    EXPECT_EQ(judge_sent(security, get, {}).kind, Kind::kFulfilled);
    EXPECT_EQ(judge_sent(SkillSecurity(), message("draw"), {}).kind, Kind::kFulfilled);
}

/// A caller who is who it says, by its header.
class Known final : public Identity {
public:
    bool is_present(const RequestContext& context) const override {
        return !context.header("x-name").empty();
    }
    AsyncResult<Principal> identify(const RequestContext& context, LoginGuard&) override {
        return Principal{std::string(context.header("x-name")), {"read"}};
    }
    Credentials credentials() const noexcept override { return Credentials::kBearer; }
    std::string challenge() const override { return "Bearer realm=\"a2a\""; }
};

TEST_F(DeclaredSecurityTest, IdentitiesRefuseWhatTheCardDoesNotAllow) {
    const auto ask = [&](const std::vector<SecurityRequirement>& requirements) {
        Identities identities({std::make_shared<Known>()}, std::make_shared<LoginGuard>(),
                              DeclaredSecurity(schemes, requirements, kAll));
        RequestEnvelope envelope;
        envelope.context.headers = {{"x-name", "alice"}};
        std::optional<Result<void>> result;
        test_support::ThreadLoop loop;
        loop.start([&]() -> Async<void> {
                result = co_await identities.before_body(envelope.context);
                if (*result) result = co_await identities.before_dispatch(envelope);
            })
            .join();
        return std::move(*result);
    };
    EXPECT_TRUE(ask({needs({{"oauth", {"read"}}})}));
    const auto other = ask({needs({{"basic", {}}})});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(other.error().details->challenge, "Bearer realm=\"a2a\"");
    const auto scopes = ask({needs({{"oauth", {"read", "write"}}})});
    ASSERT_FALSE(scopes);
    EXPECT_EQ(scopes.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(scopes.error().details->challenge,
              R"(Bearer realm="a2a", scope="read write", error="insufficient_scope")");
}

TEST_F(SkillSecurityTest, IdentitiesAskTheSkillOnceTheMessageIsThere) {
    Identities identities(
        {std::make_shared<Known>()}, std::make_shared<LoginGuard>(), {},
        SkillSecurity(schemes, skills_of({{"see", "read"}, {"draw", "art"}}), kAll, skill_in_text));
    const auto ask = [&](const std::string& skill) {
        RequestEnvelope envelope = message(skill);
        envelope.context.headers = {{"x-name", "alice"}};
        std::optional<Result<void>> result;
        test_support::ThreadLoop loop;
        loop.start([&]() -> Async<void> {
                EXPECT_TRUE(co_await identities.before_body(envelope.context));
                result = co_await identities.before_dispatch(envelope);
            })
            .join();
        return std::move(*result);
    };
    EXPECT_TRUE(ask("see"));
    const auto refused = ask("draw");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(refused.error().details->challenge,
              R"(Bearer realm="a2a", scope="art", error="insufficient_scope")");
}

TEST(ResourceMetadata, IsNamedInTheChallengeOfTheSchemeBearer) {
    const std::string url = "https://a.example/.well-known/oauth-protected-resource";
    EXPECT_EQ(with_resource_metadata(
                  R"(ApiKey realm="a2a", header="X-API-Key", Bearer realm="a2a", scope="r")", url),
              R"(ApiKey realm="a2a", header="X-API-Key", Bearer realm="a2a", )"
              R"(resource_metadata="https://a.example/.well-known/oauth-protected-resource", )"
              R"(scope="r")");
    EXPECT_EQ(with_resource_metadata(R"(Basic realm="a2a")", url), R"(Basic realm="a2a")");
    const std::string named = with_resource_metadata(R"(Bearer realm="a2a")", url);
    EXPECT_EQ(with_resource_metadata(named, url), named);
    EXPECT_EQ(with_resource_metadata("", url), "");
}

}  // namespace
}  // namespace a2akit::security
