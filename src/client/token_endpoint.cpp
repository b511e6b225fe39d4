#include "client/token_endpoint.hpp"

#include "json/cursor.hpp"
#include "json/scalars.hpp"
#include "wire/uri.hpp"

#include <algorithm>
#include <array>

namespace a2akit::client {
namespace {

using json::Kind;

constexpr std::size_t kMaxAnswerBytes = 1U << 18U;
constexpr Duration kTimeout = std::chrono::seconds(30);

ProviderAnswer read_answer(int status, std::string_view body) {
    ProviderAnswer answer;
    answer.status = status;
    const std::array<std::pair<std::string_view, std::string*>, 12> texts{{
        {"access_token", &answer.access_token},
        {"refresh_token", &answer.refresh_token},
        {"error", &answer.error},
        {"error_description", &answer.error_description},
        {"issuer", &answer.issuer},
        {"token_endpoint", &answer.token_endpoint},
        {"authorization_endpoint", &answer.authorization_endpoint},
        {"device_authorization_endpoint", &answer.device_authorization_endpoint},
        {"device_code", &answer.device_code},
        {"user_code", &answer.user_code},
        {"verification_uri", &answer.verification_uri},
        {"verification_uri_complete", &answer.verification_uri_complete},
    }};
    json::Cursor cursor(body, json::Mode::kLenient, json::kReadBack);
    if (cursor.kind() != Kind::kObject) return answer;
    (void)cursor.object([&](std::string_view key) {
        if (cursor.kind() == Kind::kString) {
            for (const auto& [name, text] : texts) {
                if (name == key) return cursor.string(*text);
            }
        }
        if (cursor.kind() == Kind::kNumber && key == "expires_in")
            return cursor.int32(answer.expires_in);
        if (cursor.kind() == Kind::kNumber && key == "interval")
            return cursor.int32(answer.interval);
        return cursor.skip();
    });
    return answer;
}

}  // namespace

std::string encode_form(const Form& form) {
    std::string text;
    for (const auto& [name, value] : form) {
        if (!text.empty()) text += '&';
        text += wire::percent_encode(name) + "=" + wire::percent_encode(value);
    }
    return text;
}

std::shared_ptr<HttpClient> http_for(const OAuthProvider& provider) {
    return make_curl_client({.ca_file = provider.ca_file,
                             .verify_tls = provider.verify_tls,
                             .client_certificate_file = provider.client_certificate_file,
                             .client_key_file = provider.client_key_file});
}

HttpRequest metadata_request(std::string url) {
    return {.method = "GET", .url = std::move(url), .headers = {{"Accept", "application/json"}}};
}

AsyncResult<ProviderAnswer> ask_provider(std::shared_ptr<HttpClient> http, HttpRequest request) {
    request.timeout = kTimeout;
    request.max_bytes = kMaxAnswerBytes;
    auto answer = co_await http->perform(std::move(request));
    if (!answer) co_return fail(std::move(answer.error().error));
    co_return read_answer(answer->head.status, answer->body);
}

AsyncResult<ProviderAnswer> post_form(std::shared_ptr<HttpClient> http, std::string url, Form form,
                                      TokenClient client) {
    HttpRequest request{.method = "POST",
                        .url = std::move(url),
                        .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                    {"Accept", "application/json"}}};
    if (client.secret.empty()) {
        form.emplace_back("client_id", client.id);
    } else {
        std::string encoded;
        json::append_base64(
            encoded, wire::percent_encode(client.id) + ":" + wire::percent_encode(client.secret));
        request.headers.emplace_back("Authorization", "Basic " + encoded);
    }
    request.body = encode_form(form);
    return ask_provider(std::move(http), std::move(request));
}

Error refused_token(const std::string& url, const ProviderAnswer& answer) {
    std::string reason =
        answer.error.empty() ? "HTTP status " + std::to_string(answer.status) : answer.error;
    if (!answer.error_description.empty()) reason += ": " + answer.error_description;
    return {answer.status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kUnauthenticated,
            "the token endpoint " + url + " gave no token: " + reason, nullptr};
}

Duration usable_life(Duration life) noexcept {
    constexpr Duration kMargin = std::chrono::seconds(30);
    return std::max(life - kMargin, life / 2);
}

}  // namespace a2akit::client
