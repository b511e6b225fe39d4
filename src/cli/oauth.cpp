#include "cli/oauth.hpp"

#include "cli/failure.hpp"
#include "client/caller_loop.hpp"
#include "client/token_endpoint.hpp"

#include <chrono>
#include <utility>

namespace a2akit::cli {
namespace {

std::int64_t seconds_since_1970(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// Tokens and secrets only travel over TLS, or on this machine.
void require_safe(const std::string& url) {
    const std::string origin = client::origin_of(url);
    const bool is_local = origin.starts_with("http://127.0.0.1:") ||
                          origin.starts_with("http://localhost:") ||
                          origin.starts_with("http://[::1]:");
    if (url.empty() || origin.starts_with("https://") || is_local) return;
    throw Failure(LocalError::kAuthFailed,
                  "the card names " + url + " for tokens, which is not an https URL");
}

/// How the options say that providers are reached.
OAuthProvider reached_as(const Options& options) {
    return {.ca_file = options.ca_file,
            .verify_tls = !options.insecure,
            .client_certificate_file = options.client_certificate,
            .client_key_file = options.client_key};
}

/// Calls the provider; throws what fails as a Failure.
template <class Call>
auto asked(const std::string& url, const Session& session, Call&& call) {
    require_safe(url);
    session.console().debug("asks " + url);
    try {
        return call();
    } catch (const Exception& exception) {
        const bool unreachable = exception.code() == ErrorCode::kUnavailable;
        throw Failure(unreachable ? LocalError::kUnreachable : LocalError::kAuthFailed,
                      exception.error().message);
    }
}

std::vector<std::string> names_of(const std::map<std::string, std::string>& scopes) {
    std::vector<std::string> names;
    for (const auto& [name, description] : scopes) names.push_back(name);
    return names;
}

OAuthProvider discover(const std::string& url, const Session& session) {
    OAuthProvider provider = reached_as(session.options());
    const client::ProviderAnswer answer = asked(url, session, [&] {
        return client::run_blocking(
                   client::ask_provider(client::http_for(provider), client::metadata_request(url)))
            .value_or_throw();
    });
    if (answer.status != 200 || answer.token_endpoint.empty()) {
        throw Failure(LocalError::kAuthFailed,
                      url + " is not an OpenID Connect discovery document with a token_endpoint");
    }
    // Issuers must publish the document below their own name (OpenID Connect Discovery 1.0, 4.3).
    if (answer.issuer.empty() || !url.starts_with(answer.issuer)) {
        throw Failure(LocalError::kAuthFailed,
                      url + " is not below the issuer that it names, \"" + answer.issuer + '"');
    }
    provider.scopes = {"openid"};
    provider.token_url = answer.token_endpoint;
    provider.device_authorization_url = answer.device_authorization_endpoint;
    return provider;
}

/// The provider of a scheme; without a token_url when the scheme has no flow for a command line.
OAuthProvider provider_in(const SecurityScheme& scheme, const Session& session) {
    if (const auto* openid = std::get_if<OpenIdConnectSecurityScheme>(&scheme.scheme))
        return discover(openid->open_id_connect_url, session);
    OAuthProvider provider = reached_as(session.options());
    const auto* oauth = std::get_if<OAuth2SecurityScheme>(&scheme.scheme);
    if (oauth == nullptr) return provider;
    if (const auto* device = std::get_if<DeviceCodeOAuthFlow>(&oauth->flows.flow)) {
        provider.scopes = names_of(device->scopes);
        provider.token_url = device->token_url;
        provider.device_authorization_url = device->device_authorization_url;
    } else if (const auto* own = std::get_if<ClientCredentialsOAuthFlow>(&oauth->flows.flow)) {
        provider.scopes = names_of(own->scopes);
        provider.token_url = own->token_url;
    }
    return provider;
}

StoredToken stored(const OAuthTokens& tokens, const OAuthProvider& provider, Console& console) {
    StoredToken token{tokens.access_token(), tokens.refresh_token(), 0, provider.token_url,
                      provider.client_id};
    console.mask(token.access_token);
    console.mask(token.refresh_token);
    if (const auto end = tokens.expires_at()) token.expires_at = seconds_since_1970(*end);
    return token;
}

}  // namespace

OAuthProvider find_provider(const AgentCard& card, const Session& session) {
    for (const auto& [name, scheme] : card.security_schemes) {
        OAuthProvider provider = provider_in(scheme, session);
        if (provider.token_url.empty()) continue;
        require_safe(provider.token_url);
        require_safe(provider.device_authorization_url);
        return provider;
    }
    throw Failure(LocalError::kCredentialsMissing,
                  "the card has no OAuth 2 scheme with a device code or client credentials flow, "
                  "and no OpenID Connect scheme",
                  "a2akit card get lists the schemes; set A2ACLI_BEARER or A2ACLI_API_KEY");
}

StoredToken device_login(const OAuthProvider& provider, const Session& session) {
    const auto show = [&](const DeviceLogin& login) {
        session.console().hint("Open", login.verification_url);
        session.console().hint("Code", login.user_code);
    };
    const OAuthTokens tokens = asked(provider.device_authorization_url, session,
                                     [&] { return log_in_by_device(provider, show); });
    return stored(tokens, provider, session.console());
}

StoredToken client_credentials_login(const OAuthProvider& provider, const Session& session) {
    const OAuthTokens tokens =
        asked(provider.token_url, session, [&] { return log_in_as_client(provider); });
    return stored(tokens, provider, session.console());
}

std::string usable_token(const std::string& origin, const Session& session) {
    const std::optional<StoredToken> token = load_token(origin);
    if (!token) return {};
    session.console().mask(token->access_token);
    session.console().mask(token->refresh_token);
    const std::int64_t now = seconds_since_1970(std::chrono::system_clock::now());
    if (token->expires_at == 0 || token->expires_at >= now + 30) return token->access_token;
    if (token->refresh_token.empty()) {
        session.console().warn("the stored login has expired; run a2akit auth login again");
        return {};
    }
    OAuthProvider provider = reached_as(session.options());
    provider.token_url = token->token_url;
    provider.client_id = token->client_id;
    const OAuthTokens tokens(provider, token->access_token, token->refresh_token, Duration::zero());
    asked(provider.token_url, session, [&] { return tokens.refresh(); });
    const StoredToken fresh = stored(tokens, provider, session.console());
    save_token(origin, fresh);
    return fresh.access_token;
}

}  // namespace a2akit::cli
