#pragma once

#include <a2akit/protocol/raw_json.hpp>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The messages of an agent card, field for field (specification 1.0, section 4.4). An empty string
// is absent where the specification lets a field be absent.

namespace a2akit {

/// One way to reach an agent: an address and what is spoken there (section 4.4.6).
struct AgentInterface {
    std::string url = {};               ///< Absolute; HTTPS except for tests.
    std::string protocol_binding = {};  ///< "JSONRPC", "HTTP+JSON", "GRPC" or a URI.
    std::string tenant = {};            ///< Sent with each request; empty: none.
    std::string protocol_version = {};  ///< "1.0": major and minor only.
};

/// Who runs an agent (section 4.4.2).
struct AgentProvider {
    std::string url = {};
    std::string organization = {};  ///< Its name.
};

/// An extension of the protocol that an agent speaks (section 4.4.4).
struct AgentExtension {
    std::string uri = {};          ///< Its name.
    std::string description = {};  ///< How the agent uses it; for a person.
    bool required = false;         ///< Clients that do not speak it are refused.
    RawJson params = {};           ///< As the extension says; empty: absent.
};

/// What an agent can do beyond answering sends (section 4.4.3). Absent means false, and the two are
/// told apart since a signature covers the difference (section 8.4.1).
struct AgentCapabilities {
    std::optional<bool> streaming = {};           ///< SendStreamingMessage and SubscribeToTask.
    std::optional<bool> push_notifications = {};  ///< Webhooks.
    std::vector<AgentExtension> extensions = {};
    std::optional<bool> extended_agent_card = {};  ///< Callers that are known get a longer card.
};

/// The scopes that one scheme needs; none for schemes without scopes.
struct StringList {
    std::vector<std::string> list = {};
};

/// Schemes that a caller needs together, by their names in AgentCard::security_schemes. A list of
/// requirements is met by any one of them.
struct SecurityRequirement {
    std::map<std::string, StringList> schemes = {};
};

/// Something that an agent is good at (section 4.4.5).
struct AgentSkill {
    std::string id = {};           ///< Unique within the card.
    std::string name = {};         ///< For a person.
    std::string description = {};  ///< For a person, or for a model that chooses an agent.
    std::vector<std::string> tags = {};
    std::vector<std::string> examples = {};      ///< Messages that the skill understands.
    std::vector<std::string> input_modes = {};   ///< Media types; empty: the card's.
    std::vector<std::string> output_modes = {};  ///< Media types; empty: the card's.
    /// What this skill needs; empty: what the card needs.
    std::vector<SecurityRequirement> security_requirements = {};
};

/// A JWS over the canonical form of the card (sections 4.4.7 and 8.4). protocol/card_signature.hpp
/// makes and checks them.
struct AgentCardSignature {
    std::string protected_header = {};  ///< "protected" on the wire.
    std::string signature = {};         ///< Base64url, as is the protected header.
    RawJson header = {};                ///< Unprotected; empty: absent.
};

// Security schemes (section 4.5). Descriptions are for a person, and URLs are absolute.

/// A secret in a place of its own.
struct APIKeySecurityScheme {
    std::string description = {};
    std::string location = {};  ///< "query", "header" or "cookie".
    std::string name = {};      ///< Of the parameter, the header or the cookie.
};
/// A scheme of the Authorization header.
struct HTTPAuthSecurityScheme {
    std::string description = {};
    std::string scheme = {};         ///< "Bearer", "Basic"; any case.
    std::string bearer_format = {};  ///< A hint, such as "JWT".
};
/// A user allows a client in a browser (RFC 6749, section 4.1).
struct AuthorizationCodeOAuthFlow {
    std::string authorization_url = {};
    std::string token_url = {};
    std::string refresh_url = {};  ///< Empty: tokens are refreshed at `token_url`.
    std::map<std::string, std::string> scopes = {};  ///< Name -> what it allows, for a person.
    bool pkce_required = false;                      ///< RFC 7636
};
/// A client acts for itself (RFC 6749, section 4.4).
struct ClientCredentialsOAuthFlow {
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
/// Obsolete, and read only for old cards (RFC 6749, section 4.2).
struct ImplicitOAuthFlow {
    std::string authorization_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
/// Obsolete, and read only for old cards (RFC 6749, section 4.3).
struct PasswordOAuthFlow {
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
/// A user allows a client on another device (RFC 8628).
struct DeviceCodeOAuthFlow {
    std::string device_authorization_url = {};
    std::string token_url = {};
    std::string refresh_url = {};
    std::map<std::string, std::string> scopes = {};
};
/// The one flow that a scheme offers.
struct OAuthFlows {
    std::variant<std::monostate, AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow,
                 ImplicitOAuthFlow, PasswordOAuthFlow, DeviceCodeOAuthFlow>
        flow = {};
};
/// Tokens of an authorization server.
struct OAuth2SecurityScheme {
    std::string description = {};
    OAuthFlows flows = {};
    std::string oauth2_metadata_url = {};  ///< RFC 8414; empty: absent.
};
/// Tokens of a provider that describes itself.
struct OpenIdConnectSecurityScheme {
    std::string description = {};
    std::string open_id_connect_url = {};  ///< Of its discovery document.
};
/// The client shows a certificate.
struct MutualTlsSecurityScheme {
    std::string description = {};
};
/// One of the above; std::monostate in a card that names a scheme unknown to this version.
struct SecurityScheme {
    std::variant<std::monostate, APIKeySecurityScheme, HTTPAuthSecurityScheme, OAuth2SecurityScheme,
                 OpenIdConnectSecurityScheme, MutualTlsSecurityScheme>
        scheme = {};
};

/// An agent's description of itself (section 4.4.1).
struct AgentCard {
    std::string name = {};         ///< For a person.
    std::string description = {};  ///< For a person, or for a model that chooses an agent.
    std::vector<AgentInterface> supported_interfaces = {};  ///< The preferred one first.
    std::optional<AgentProvider> provider = {};
    std::string version = {};  ///< The agent's own, not the protocol's.
    std::optional<std::string> documentation_url = {};
    AgentCapabilities capabilities = {};
    std::map<std::string, SecurityScheme> security_schemes = {};  ///< By names of the agent's.
    /// A caller has to meet one of them; empty: anybody may call.
    std::vector<SecurityRequirement> security_requirements = {};
    std::vector<std::string> default_input_modes = {};   ///< Media types.
    std::vector<std::string> default_output_modes = {};  ///< Media types.
    std::vector<AgentSkill> skills = {};
    std::vector<AgentCardSignature> signatures = {};  ///< Any number; see card_signature.hpp.
    std::optional<std::string> icon_url = {};
};

}  // namespace a2akit
