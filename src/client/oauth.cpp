#include <a2akit/client/oauth.hpp>

#include "client/caller_loop.hpp"
#include "client/http_client.hpp"
#include "client/token_endpoint.hpp"
#include "json/scalars.hpp"
#include "wire/uri.hpp"

#include <a2akit/core/loop.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace a2akit {
namespace {

using client::Form;
using client::http_for;
using client::ProviderAnswer;

std::string join_scopes(const std::vector<std::string>& scopes) {
    std::string joined;
    for (const std::string& scope : scopes) joined += (joined.empty() ? "" : " ") + scope;
    return joined;
}

/// Base64 for URLs, without padding (RFC 4648, section 5).
std::string base64_url(std::string_view bytes) {
    std::string text;
    json::append_base64(text, bytes);
    while (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

std::string random_text() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), bytes.size()) != 1)
        throw std::runtime_error("there are no random bytes");
    return base64_url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string sha256(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available");
    return {reinterpret_cast<const char*>(digest.data()), size};
}

OAuthTokens tokens_of(const OAuthProvider& provider, ProviderAnswer answer) {
    if (answer.status != 200 || answer.access_token.empty())
        throw Exception(client::refused_token(provider.token_url, answer));
    return {provider, std::move(answer.access_token), std::move(answer.refresh_token),
            std::chrono::seconds(std::max(answer.expires_in, 0))};
}

ProviderAnswer post(const OAuthProvider& provider, const std::string& url, Form form) {
    return client::run_blocking(client::post_form(http_for(provider), url, std::move(form),
                                                  {provider.client_id, provider.client_secret}))
        .value_or_throw();
}

}  // namespace

class OAuthTokens::State {
public:
    State(OAuthProvider provider, std::string access, std::string refresh, Duration life)
        : provider_(std::move(provider)),
          http_(http_for(provider_)),
          access_(std::move(access)),
          refresh_(std::move(refresh)) {
        set_life(life);
    }

    static AsyncResult<std::string> token(std::shared_ptr<State> self, bool refused) {
        std::string refresh;
        {
            const std::lock_guard lock(self->mutex_);
            const bool good =
                !self->good_until_ || std::chrono::steady_clock::now() < *self->good_until_;
            if (good && !refused) co_return self->access_;
            refresh = self->refresh_;
        }
        if (refresh.empty()) {
            co_return fail(ErrorCode::kUnauthenticated,
                           "the access token is not good any more and can't be refreshed; log in "
                           "again");
        }
        auto answer = co_await client::post_form(
            self->http_, self->provider_.token_url,
            {{"grant_type", "refresh_token"}, {"refresh_token", refresh}},
            {self->provider_.client_id, self->provider_.client_secret});
        if (!answer) co_return fail(std::move(answer.error()));
        if (answer->status != 200 || answer->access_token.empty())
            co_return fail(client::refused_token(self->provider_.token_url, *answer));
        const std::lock_guard lock(self->mutex_);
        self->access_ = answer->access_token;
        if (!answer->refresh_token.empty()) self->refresh_ = std::move(answer->refresh_token);
        self->set_life(std::chrono::seconds(std::max(answer->expires_in, 0)));
        co_return std::move(answer->access_token);
    }
    std::string access_token() {
        const std::lock_guard lock(mutex_);
        return access_;
    }
    std::string refresh_token() {
        const std::lock_guard lock(mutex_);
        return refresh_;
    }
    std::optional<std::chrono::system_clock::time_point> expires_at() {
        const std::lock_guard lock(mutex_);
        return expires_at_;
    }

private:
    /// A provider that names no life leaves it to refusals.
    void set_life(Duration life) {
        good_until_.reset();
        expires_at_.reset();
        if (life <= Duration::zero()) return;
        good_until_ = std::chrono::steady_clock::now() + client::usable_life(life);
        expires_at_ = std::chrono::system_clock::now() + life;
    }

    const OAuthProvider provider_;
    std::shared_ptr<client::HttpClient> http_;
    std::mutex mutex_;
    std::string access_;
    std::string refresh_;
    std::optional<SteadyTime> good_until_;
    std::optional<std::chrono::system_clock::time_point> expires_at_;
};

OAuthTokens::OAuthTokens(OAuthProvider provider, std::string access_token,
                         std::string refresh_token, Duration life)
    : state_(std::make_shared<State>(std::move(provider), std::move(access_token),
                                     std::move(refresh_token), life)) {}

TokenSource OAuthTokens::source() const {
    return {[state = state_](bool refused) { return State::token(state, refused); }};
}
std::string OAuthTokens::access_token() const { return state_->access_token(); }
std::string OAuthTokens::refresh_token() const { return state_->refresh_token(); }
std::optional<std::chrono::system_clock::time_point> OAuthTokens::expires_at() const {
    return state_->expires_at();
}
void OAuthTokens::refresh() const {
    (void)client::run_blocking(State::token(state_, true)).value_or_throw();
}

OAuthProvider discover_provider(std::string issuer_url, std::string client_id,
                                std::string ca_file) {
    if (issuer_url.find("/.well-known/") == std::string::npos) {
        while (issuer_url.ends_with('/')) issuer_url.pop_back();
        issuer_url += "/.well-known/openid-configuration";
    }
    OAuthProvider provider{.client_id = std::move(client_id), .ca_file = std::move(ca_file)};
    ProviderAnswer answer =
        client::run_blocking(
            client::ask_provider(http_for(provider), client::metadata_request(issuer_url)))
            .value_or_throw();
    if (answer.status != 200 || answer.token_endpoint.empty()) {
        throw Exception(
            {ErrorCode::kUnauthenticated,
             "no metadata of an identity provider with a token_endpoint at " + issuer_url,
             nullptr});
    }
    for (const std::string& url : {answer.token_endpoint, answer.authorization_endpoint,
                                   answer.device_authorization_endpoint}) {
        if (url.empty() || client::origin_of(url) == client::origin_of(issuer_url)) continue;
        throw Exception({ErrorCode::kPermissionDenied,
                         "the metadata at " + issuer_url + " name an endpoint at " +
                             client::origin_of(url) + ", which is another origin",
                         nullptr});
    }
    provider.token_url = std::move(answer.token_endpoint);
    provider.authorization_url = std::move(answer.authorization_endpoint);
    provider.device_authorization_url = std::move(answer.device_authorization_endpoint);
    return provider;
}

OAuthProvider provider_of(const SecurityScheme& scheme, std::string client_id) {
    OAuthProvider provider{.client_id = std::move(client_id)};
    const auto take_scopes = [&](const std::map<std::string, std::string>& scopes) {
        for (const auto& [scope, what] : scopes) provider.scopes.push_back(scope);
    };
    if (const auto* oauth = std::get_if<OAuth2SecurityScheme>(&scheme.scheme)) {
        if (const auto* code = std::get_if<AuthorizationCodeOAuthFlow>(&oauth->flows.flow)) {
            provider.token_url = code->token_url;
            provider.authorization_url = code->authorization_url;
            take_scopes(code->scopes);
        } else if (const auto* device = std::get_if<DeviceCodeOAuthFlow>(&oauth->flows.flow)) {
            provider.token_url = device->token_url;
            provider.device_authorization_url = device->device_authorization_url;
            take_scopes(device->scopes);
        }
    }
    if (provider.token_url.empty()) {
        throw Exception({ErrorCode::kUnauthenticated,
                         "the security scheme has no authorization code or device code flow to log "
                         "in by",
                         nullptr});
    }
    return provider;
}

OAuthTokens log_in_by_device(const OAuthProvider& provider,
                             const std::function<void(const DeviceLogin&)>& show) {
    Form form;
    // Without a secret, `post` names the client.
    if (!provider.client_secret.empty()) form.emplace_back("client_id", provider.client_id);
    if (!provider.scopes.empty()) form.emplace_back("scope", join_scopes(provider.scopes));
    const ProviderAnswer begun = post(provider, provider.device_authorization_url, form);
    if (begun.status != 200 || begun.device_code.empty())
        throw Exception(client::refused_token(provider.device_authorization_url, begun));
    show({begun.user_code, begun.verification_uri, begun.verification_uri_complete});
    Duration interval =
        std::max<Duration>(std::chrono::seconds(begun.interval), std::chrono::milliseconds(100));
    const auto life = std::chrono::seconds(begun.expires_in > 0 ? begun.expires_in : 600);
    const SteadyTime until = std::chrono::steady_clock::now() + life;
    const Form ask{{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                   {"device_code", begun.device_code}};
    while (std::chrono::steady_clock::now() < until) {
        client::run_blocking(sleep_for(interval));
        ProviderAnswer answer = post(provider, provider.token_url, ask);
        if (answer.error == "slow_down") interval += std::chrono::seconds(5);
        if (answer.error == "authorization_pending" || answer.error == "slow_down") continue;
        return tokens_of(provider, std::move(answer));
    }
    throw Exception(
        {ErrorCode::kUnauthenticated, "the code expired before the user agreed", nullptr});
}

OAuthTokens log_in_as_client(const OAuthProvider& provider) {
    Form form{{"grant_type", "client_credentials"}};
    if (!provider.scopes.empty()) form.emplace_back("scope", join_scopes(provider.scopes));
    return tokens_of(provider, post(provider, provider.token_url, std::move(form)));
}

AuthorizationCodeLogin::AuthorizationCodeLogin(OAuthProvider provider, std::string redirect_url)
    : provider_(std::move(provider)),
      redirect_url_(std::move(redirect_url)),
      verifier_(random_text()),
      state_(random_text()) {
    Form form{{"response_type", "code"},
              {"client_id", provider_.client_id},
              {"redirect_uri", redirect_url_},
              {"state", state_},
              {"code_challenge", base64_url(sha256(verifier_))},
              {"code_challenge_method", "S256"}};
    if (!provider_.scopes.empty()) form.emplace_back("scope", join_scopes(provider_.scopes));
    url_ = provider_.authorization_url;
    url_ += url_.find('?') == std::string::npos ? '?' : '&';
    url_ += client::encode_form(form);
}

OAuthTokens AuthorizationCodeLogin::finish(const std::string& redirected_to) const {
    const std::size_t at = redirected_to.find('?');
    const std::string_view query = at == std::string::npos
                                       ? std::string_view()
                                       : std::string_view(redirected_to).substr(at + 1);
    if (wire::query_value(query, "state") != state_) {
        throw Exception({ErrorCode::kPermissionDenied,
                         "the redirect is not the answer to this login: its state is another",
                         nullptr});
    }
    const std::string error = wire::query_value(query, "error");
    const std::string code = wire::query_value(query, "code");
    if (code.empty()) {
        throw Exception({ErrorCode::kUnauthenticated,
                         "the login failed: " + (error.empty() ? "there is no code" : error),
                         nullptr});
    }
    return tokens_of(provider_, post(provider_, provider_.token_url,
                                     {{"grant_type", "authorization_code"},
                                      {"code", code},
                                      {"redirect_uri", redirect_url_},
                                      {"code_verifier", verifier_}}));
}

}  // namespace a2akit
