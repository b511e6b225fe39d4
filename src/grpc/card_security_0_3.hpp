#pragma once

#include <a2akit/protocol/agent_card.hpp>

#include <map>
#include <string>
#include <vector>

namespace a2a::v1 {
class AgentCard;
}

/// What a caller of the agent needs: the part of a card whose protocol buffers in 0.3 have the form
/// of 1.0, and not the form of the JSON schema of 0.3.
namespace a2akit::rpc {

/// Writes the security schemes and requirements, those of the skills included. REQUIRES: `to` has
/// the skills of the card.
void write_security(const AgentCard& card, a2a::v1::AgentCard& to);

struct CardSecurity {
    std::map<std::string, SecurityScheme> schemes = {};
    std::vector<SecurityRequirement> requirements = {};
    std::vector<std::vector<SecurityRequirement>> of_skills = {};
};
/// Takes them out of the message: what is left of it has the form of the JSON schema. Schemes of a
/// kind that is not known are left out.
[[nodiscard]] CardSecurity take_security(a2a::v1::AgentCard& from);

}  // namespace a2akit::rpc
