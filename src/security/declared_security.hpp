#pragma once

#include <a2akit/core/request_context.hpp>
#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace a2akit::security {

/// A kind of credentials. Values are bits, so that several make a set.
enum class Credentials : std::uint8_t {
    kApiKey = 1,
    kBasic = 2,
    kBearer = 4,
    kCertificate = 8,
};

/// The kinds of credentials that a security scheme of a card asks for, as a set; 0 for a scheme of
/// which the settings of this server know nothing.
[[nodiscard]] std::uint8_t kinds_of(const SecurityScheme& scheme) noexcept;

/// The security requirements of an agent card (specification 1.0, section 4.4.1), checked for a
/// caller whose credentials are right.
///
/// A requirement is judged by those of its schemes whose credentials the server checks itself. What
/// the other schemes ask for is left to the application's middlewares.
class DeclaredSecurity {
public:
    /// Without requirements: everybody may call.
    DeclaredSecurity() = default;
    /// `checked`: the kinds of credentials that the server checks.
    DeclaredSecurity(const std::map<std::string, SecurityScheme>& schemes,
                     const std::vector<SecurityRequirement>& requirements, std::uint8_t checked);

    /// What the caller has shown.
    struct Caller {
        Credentials credentials{};
        bool has_certificate = false;
        const std::vector<std::string>& scopes;
    };
    struct Verdict {
        enum class Kind {
            kFulfilled,
            kOtherCredentials,  ///< No requirement can be fulfilled by these credentials.
            kMissingScopes,     ///< Only scopes are missing.
        };
        Kind kind = Kind::kFulfilled;
        std::vector<std::string> scopes = {};  ///< That are needed; for kMissingScopes.
    };
    [[nodiscard]] Verdict judge(const Caller& caller) const;

private:
    /// A scheme of a requirement.
    struct Part {
        std::uint8_t kinds = 0;
        std::vector<std::string> scopes;
    };
    using Alternative = std::vector<Part>;  ///< All are needed. Empty: nothing is judged here.
    std::vector<Alternative> alternatives_;
};

/// The security requirements of the skills of a card (specification 1.0, section 4.4.5), for the
/// messages that are sent to the agent.
///
/// Messages do not name a skill. One that is not known to be for a particular skill may be for any
/// of them, so its caller has to fulfil the requirements of at least one.
class SkillSecurity {
public:
    using SkillOf = std::function<std::string(const RequestEnvelope&)>;

    /// Without skills: everybody may send.
    SkillSecurity() = default;
    /// `skill_of` may be empty. `checked`: the kinds of credentials that the server checks.
    SkillSecurity(const std::map<std::string, SecurityScheme>& schemes,
                  const std::vector<AgentSkill>& skills, std::uint8_t checked, SkillOf skill_of);
    /// Fulfilled for every operation that sends no message.
    [[nodiscard]] DeclaredSecurity::Verdict judge(const RequestEnvelope& envelope,
                                                  const DeclaredSecurity::Caller& caller) const;

private:
    struct Skill {
        std::string id;
        DeclaredSecurity security;
    };
    std::vector<Skill> skills_;  ///< Empty: no skill has requirements.
    SkillOf skill_of_;
};

}  // namespace a2akit::security
