#include "cli/oauth.hpp"

#include "cli/failure.hpp"
#include "cli/http.hpp"
#include "json/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

namespace a2akit::cli {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

std::int64_t seconds_since_1970() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// The strings and numbers of a JSON object, as text.
Fields read_fields(std::string_view json) {
    Fields fields;
    json::Cursor cursor(json, json::Mode::kLenient);
    if (cursor.kind() != json::Kind::kObject) return fields;
    (void)cursor.object([&](std::string_view key) {
        std::string& value = fields[std::string(key)];
        if (cursor.kind() == json::Kind::kString) return cursor.string(value);
        std::string_view raw;
        const bool read = cursor.raw(raw);
        value = raw;
        return read;
    });
    return fields;
}

std::string get(const Fields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

/// Tokens and secrets only travel over TLS, or on this machine.
void require_safe(const std::string& url) {
    const std::string origin = origin_of(url);
    const bool is_local = origin.starts_with("http://127.0.0.1:") ||
                          origin.starts_with("http://localhost:") ||
                          origin.starts_with("http://[::1]:");
    if (origin.starts_with("https://") || is_local) return;
    throw Failure(LocalError::kAuthFailed,
                  "the card names " + url + " for tokens, which is not an https URL");
}

Failure refused(const std::string& url, const HttpReply& reply, const Fields& fields) {
    const std::string error = get(fields, "error");
    const std::string description = get(fields, "error_description");
    return Failure(LocalError::kAuthFailed,
                   url + " refused: " +
                       (error.empty() ? "HTTP status " + std::to_string(reply.status) : error) +
                       (description.empty() ? "" : " (" + description + ")"));
}

HttpReply post_form(const std::string& url,
                    const std::vector<std::pair<std::string, std::string>>& form,
                    const Session& session) {
    require_safe(url);
    for (const auto& [name, value] : form) {
        if (name == "client_secret" || name == "refresh_token" || name == "device_code") {
            session.console().mask(value);
            session.console().mask(percent_encode(value));
        }
    }
    return http_call({.method = "POST",
                      .url = url,
                      .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                  {"Accept", "application/json"}},
                      .body = form_encode(form)},
                     session.options(), session.console(), Sensitivity::kSecretReply);
}

StoredToken token_of(const Fields& fields, const OAuthProvider& provider,
                     const OAuthClientIdentity& client, Console& console) {
    StoredToken token{get(fields, "access_token"), get(fields, "refresh_token"), 0,
                      provider.token_url, client.id};
    console.mask(token.access_token);
    console.mask(token.refresh_token);
    const std::string lifetime = get(fields, "expires_in");
    std::int64_t seconds = 0;
    (void)std::from_chars(lifetime.data(), lifetime.data() + lifetime.size(), seconds);
    if (seconds > 0) token.expires_at = seconds_since_1970() + seconds;
    return token;
}

std::vector<std::pair<std::string, std::string>> with_client(
    std::vector<std::pair<std::string, std::string>> form, const OAuthClientIdentity& client) {
    form.emplace_back("client_id", client.id);
    if (!client.secret.empty()) form.emplace_back("client_secret", client.secret);
    return form;
}

std::vector<std::string> names_of(const std::map<std::string, std::string>& scopes) {
    std::vector<std::string> names;
    for (const auto& [name, description] : scopes) names.push_back(name);
    return names;
}

OAuthProvider discover(const std::string& url, const Session& session) {
    require_safe(url);
    const HttpReply reply = http_call({.url = url}, session.options(), session.console());
    const Fields fields = read_fields(reply.body);
    if (reply.status != 200 || get(fields, "token_endpoint").empty()) {
        throw Failure(LocalError::kAuthFailed,
                      url + " is not an OpenID Connect discovery document with a token_endpoint");
    }
    // Issuers must publish the document below their own name (OpenID Connect Discovery 1.0, 4.3).
    const std::string issuer = get(fields, "issuer");
    if (issuer.empty() || !url.starts_with(issuer)) {
        throw Failure(LocalError::kAuthFailed,
                      url + " is not below the issuer that it names, \"" + issuer + '"');
    }
    return {get(fields, "token_endpoint"),
            get(fields, "device_authorization_endpoint"),
            true,
            {"openid"}};
}

}  // namespace

OAuthProvider find_provider(const AgentCard& card, const Session& session) {
    for (const auto& [name, scheme] : card.security_schemes) {
        if (const auto* oauth = std::get_if<OAuth2SecurityScheme>(&scheme.scheme)) {
            if (const auto* device = std::get_if<DeviceCodeOAuthFlow>(&oauth->flows.flow)) {
                return {device->token_url, device->device_authorization_url, false,
                        names_of(device->scopes)};
            }
            if (const auto* own = std::get_if<ClientCredentialsOAuthFlow>(&oauth->flows.flow))
                return {own->token_url, {}, true, names_of(own->scopes)};
        }
        if (const auto* openid = std::get_if<OpenIdConnectSecurityScheme>(&scheme.scheme))
            return discover(openid->open_id_connect_url, session);
    }
    throw Failure(LocalError::kCredentialsMissing,
                  "the card has no OAuth 2 scheme with a device code or client credentials flow, "
                  "and no OpenID Connect scheme",
                  "a2akit card get lists the schemes; set A2ACLI_BEARER or A2ACLI_API_KEY");
}

StoredToken device_login(const OAuthProvider& provider, const OAuthClientIdentity& client,
                         const std::string& scope, const Session& session) {
    auto form = with_client({}, client);
    if (!scope.empty()) form.emplace_back("scope", scope);
    const HttpReply reply = post_form(provider.device_authorization_url, form, session);
    const Fields offer = read_fields(reply.body);
    const std::string device_code = get(offer, "device_code");
    if (reply.status != 200 || device_code.empty())
        throw refused(provider.device_authorization_url, reply, offer);
    session.console().hint("Open", get(offer, "verification_uri"));
    session.console().hint("Code", get(offer, "user_code"));
    int interval = 5;
    const std::string wanted = get(offer, "interval");
    (void)std::from_chars(wanted.data(), wanted.data() + wanted.size(), interval);
    // RFC 8628, section 3.5: slow_down adds five seconds for good.
    while (true) {
        std::this_thread::sleep_for(std::chrono::seconds(std::clamp(interval, 1, 60)));
        const HttpReply answer =
            post_form(provider.token_url,
                      with_client({{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                   {"device_code", device_code}},
                                  client),
                      session);
        const Fields fields = read_fields(answer.body);
        const std::string error = get(fields, "error");
        if (answer.status == 200 && !get(fields, "access_token").empty())
            return token_of(fields, provider, client, session.console());
        if (error == "slow_down") interval += 5;
        if (error != "authorization_pending" && error != "slow_down")
            throw refused(provider.token_url, answer, fields);
    }
}

StoredToken client_credentials_login(const OAuthProvider& provider,
                                     const OAuthClientIdentity& client, const std::string& scope,
                                     const Session& session) {
    auto form = with_client({{"grant_type", "client_credentials"}}, client);
    if (!scope.empty()) form.emplace_back("scope", scope);
    const HttpReply reply = post_form(provider.token_url, form, session);
    const Fields fields = read_fields(reply.body);
    if (reply.status != 200 || get(fields, "access_token").empty())
        throw refused(provider.token_url, reply, fields);
    return token_of(fields, provider, client, session.console());
}

std::string usable_token(const std::string& origin, const Session& session) {
    std::optional<StoredToken> token = load_token(origin);
    if (!token) return {};
    session.console().mask(token->access_token);
    const bool is_old = token->expires_at != 0 && token->expires_at < seconds_since_1970() + 30;
    if (!is_old) return token->access_token;
    if (token->refresh_token.empty()) {
        session.console().warn("the stored login has expired; run a2akit auth login again");
        return {};
    }
    const OAuthProvider provider{token->token_url, {}, false, {}};
    const OAuthClientIdentity client{token->client_id, {}};
    const HttpReply reply = post_form(
        provider.token_url,
        with_client({{"grant_type", "refresh_token"}, {"refresh_token", token->refresh_token}},
                    client),
        session);
    const Fields fields = read_fields(reply.body);
    if (reply.status != 200 || get(fields, "access_token").empty())
        throw refused(provider.token_url, reply, fields);
    StoredToken fresh = token_of(fields, provider, client, session.console());
    if (fresh.refresh_token.empty()) fresh.refresh_token = token->refresh_token;
    save_token(origin, fresh);
    return fresh.access_token;
}

}  // namespace a2akit::cli
