#include "cli/render.hpp"

#include <string_view>
#include <variant>

namespace a2akit::cli {
namespace {

std::string_view yes_no(const std::optional<bool>& value) {
    return value.value_or(false) ? "yes" : "no";
}

std::string join(const std::vector<std::string>& items) {
    std::string joined;
    for (const std::string& item : items) joined += (joined.empty() ? "" : ", ") + item;
    return joined;
}

std::string flow_text(const OAuthFlows& flows) {
    if (std::holds_alternative<AuthorizationCodeOAuthFlow>(flows.flow)) return "authorization code";
    if (std::holds_alternative<ClientCredentialsOAuthFlow>(flows.flow)) return "client credentials";
    if (std::holds_alternative<DeviceCodeOAuthFlow>(flows.flow)) return "device code";
    if (std::holds_alternative<ImplicitOAuthFlow>(flows.flow)) return "implicit";
    if (std::holds_alternative<PasswordOAuthFlow>(flows.flow)) return "password";
    return "unknown flow";
}

std::string scheme_text(const SecurityScheme& scheme) {
    if (const auto* key = std::get_if<APIKeySecurityScheme>(&scheme.scheme))
        return "API key in " + key->location + " \"" + key->name + '"';
    if (const auto* http = std::get_if<HTTPAuthSecurityScheme>(&scheme.scheme))
        return "HTTP " + http->scheme;
    if (const auto* oauth = std::get_if<OAuth2SecurityScheme>(&scheme.scheme))
        return "OAuth 2.0, " + flow_text(oauth->flows);
    if (const auto* openid = std::get_if<OpenIdConnectSecurityScheme>(&scheme.scheme))
        return "OpenID Connect, " + openid->open_id_connect_url;
    if (std::holds_alternative<MutualTlsSecurityScheme>(scheme.scheme)) return "mutual TLS";
    return "of an unknown kind";
}

void render_skill(Console& console, const AgentSkill& skill) {
    console.field("Skill", skill.id + ": " + skill.name);
    if (!console.is_verbose()) return;
    console.field("Skill Description", skill.description);
    if (!skill.tags.empty()) console.field("Skill Tags", join(skill.tags));
    for (const std::string& example : skill.examples) console.field("Skill Example", example);
}

}  // namespace

void render_card(Console& console, const AgentCard& card) {
    console.field("Name", card.name);
    console.field("Description", card.description);
    console.field("Version", card.version);
    if (card.provider)
        console.field("Provider", card.provider->organization + " " + card.provider->url);
    if (card.documentation_url) console.field("Documentation", *card.documentation_url);
    console.field("Streaming", yes_no(card.capabilities.streaming));
    console.field("Push Notifications", yes_no(card.capabilities.push_notifications));
    console.field("Extended Card", yes_no(card.capabilities.extended_agent_card));
    for (const AgentExtension& extension : card.capabilities.extensions)
        console.field("Extension", extension.uri + (extension.required ? " (required)" : ""));
    for (const AgentInterface& one : card.supported_interfaces) {
        console.field("Interface", one.protocol_binding + " " + one.protocol_version + " " +
                                       one.url +
                                       (one.tenant.empty() ? "" : " tenant " + one.tenant));
    }
    console.field("Input Modes", join(card.default_input_modes));
    console.field("Output Modes", join(card.default_output_modes));
    for (const auto& [name, scheme] : card.security_schemes)
        console.field("Security Scheme", name + ": " + scheme_text(scheme));
    for (const AgentSkill& skill : card.skills) render_skill(console, skill);
}

}  // namespace a2akit::cli
