#pragma once

#include <a2akit/protocol/raw_json.hpp>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace a2akit {

/// Specification 1.0, section 4.4.6.
struct AgentInterface {
    std::string url = {};
    std::string protocol_binding = {};  ///< "JSONRPC", "HTTP+JSON", "GRPC" or a URI.
    std::string tenant = {};
    std::string protocol_version = {};  ///< "1.0": major and minor only.
};

/// Specification 1.0, section 4.4.2.
struct AgentProvider {
    std::string url = {};
    std::string organization = {};
};

/// Specification 1.0, section 4.4.4.
struct AgentExtension {
    std::string uri = {};
    std::string description = {};
    bool required = false;
    RawJson params = {};
};

/// Specification 1.0, section 4.4.3. Absent and false are told apart, because signatures are
/// (section 8.4.1).
struct AgentCapabilities {
    std::optional<bool> streaming = {};
    std::optional<bool> push_notifications = {};
    std::vector<AgentExtension> extensions = {};
    std::optional<bool> extended_agent_card = {};
};

struct StringList {
    std::vector<std::string> list = {};
};

/// Scheme name -> scopes; all of them together are needed.
struct SecurityRequirement {
    std::map<std::string, StringList> schemes = {};
};

/// Specification 1.0, section 4.4.5.
struct AgentSkill {
    std::string id = {};
    std::string name = {};
    std::string description = {};
    std::vector<std::string> tags = {};
    std::vector<std::string> examples = {};
    std::vector<std::string> input_modes = {};
    std::vector<std::string> output_modes = {};
    std::vector<SecurityRequirement> security_requirements = {};
};

/// Specification 1.0, section 4.4.7.
struct AgentCardSignature {
    std::string protected_header = {};  ///< "protected" on the wire.
    std::string signature = {};
    RawJson header = {};
};

// Security schemes, specification 1.0, section 4.5.
struct APIKeySecurityScheme {
    std::string description = {};
    std::string location = {};  ///< "query", "header" or "cookie".
    std::string name = {};
};
struct HTTPAuthSecurityScheme {
    std::string description = {};
    std::string scheme = {};
    std::string bearer_format = {};
};
struct AuthorizationCodeOAuthFlow {
    std::string authorization_url = {};
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
    bool pkce_required = false;
};
struct ClientCredentialsOAuthFlow {
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
struct ImplicitOAuthFlow {
    std::string authorization_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
struct PasswordOAuthFlow {
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
struct DeviceCodeOAuthFlow {
    std::string device_authorization_url = {};
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
struct OAuthFlows {
    std::variant<std::monostate, AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow,
                 ImplicitOAuthFlow, PasswordOAuthFlow, DeviceCodeOAuthFlow>
        flow = {};
};
struct OAuth2SecurityScheme {
    std::string description = {};
    OAuthFlows flows = {};
    std::string oauth2_metadata_url = {};
};
struct OpenIdConnectSecurityScheme {
    std::string description = {};
    std::string open_id_connect_url = {};
};
struct MutualTlsSecurityScheme {
    std::string description = {};
};
struct SecurityScheme {
    std::variant<std::monostate, APIKeySecurityScheme, HTTPAuthSecurityScheme, OAuth2SecurityScheme,
                 OpenIdConnectSecurityScheme, MutualTlsSecurityScheme>
        scheme = {};
};

/// An agent's description of itself (specification 1.0, section 4.4.1).
struct AgentCard {
    std::string name = {};
    std::string description = {};
    std::vector<AgentInterface> supported_interfaces = {};
    std::optional<AgentProvider> provider = {};
    std::string version = {};
    std::optional<std::string> documentation_url = {};
    AgentCapabilities capabilities = {};
    std::map<std::string, SecurityScheme> security_schemes = {};
    std::vector<SecurityRequirement> security_requirements = {};
    std::vector<std::string> default_input_modes = {};
    std::vector<std::string> default_output_modes = {};
    std::vector<AgentSkill> skills = {};
    std::vector<AgentCardSignature> signatures = {};
    std::optional<std::string> icon_url = {};
};

}  // namespace a2akit
