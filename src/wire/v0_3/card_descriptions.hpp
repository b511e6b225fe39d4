#pragma once

#include "json/card_descriptions.hpp"
#include "json/codec_impl.hpp"
#include "wire/v0_3/value_codecs.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

// The card of 0.3, in the form of its JSON schema.

namespace a2akit::json {

template <class T>
using InSchema = wire::v0_3::In<wire::v0_3::Form::kSchema, T>;

template <>
struct Description<InSchema<APIKeySecurityScheme>> {
    static constexpr auto kFields = std::tuple(
        constant("type", "apiKey"), field("description", &APIKeySecurityScheme::description),
        field("in", &APIKeySecurityScheme::location, Need::kRequired),
        field("name", &APIKeySecurityScheme::name, Need::kRequired));
};
template <>
struct Description<InSchema<HTTPAuthSecurityScheme>> {
    static constexpr auto kFields = std::tuple(
        constant("type", "http"), field("description", &HTTPAuthSecurityScheme::description),
        field("scheme", &HTTPAuthSecurityScheme::scheme, Need::kRequired),
        field("bearer_format", &HTTPAuthSecurityScheme::bearer_format));
};
template <>
struct Description<InSchema<AuthorizationCodeOAuthFlow>> {
    using Flow = AuthorizationCodeOAuthFlow;
    static constexpr auto kFields = std::tuple(
        field("authorization_url", &Flow::authorization_url, Need::kRequired),
        field("token_url", &Flow::token_url, Need::kRequired),
        field("refresh_url", &Flow::refresh_url), field("scopes", &Flow::scopes, Need::kRequired));
};
template <>
struct Description<InSchema<ImplicitOAuthFlow>> {
    using Flow = ImplicitOAuthFlow;
    static constexpr auto kFields = std::tuple(
        field("authorization_url", &Flow::authorization_url, Need::kRequired),
        field("refresh_url", &Flow::refresh_url), field("scopes", &Flow::scopes, Need::kRequired));
};
template <>
struct Description<InSchema<PasswordOAuthFlow>> {
    using Flow = PasswordOAuthFlow;
    static constexpr auto kFields = std::tuple(
        field("token_url", &Flow::token_url, Need::kRequired),
        field("refresh_url", &Flow::refresh_url), field("scopes", &Flow::scopes, Need::kRequired));
};
/// 0.3 has no device flow.
template <>
struct Description<InSchema<OAuthFlows>> {
    static constexpr auto kFields = std::tuple(
        alternative_as<1, InSchema<AuthorizationCodeOAuthFlow>>("authorization_code", "flow",
                                                                &OAuthFlows::flow),
        alternative<2>("client_credentials", "flow", &OAuthFlows::flow),
        alternative_as<3, InSchema<ImplicitOAuthFlow>>("implicit", "flow", &OAuthFlows::flow),
        alternative_as<4, InSchema<PasswordOAuthFlow>>("password", "flow", &OAuthFlows::flow));
};
template <>
struct Description<InSchema<OAuth2SecurityScheme>> {
    static constexpr auto kFields = std::tuple(
        constant("type", "oauth2"), field("description", &OAuth2SecurityScheme::description),
        field_as<InSchema<OAuthFlows>>("flows", &OAuth2SecurityScheme::flows, Need::kRequired),
        field("oauth2_metadata_url", &OAuth2SecurityScheme::oauth2_metadata_url));
};
template <>
struct Description<InSchema<OpenIdConnectSecurityScheme>> {
    using Scheme = OpenIdConnectSecurityScheme;
    static constexpr auto kFields =
        std::tuple(constant("type", "openIdConnect"), field("description", &Scheme::description),
                   field("open_id_connect_url", &Scheme::open_id_connect_url, Need::kRequired));
};
template <>
struct Description<InSchema<MutualTlsSecurityScheme>> {
    static constexpr auto kFields = std::tuple(
        constant("type", "mutualTLS"), field("description", &MutualTlsSecurityScheme::description));
};

/// The schema tells schemes apart by "type".
template <>
struct ValueCodec<InSchema<SecurityScheme>> : ValueCodecBase {
    static bool read(Cursor& cursor, SecurityScheme& value);
    static void write(Writer& writer, const SecurityScheme& value) {
        std::visit(
            [&]<class S>(const S& scheme) {
                if constexpr (std::is_same_v<S, std::monostate>)
                    writer.raw("{}");
                else
                    write_as<InSchema<S>>(writer, scheme);
            },
            value.scheme);
    }
};
/// In 0.3 the requirements have no enclosing message.
template <>
struct ValueCodec<InSchema<SecurityRequirement>> : ValueCodecBase {
    static bool read(Cursor& cursor, SecurityRequirement& value) {
        return cursor.object([&](std::string_view name) {
            auto& scopes = value.schemes[std::string(name)].list;
            return ValueCodec<std::vector<std::string>>::read(cursor, scopes);
        });
    }
    static void write(Writer& writer, const SecurityRequirement& requirement) {
        writer.begin_object();
        for (const auto& [scheme, scopes] : requirement.schemes) {
            writer.foreign_key(scheme);
            ValueCodec<std::vector<std::string>>::write(writer, scopes.list);
        }
        writer.end_object();
    }
};

template <>
struct Description<InSchema<AgentCapabilities>> {
    static constexpr auto kFields =
        std::tuple(field("streaming", &AgentCapabilities::streaming),
                   field("push_notifications", &AgentCapabilities::push_notifications),
                   field("extensions", &AgentCapabilities::extensions));
};
template <>
struct Description<InSchema<AgentSkill>> {
    static constexpr auto kFields = std::tuple(
        field("id", &AgentSkill::id, Need::kRequired),
        field("name", &AgentSkill::name, Need::kRequired),
        field("description", &AgentSkill::description, Need::kRequired),
        field("tags", &AgentSkill::tags, Need::kRequired), field("examples", &AgentSkill::examples),
        field("input_modes", &AgentSkill::input_modes),
        field("output_modes", &AgentSkill::output_modes),
        field_as<std::vector<InSchema<SecurityRequirement>>>("security",
                                                             &AgentSkill::security_requirements));
};
template <>
struct Description<InSchema<AgentCard>> {
    static constexpr auto kFields = std::tuple(
        field("name", &AgentCard::name, Need::kRequired),
        field("description", &AgentCard::description, Need::kRequired),
        field("provider", &AgentCard::provider),
        field("version", &AgentCard::version, Need::kRequired),
        field("documentation_url", &AgentCard::documentation_url),
        field_as<InSchema<AgentCapabilities>>("capabilities", &AgentCard::capabilities,
                                              Need::kRequired),
        field_as<std::map<std::string, InSchema<SecurityScheme>>>("security_schemes",
                                                                  &AgentCard::security_schemes),
        field_as<std::vector<InSchema<SecurityRequirement>>>("security",
                                                             &AgentCard::security_requirements),
        field("default_input_modes", &AgentCard::default_input_modes, Need::kRequired),
        field("default_output_modes", &AgentCard::default_output_modes, Need::kRequired),
        field_as<std::vector<InSchema<AgentSkill>>>("skills", &AgentCard::skills, Need::kRequired),
        field("icon_url", &AgentCard::icon_url));
};

}  // namespace a2akit::json
