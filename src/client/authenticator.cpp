#include "client/authenticator.hpp"

#include "client/token_keeper.hpp"
#include "json/scalars.hpp"
#include "wire/uri.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

namespace a2akit::client {
namespace {

bool is_token(const Credential& credential) noexcept {
    return std::holds_alternative<BearerToken>(credential) ||
           std::holds_alternative<OAuthClient>(credential) ||
           std::holds_alternative<TokenSource>(credential);
}

/// Whether a credential is of the kind that a scheme asks for.
bool fits(const SecurityScheme& scheme, const Credential& credential) {
    return std::visit(
        [&]<class S>(const S& s) {
            if constexpr (std::is_same_v<S, APIKeySecurityScheme>)
                return std::holds_alternative<ApiKey>(credential);
            else if constexpr (std::is_same_v<S, HTTPAuthSecurityScheme>)
                return wire::equal_ignoring_case(s.scheme, "basic")
                           ? std::holds_alternative<BasicLogin>(credential)
                           : is_token(credential);
            else if constexpr (std::is_same_v<S, OAuth2SecurityScheme> ||
                               std::is_same_v<S, OpenIdConnectSecurityScheme>)
                return is_token(credential);
            else
                return false;
        },
        scheme.scheme);
}

const Credential* find_credential(const std::string& name, const SecurityScheme& scheme,
                                  const ClientOptions& options) {
    for (const std::string& key : {name, std::string()}) {
        const auto found = options.credentials.find(key);
        if (found != options.credentials.end() && fits(scheme, found->second))
            return &found->second;
    }
    return nullptr;
}

/// Where the card says that tokens are fetched; empty when it does not.
std::string token_url_of(const SecurityScheme& scheme) {
    const auto* oauth = std::get_if<OAuth2SecurityScheme>(&scheme.scheme);
    if (oauth == nullptr) return {};
    const auto* flow = std::get_if<ClientCredentialsOAuthFlow>(&oauth->flows.flow);
    return flow != nullptr ? flow->token_url : std::string();
}

std::unique_ptr<TokenKeeper> make_keeper(const std::string& name, const SecurityScheme& scheme,
                                         OAuthClient client, const std::vector<std::string>& scopes,
                                         std::shared_ptr<HttpClient> http,
                                         const Authenticator::IsHome& is_home) {
    std::string metadata_url;
    if (client.scopes.empty()) client.scopes = scopes;
    if (client.token_url.empty()) {
        client.token_url = token_url_of(scheme);
        if (const auto* oidc = std::get_if<OpenIdConnectSecurityScheme>(&scheme.scheme))
            metadata_url = oidc->open_id_connect_url;
        const std::string& named = client.token_url.empty() ? metadata_url : client.token_url;
        if (named.empty()) {
            throw Exception({ErrorCode::kUnauthenticated,
                             "the card does not say where the tokens of '" + name +
                                 "' are fetched; set OAuthClient::token_url",
                             nullptr});
        }
        if (!is_home(named)) {
            throw Exception({ErrorCode::kPermissionDenied,
                             "the agent card names a token endpoint at " + origin_of(named) +
                                 ", and the client secret was not given for it; set "
                                 "OAuthClient::token_url, or name that origin in "
                                 "ClientOptions::credential_origins",
                             nullptr});
        }
    }
    return std::make_unique<TokenKeeper>(std::move(client), std::move(metadata_url),
                                         std::move(http));
}

std::string names_of(const AgentCard& card) {
    std::string names;
    for (const SecurityRequirement& requirement : card.security_requirements) {
        std::string all;
        for (const auto& [name, scopes] : requirement.schemes)
            all += (all.empty() ? "" : " and ") + ("'" + name + "'");
        names += (names.empty() ? "" : ", or ") + all;
    }
    return names;
}

void add_api_key(HttpRequest& request, const APIKeySecurityScheme& scheme, const std::string& key) {
    if (scheme.location == "query" && request.http2) {
        request.headers.emplace_back(scheme.name, key);  // a call of gRPC has no query
    } else if (scheme.location == "query") {
        request.url += request.url.find('?') == std::string::npos ? '?' : '&';
        request.url += wire::percent_encode(scheme.name) + "=" + wire::percent_encode(key);
    } else if (scheme.location == "cookie") {
        request.headers.emplace_back("Cookie", scheme.name + "=" + key);
    } else {
        request.headers.emplace_back(scheme.name, key);
    }
}

}  // namespace

Authenticator::Authenticator(const AgentCard& card, const ClientOptions& options,
                             std::shared_ptr<HttpClient> http, const IsHome& is_home) {
    if (options.credentials.empty() || card.security_requirements.empty()) return;
    for (const SecurityRequirement& requirement : card.security_requirements) {
        bool satisfied = true;
        std::vector<Chosen> chosen;
        for (const auto& [name, scopes] : requirement.schemes) {
            const auto scheme = card.security_schemes.find(name);
            if (scheme == card.security_schemes.end()) {
                satisfied = false;
                continue;
            }
            // The certificate is shown when the connection is made.
            if (std::holds_alternative<MutualTlsSecurityScheme>(scheme->second.scheme)) {
                satisfied &= !options.client_certificate_file.empty();
                continue;
            }
            const Credential* credential = find_credential(name, scheme->second, options);
            satisfied &= credential != nullptr;
            if (credential == nullptr) continue;
            Chosen each{scheme->second, *credential, nullptr};
            if (const auto* client = std::get_if<OAuthClient>(credential))
                each.keeper =
                    make_keeper(name, scheme->second, *client, scopes.list, http, is_home);
            chosen.push_back(std::move(each));
        }
        if (!satisfied) continue;
        chosen_ = std::move(chosen);
        return;
    }
    throw Exception({ErrorCode::kUnauthenticated,
                     "the card of '" + card.name + "' asks for " + names_of(card) +
                         ", and ClientOptions::credentials hold none that fit",
                     nullptr});
}

Authenticator::~Authenticator() = default;

bool Authenticator::can_refresh() const noexcept {
    return std::any_of(chosen_.begin(), chosen_.end(), [](const Chosen& chosen) {
        return chosen.keeper != nullptr || std::holds_alternative<TokenSource>(chosen.credential);
    });
}

AsyncResult<std::string> Authenticator::token(Chosen& chosen, bool refused) {
    if (chosen.keeper) return chosen.keeper->token(refused);
    if (const auto* source = std::get_if<TokenSource>(&chosen.credential))
        return source->token(refused);
    return Result<std::string>(std::get<BearerToken>(chosen.credential).token);
}

AsyncResult<void> Authenticator::apply(HttpRequest& request, bool refused) {
    for (Chosen& chosen : chosen_) {
        if (const auto* key = std::get_if<ApiKey>(&chosen.credential)) {
            add_api_key(request, std::get<APIKeySecurityScheme>(chosen.scheme.scheme), key->key);
        } else if (const auto* login = std::get_if<BasicLogin>(&chosen.credential)) {
            std::string encoded;
            json::append_base64(encoded, login->user + ":" + login->password);
            request.headers.emplace_back("Authorization", "Basic " + encoded);
        } else {
            auto got = co_await token(chosen, refused);
            if (!got) co_return fail(std::move(got.error()));
            request.headers.emplace_back("Authorization", "Bearer " + *got);
        }
    }
    co_return Result<void>();
}

}  // namespace a2akit::client
