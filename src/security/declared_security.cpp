#include "security/declared_security.hpp"

#include "security/text.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace a2akit::security {
namespace {

constexpr std::uint8_t bit(Credentials kind) noexcept { return static_cast<std::uint8_t>(kind); }

struct KindsOf {
    std::uint8_t operator()(const APIKeySecurityScheme& scheme) const noexcept {
        const bool ours = scheme.location == "header" && lower_case(scheme.name) == "x-api-key";
        return ours ? bit(Credentials::kApiKey) : 0;
    }
    std::uint8_t operator()(const HTTPAuthSecurityScheme& scheme) const noexcept {
        const std::string name = lower_case(scheme.scheme);
        if (name == "basic") return bit(Credentials::kBasic);
        // API keys are accepted as bearer tokens too.
        if (name == "bearer") return bit(Credentials::kBearer) | bit(Credentials::kApiKey);
        return 0;
    }
    std::uint8_t operator()(const OAuth2SecurityScheme&) const noexcept {
        return bit(Credentials::kBearer);
    }
    std::uint8_t operator()(const OpenIdConnectSecurityScheme&) const noexcept {
        return bit(Credentials::kBearer);
    }
    std::uint8_t operator()(const MutualTlsSecurityScheme&) const noexcept {
        return bit(Credentials::kCertificate);
    }
    std::uint8_t operator()(const std::monostate&) const noexcept { return 0; }
};

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

}  // namespace

std::uint8_t kinds_of(const SecurityScheme& scheme) noexcept {
    return std::visit(KindsOf{}, scheme.scheme);
}

DeclaredSecurity::DeclaredSecurity(const std::map<std::string, SecurityScheme>& schemes,
                                   const std::vector<SecurityRequirement>& requirements,
                                   std::uint8_t checked) {
    for (const SecurityRequirement& requirement : requirements) {
        Alternative alternative;
        for (const auto& [name, scopes] : requirement.schemes) {
            const auto scheme = schemes.find(name);
            if (scheme == schemes.end()) continue;
            const std::uint8_t kinds = kinds_of(scheme->second) & checked;
            if (kinds != 0) alternative.push_back({kinds, scopes.list});
        }
        alternatives_.push_back(std::move(alternative));
    }
}

DeclaredSecurity::Verdict DeclaredSecurity::judge(const Caller& caller) const {
    if (alternatives_.empty()) return {};
    Verdict verdict{Verdict::Kind::kOtherCredentials, {}};
    const std::uint8_t shown =
        bit(caller.credentials) | (caller.has_certificate ? bit(Credentials::kCertificate) : 0);
    for (const Alternative& alternative : alternatives_) {
        const bool fits = std::ranges::all_of(
            alternative, [&](const Part& part) { return (part.kinds & shown) != 0; });
        if (!fits) continue;
        std::vector<std::string> needed;
        for (const Part& part : alternative)
            needed.insert(needed.end(), part.scopes.begin(), part.scopes.end());
        if (std::ranges::all_of(needed, [&](const auto& s) { return has(caller.scopes, s); }))
            return {};
        // The first one tells the caller what would be enough.
        if (verdict.kind == Verdict::Kind::kOtherCredentials)
            verdict = {Verdict::Kind::kMissingScopes, std::move(needed)};
    }
    return verdict;
}

SkillSecurity::SkillSecurity(const std::map<std::string, SecurityScheme>& schemes,
                             const std::vector<AgentSkill>& skills, std::uint8_t checked,
                             SkillOf skill_of)
    : skill_of_(std::move(skill_of)) {
    const auto is_open = [](const AgentSkill& s) { return s.security_requirements.empty(); };
    if (std::ranges::all_of(skills, is_open)) return;
    for (const AgentSkill& skill : skills)
        skills_.push_back(
            {skill.id, DeclaredSecurity(schemes, skill.security_requirements, checked)});
}

DeclaredSecurity::Verdict SkillSecurity::judge(const RequestEnvelope& envelope,
                                               const DeclaredSecurity::Caller& caller) const {
    using Kind = DeclaredSecurity::Verdict::Kind;
    if (skills_.empty() || !std::holds_alternative<SendMessageRequest>(envelope.params)) return {};
    if (skill_of_) {
        const auto named = std::ranges::find(skills_, skill_of_(envelope), &Skill::id);
        if (named != skills_.end()) return named->security.judge(caller);
    }
    DeclaredSecurity::Verdict best{Kind::kOtherCredentials, {}};
    for (const Skill& skill : skills_) {
        DeclaredSecurity::Verdict verdict = skill.security.judge(caller);
        if (verdict.kind == Kind::kFulfilled) return verdict;
        // The first one tells the caller what would be enough.
        if (best.kind == Kind::kOtherCredentials) best = std::move(verdict);
    }
    return best;
}

}  // namespace a2akit::security
