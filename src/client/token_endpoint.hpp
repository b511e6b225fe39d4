#pragma once

#include "client/http_client.hpp"

#include <a2akit/client/oauth.hpp>
#include <a2akit/core/async.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::client {

/// The fields of an identity provider's answers that count here (RFC 6749, sections 5.1 and 5.2;
/// RFC 8628, section 3.2; OpenID Connect Discovery 1.0, section 3).
struct ProviderAnswer {
    int status = 0;
    std::string access_token;
    std::string refresh_token;
    std::string error;
    std::string error_description;
    std::string issuer;
    std::string token_endpoint;
    std::string authorization_endpoint;
    std::string device_authorization_endpoint;
    std::string device_code;
    std::string user_code;
    std::string verification_uri;
    std::string verification_uri_complete;
    std::int32_t expires_in = 0;
    std::int32_t interval = 5;  ///< Seconds; this many when the provider names none.
};

using Form = std::vector<std::pair<std::string, std::string>>;

/// "a=b&c=d", percent-encoded.
[[nodiscard]] std::string encode_form(const Form& form);

/// Who asks at a token endpoint; without a secret, a public client.
struct TokenClient {
    std::string id;
    std::string secret;
};

/// How the provider is reached.
[[nodiscard]] std::shared_ptr<HttpClient> http_for(const OAuthProvider& provider);

/// Any HTTP status is an answer.
AsyncResult<ProviderAnswer> ask_provider(std::shared_ptr<HttpClient> http, HttpRequest request);
/// Posts a form to a provider's endpoint, with the client's authentication.
AsyncResult<ProviderAnswer> post_form(std::shared_ptr<HttpClient> http, std::string url, Form form,
                                      TokenClient client);
[[nodiscard]] HttpRequest metadata_request(std::string url);

/// The error of an answer without a token: what was asked, and the provider's reason.
[[nodiscard]] Error refused_token(const std::string& url, const ProviderAnswer& answer);

/// How long a token is used: not in the last part of its life, so that it does not expire on its
/// way.
[[nodiscard]] Duration usable_life(Duration life) noexcept;

}  // namespace a2akit::client
