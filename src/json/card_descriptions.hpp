#pragma once

#include "json/description.hpp"

#include <a2akit/protocol/agent_card.hpp>

// The values of specification 1.0, sections 4.4 and 4.5.

namespace a2akit::json {

template <>
struct Description<AgentInterface> {
    static constexpr std::string_view kName = "AgentInterface";
    static constexpr auto kFields =
        std::tuple(field("url", &AgentInterface::url, Need::kRequired),
                   field("protocol_binding", &AgentInterface::protocol_binding, Need::kRequired),
                   field("tenant", &AgentInterface::tenant),
                   field("protocol_version", &AgentInterface::protocol_version, Need::kRequired));
};

template <>
struct Description<AgentProvider> {
    static constexpr std::string_view kName = "AgentProvider";
    static constexpr auto kFields =
        std::tuple(field("url", &AgentProvider::url, Need::kRequired),
                   field("organization", &AgentProvider::organization, Need::kRequired));
};

template <>
struct Description<AgentExtension> {
    static constexpr std::string_view kName = "AgentExtension";
    static constexpr auto kFields = std::tuple(
        field("uri", &AgentExtension::uri), field("description", &AgentExtension::description),
        field("required", &AgentExtension::required), field("params", &AgentExtension::params));
};

template <>
struct Description<AgentCapabilities> {
    static constexpr std::string_view kName = "AgentCapabilities";
    static constexpr auto kFields =
        std::tuple(field("streaming", &AgentCapabilities::streaming),
                   field("push_notifications", &AgentCapabilities::push_notifications),
                   field("extensions", &AgentCapabilities::extensions),
                   field("extended_agent_card", &AgentCapabilities::extended_agent_card));
};

template <>
struct Description<StringList> {
    static constexpr std::string_view kName = "StringList";
    static constexpr auto kFields = std::tuple(field("list", &StringList::list));
};

template <>
struct Description<SecurityRequirement> {
    static constexpr std::string_view kName = "SecurityRequirement";
    static constexpr auto kFields = std::tuple(field("schemes", &SecurityRequirement::schemes));
};

template <>
struct Description<AgentSkill> {
    static constexpr std::string_view kName = "AgentSkill";
    static constexpr auto kFields = std::tuple(
        field("id", &AgentSkill::id, Need::kRequired),
        field("name", &AgentSkill::name, Need::kRequired),
        field("description", &AgentSkill::description, Need::kRequired),
        field("tags", &AgentSkill::tags, Need::kRequired), field("examples", &AgentSkill::examples),
        field("input_modes", &AgentSkill::input_modes),
        field("output_modes", &AgentSkill::output_modes),
        field("security_requirements", &AgentSkill::security_requirements));
};

template <>
struct Description<AgentCardSignature> {
    static constexpr std::string_view kName = "AgentCardSignature";
    static constexpr auto kFields =
        std::tuple(field("protected", &AgentCardSignature::protected_header, Need::kRequired),
                   field("signature", &AgentCardSignature::signature, Need::kRequired),
                   field("header", &AgentCardSignature::header));
};

template <>
struct Description<APIKeySecurityScheme> {
    static constexpr std::string_view kName = "APIKeySecurityScheme";
    static constexpr auto kFields =
        std::tuple(field("description", &APIKeySecurityScheme::description),
                   field("location", &APIKeySecurityScheme::location, Need::kRequired),
                   field("name", &APIKeySecurityScheme::name, Need::kRequired));
};

template <>
struct Description<HTTPAuthSecurityScheme> {
    static constexpr std::string_view kName = "HTTPAuthSecurityScheme";
    static constexpr auto kFields =
        std::tuple(field("description", &HTTPAuthSecurityScheme::description),
                   field("scheme", &HTTPAuthSecurityScheme::scheme, Need::kRequired),
                   field("bearer_format", &HTTPAuthSecurityScheme::bearer_format));
};

template <>
struct Description<AuthorizationCodeOAuthFlow> {
    static constexpr std::string_view kName = "AuthorizationCodeOAuthFlow";
    static constexpr auto kFields = std::tuple(
        field("authorization_url", &AuthorizationCodeOAuthFlow::authorization_url, Need::kRequired),
        field("token_url", &AuthorizationCodeOAuthFlow::token_url, Need::kRequired),
        field("refresh_url", &AuthorizationCodeOAuthFlow::refresh_url),
        field("scopes", &AuthorizationCodeOAuthFlow::scopes, Need::kRequired),
        field("pkce_required", &AuthorizationCodeOAuthFlow::pkce_required));
};

template <>
struct Description<ClientCredentialsOAuthFlow> {
    static constexpr std::string_view kName = "ClientCredentialsOAuthFlow";
    static constexpr auto kFields =
        std::tuple(field("token_url", &ClientCredentialsOAuthFlow::token_url, Need::kRequired),
                   field("refresh_url", &ClientCredentialsOAuthFlow::refresh_url),
                   field("scopes", &ClientCredentialsOAuthFlow::scopes, Need::kRequired));
};

template <>
struct Description<ImplicitOAuthFlow> {
    static constexpr std::string_view kName = "ImplicitOAuthFlow";
    static constexpr auto kFields =
        std::tuple(field("authorization_url", &ImplicitOAuthFlow::authorization_url),
                   field("refresh_url", &ImplicitOAuthFlow::refresh_url),
                   field("scopes", &ImplicitOAuthFlow::scopes));
};

template <>
struct Description<PasswordOAuthFlow> {
    static constexpr std::string_view kName = "PasswordOAuthFlow";
    static constexpr auto kFields =
        std::tuple(field("token_url", &PasswordOAuthFlow::token_url),
                   field("refresh_url", &PasswordOAuthFlow::refresh_url),
                   field("scopes", &PasswordOAuthFlow::scopes));
};

template <>
struct Description<DeviceCodeOAuthFlow> {
    static constexpr std::string_view kName = "DeviceCodeOAuthFlow";
    static constexpr auto kFields =
        std::tuple(field("device_authorization_url", &DeviceCodeOAuthFlow::device_authorization_url,
                         Need::kRequired),
                   field("token_url", &DeviceCodeOAuthFlow::token_url, Need::kRequired),
                   field("refresh_url", &DeviceCodeOAuthFlow::refresh_url),
                   field("scopes", &DeviceCodeOAuthFlow::scopes, Need::kRequired));
};

template <>
struct Description<OAuthFlows> {
    static constexpr std::string_view kName = "OAuthFlows";
    static constexpr auto kFields =
        std::tuple(alternative<1>("authorization_code", "flow", &OAuthFlows::flow),
                   alternative<2>("client_credentials", "flow", &OAuthFlows::flow),
                   alternative<3>("implicit", "flow", &OAuthFlows::flow),
                   alternative<4>("password", "flow", &OAuthFlows::flow),
                   alternative<5>("device_code", "flow", &OAuthFlows::flow));
};

template <>
struct Description<OAuth2SecurityScheme> {
    static constexpr std::string_view kName = "OAuth2SecurityScheme";
    static constexpr auto kFields =
        std::tuple(field("description", &OAuth2SecurityScheme::description),
                   field("flows", &OAuth2SecurityScheme::flows, Need::kRequired),
                   field("oauth2_metadata_url", &OAuth2SecurityScheme::oauth2_metadata_url));
};

template <>
struct Description<OpenIdConnectSecurityScheme> {
    static constexpr std::string_view kName = "OpenIdConnectSecurityScheme";
    static constexpr auto kFields =
        std::tuple(field("description", &OpenIdConnectSecurityScheme::description),
                   field("open_id_connect_url", &OpenIdConnectSecurityScheme::open_id_connect_url,
                         Need::kRequired));
};

template <>
struct Description<MutualTlsSecurityScheme> {
    static constexpr std::string_view kName = "MutualTlsSecurityScheme";
    static constexpr auto kFields =
        std::tuple(field("description", &MutualTlsSecurityScheme::description));
};

template <>
struct Description<SecurityScheme> {
    static constexpr std::string_view kName = "SecurityScheme";
    static constexpr auto kFields = std::tuple(
        alternative<1>("api_key_security_scheme", "scheme", &SecurityScheme::scheme),
        alternative<2>("http_auth_security_scheme", "scheme", &SecurityScheme::scheme),
        alternative<3>("oauth2_security_scheme", "scheme", &SecurityScheme::scheme),
        alternative<4>("open_id_connect_security_scheme", "scheme", &SecurityScheme::scheme),
        alternative<5>("mtls_security_scheme", "scheme", &SecurityScheme::scheme));
};

template <>
struct Description<AgentCard> {
    static constexpr std::string_view kName = "AgentCard";
    static constexpr auto kFields = std::tuple(
        field("name", &AgentCard::name, Need::kRequired),
        field("description", &AgentCard::description, Need::kRequired),
        field("supported_interfaces", &AgentCard::supported_interfaces, Need::kRequired),
        field("provider", &AgentCard::provider),
        field("version", &AgentCard::version, Need::kRequired),
        field("documentation_url", &AgentCard::documentation_url),
        field("capabilities", &AgentCard::capabilities, Need::kRequired),
        field("security_schemes", &AgentCard::security_schemes),
        field("security_requirements", &AgentCard::security_requirements),
        field("default_input_modes", &AgentCard::default_input_modes, Need::kRequired),
        field("default_output_modes", &AgentCard::default_output_modes, Need::kRequired),
        field("skills", &AgentCard::skills, Need::kRequired),
        field("signatures", &AgentCard::signatures), field("icon_url", &AgentCard::icon_url));
};

}  // namespace a2akit::json
