#include "cli/credentials.hpp"

#include "cli/http.hpp"

namespace a2akit::cli {
namespace {

const APIKeySecurityScheme* find_key_scheme(const AgentCard& card) {
    for (const auto& [name, scheme] : card.security_schemes) {
        if (const auto* key = std::get_if<APIKeySecurityScheme>(&scheme.scheme)) return key;
    }
    return nullptr;
}

void place_key(const AgentCard& card, const std::string& key, Credentials& out, Console& console) {
    const APIKeySecurityScheme* scheme = find_key_scheme(card);
    if (scheme == nullptr) {
        console.warn("the card declares no API key scheme; the key is sent as X-API-Key");
        out.headers.emplace_back("X-API-Key", key);
    } else if (scheme->location == "query") {
        out.query = percent_encode(scheme->name) + "=" + percent_encode(key);
        console.mask(percent_encode(key));
    } else if (scheme->location == "cookie") {
        out.headers.emplace_back("Cookie", scheme->name + "=" + key);
    } else {
        out.headers.emplace_back(scheme->name, key);
    }
}

}  // namespace

Credentials place_credentials(const AgentCard& card, const std::string& origin,
                              const Session& session) {
    (void)origin;
    const Options& options = session.options();
    Credentials credentials;
    if (!options.bearer.empty())
        credentials.headers.emplace_back("Authorization", "Bearer " + options.bearer);
    if (!options.api_key.empty()) place_key(card, options.api_key, credentials, session.console());
    return credentials;
}

std::string advice_for_credentials(const AgentCard& card, const Session& session) {
    (void)session;
    for (const auto& [name, scheme] : card.security_schemes) {
        if (std::holds_alternative<APIKeySecurityScheme>(scheme.scheme))
            return "The agent takes an API key: set A2ACLI_API_KEY, or use --api-key KEY";
        if (std::holds_alternative<HTTPAuthSecurityScheme>(scheme.scheme) ||
            std::holds_alternative<OAuth2SecurityScheme>(scheme.scheme) ||
            std::holds_alternative<OpenIdConnectSecurityScheme>(scheme.scheme))
            return "The agent takes a bearer token: set A2ACLI_BEARER, or use --bearer TOKEN";
        if (std::holds_alternative<MutualTlsSecurityScheme>(scheme.scheme))
            return "The agent takes a client certificate: use --client-cert FILE --client-key FILE";
    }
    return "Set A2ACLI_BEARER or A2ACLI_API_KEY";
}

}  // namespace a2akit::cli
