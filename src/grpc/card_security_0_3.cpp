#include "grpc/card_security_0_3.hpp"

#include "a2a_v0_3.pb.h"
#include "json/codec.hpp"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

namespace a2akit::rpc {
namespace {

namespace pb = google::protobuf;
namespace v0 = ::a2a::v1;

using Messages = pb::RepeatedPtrField<v0::Security>;

void write_requirements(const std::vector<SecurityRequirement>& from, Messages& to) {
    to.Clear();
    for (const SecurityRequirement& requirement : from) {
        auto& schemes = *to.Add()->mutable_schemes();
        for (const auto& [name, scopes] : requirement.schemes)
            schemes[name].mutable_list()->Assign(scopes.list.begin(), scopes.list.end());
    }
}

std::vector<SecurityRequirement> take_requirements(Messages& from) {
    std::vector<SecurityRequirement> requirements;
    for (const v0::Security& message : from) {
        SecurityRequirement& requirement = requirements.emplace_back();
        for (const auto& [name, scopes] : message.schemes())
            requirement.schemes[name].list.assign(scopes.list().begin(), scopes.list().end());
    }
    from.Clear();
    return requirements;
}

}  // namespace

void write_security(const AgentCard& card, v0::AgentCard& to) {
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    to.clear_security_schemes();
    for (const auto& [name, scheme] : card.security_schemes) {
        v0::SecurityScheme message;
        // A scheme that 0.3 does not have stays empty.
        if (pb::util::JsonStringToMessage(json::encode(scheme), &message, options).ok())
            (*to.mutable_security_schemes())[name] = std::move(message);
    }
    write_requirements(card.security_requirements, *to.mutable_security());
    const std::size_t skills =
        std::min(card.skills.size(), static_cast<std::size_t>(to.skills_size()));
    for (std::size_t i = 0; i < skills; ++i) {
        write_requirements(card.skills[i].security_requirements,
                           *to.mutable_skills(static_cast<int>(i))->mutable_security());
    }
}

CardSecurity take_security(v0::AgentCard& from) {
    CardSecurity security;
    for (const auto& [name, message] : from.security_schemes()) {
        std::string text;
        if (!pb::util::MessageToJsonString(message, &text).ok()) continue;
        if (auto scheme = json::decode<SecurityScheme>(text, json::Mode::kLenient))
            security.schemes[name] = std::move(*scheme);
    }
    from.clear_security_schemes();
    security.requirements = take_requirements(*from.mutable_security());
    for (v0::AgentSkill& skill : *from.mutable_skills())
        security.of_skills.push_back(take_requirements(*skill.mutable_security()));
    return security;
}

}  // namespace a2akit::rpc
