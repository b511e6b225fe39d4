#include "cli/credentials.hpp"

#include "cli/failure.hpp"
#include "cli/oauth.hpp"
#include "wire/uri.hpp"

#include <algorithm>

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
        out.query_key = *scheme;
        console.mask(wire::percent_encode(key));
    } else if (scheme->location == "cookie") {
        out.headers.emplace_back("Cookie", scheme->name + "=" + key);
    } else {
        out.headers.emplace_back(scheme->name, key);
    }
}

}  // namespace

Credentials place_credentials(const AgentCard& card, const std::string& origin,
                              const Session& session) {
    const Options& options = session.options();
    Credentials credentials;
    if (!options.bearer.empty())
        credentials.headers.emplace_back("Authorization", "Bearer " + options.bearer);
    if (options.bearer.empty()) {
        if (const std::string token = usable_token(origin, session); !token.empty())
            credentials.headers.emplace_back("Authorization", "Bearer " + token);
    }
    if (!options.api_key.empty()) place_key(card, options.api_key, credentials, session.console());
    return credentials;
}

bool names_credentials(const Options& options) {
    const auto& parameters = options.service_parameters;
    return !options.client_certificate.empty() ||
           std::any_of(parameters.begin(), parameters.end(),
                       [](const auto& one) { return is_credential_name(one.first); });
}

void require_declared_credentials(const AgentCard& card, const Credentials& credentials,
                                  const Session& session) {
    const bool has_certificate = !session.options().client_certificate.empty();
    if (credentials.empty() && !has_certificate) {
        throw Failure(LocalError::kCredentialsMissing,
                      "the extended card is for callers that the agent knows",
                      advice_for_credentials(card, session));
    }
    bool takes_key = false;
    bool takes_bearer = false;
    for (const auto& [name, scheme] : card.security_schemes) {
        const bool is_key = std::holds_alternative<APIKeySecurityScheme>(scheme.scheme);
        takes_key |= is_key;
        takes_bearer |= !is_key && !std::holds_alternative<MutualTlsSecurityScheme>(scheme.scheme);
    }
    const bool has_bearer =
        std::any_of(credentials.headers.begin(), credentials.headers.end(),
                    [](const auto& header) { return header.first == "Authorization"; });
    const bool has_key = !session.options().api_key.empty();
    if ((has_bearer && !takes_bearer) || (has_key && !takes_key)) {
        throw Failure(LocalError::kAuthFailed,
                      std::string("the card declares no security scheme that takes ") +
                          (has_bearer && !takes_bearer ? "a bearer token" : "an API key") +
                          ", so it is not sent",
                      advice_for_credentials(card, session));
    }
}

std::string advice_for_credentials(const AgentCard& card, const Session& session) {
    for (const auto& [name, scheme] : card.security_schemes) {
        if (std::holds_alternative<APIKeySecurityScheme>(scheme.scheme))
            return "The agent takes an API key: set A2ACLI_API_KEY, or use --api-key KEY";
        if (std::holds_alternative<OAuth2SecurityScheme>(scheme.scheme) ||
            std::holds_alternative<OpenIdConnectSecurityScheme>(scheme.scheme))
            return session.command_line("auth login") + " --client-id <id>";
        if (std::holds_alternative<HTTPAuthSecurityScheme>(scheme.scheme))
            return "The agent takes a bearer token: set A2ACLI_BEARER, or use --bearer TOKEN";
        if (std::holds_alternative<MutualTlsSecurityScheme>(scheme.scheme))
            return "The agent takes a client certificate: use --client-cert FILE --client-key FILE";
    }
    return "Set A2ACLI_BEARER or A2ACLI_API_KEY";
}

}  // namespace a2akit::cli
