#include "client/token_keeper.hpp"

#include "json/cursor.hpp"
#include "json/scalars.hpp"
#include "wire/uri.hpp"

#include <a2akit/core/loop.hpp>

#include <algorithm>
#include <utility>

namespace a2akit::client {
namespace {

using json::Kind;

constexpr std::size_t kMaxAnswerBytes = 1U << 18U;
constexpr Duration kTimeout = std::chrono::seconds(30);
/// A token is not used in the last part of its life, so that it does not expire on its way.
constexpr Duration kMargin = std::chrono::seconds(30);

/// The fields of a provider's answers that count here (RFC 6749, sections 5.1 and 5.2).
struct Answer {
    std::string access_token;
    std::string error;
    std::string error_description;
    std::string token_endpoint;
    std::int32_t expires_in = 0;
};

Answer read_answer(std::string_view body) {
    Answer answer;
    json::Cursor cursor(body, json::Mode::kLenient, json::kReadBack);
    if (cursor.kind() != Kind::kObject) return answer;
    (void)cursor.object([&](std::string_view key) {
        if (cursor.kind() == Kind::kString) {
            if (key == "access_token") return cursor.string(answer.access_token);
            if (key == "error") return cursor.string(answer.error);
            if (key == "error_description") return cursor.string(answer.error_description);
            if (key == "token_endpoint") return cursor.string(answer.token_endpoint);
        }
        if (key == "expires_in" && cursor.kind() == Kind::kNumber)
            return cursor.int32(answer.expires_in);
        return cursor.skip();
    });
    return answer;
}

std::string basic(const OAuthClient& client) {
    std::string encoded;
    json::append_base64(encoded, wire::percent_encode(client.client_id) + ":" +
                                     wire::percent_encode(client.client_secret));
    return "Basic " + encoded;
}

Error refused(const std::string& url, int status, const Answer& answer) {
    std::string reason =
        answer.error.empty() ? "HTTP status " + std::to_string(status) : answer.error;
    if (!answer.error_description.empty()) reason += ": " + answer.error_description;
    return {status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kUnauthenticated,
            "the token endpoint " + url + " gave no token: " + reason, nullptr};
}

}  // namespace

AsyncResult<std::string> TokenKeeper::token(bool fresh) {
    std::string url;
    {
        const std::lock_guard lock(mutex_);
        if (!fresh && !kept_.empty() && Loop::current()->now() < good_until_) co_return kept_;
        url = client_.token_url.empty() ? token_url_ : client_.token_url;
    }
    if (url.empty()) {
        auto found = co_await discover();
        if (!found) co_return found;
        url = std::move(*found);
    }
    co_return co_await fetch(std::move(url));
}

AsyncResult<std::string> TokenKeeper::discover() {
    auto answer = co_await http_->perform({.method = "GET",
                                           .url = metadata_url_,
                                           .headers = {{"Accept", "application/json"}},
                                           .timeout = kTimeout,
                                           .max_bytes = kMaxAnswerBytes});
    if (!answer) co_return fail(std::move(answer.error().error));
    std::string endpoint = read_answer(answer->body).token_endpoint;
    if (answer->head.status != 200 || endpoint.empty()) {
        co_return fail(
            ErrorCode::kUnauthenticated,
            "no metadata of an identity provider with a token_endpoint at " + metadata_url_);
    }
    if (origin_of(endpoint) != origin_of(metadata_url_)) {
        co_return fail(ErrorCode::kPermissionDenied,
                       "the metadata at " + metadata_url_ + " name a token endpoint at " +
                           origin_of(endpoint) +
                           "; to send the secret there, set OAuthClient::token_url");
    }
    const std::lock_guard lock(mutex_);
    token_url_ = endpoint;
    co_return endpoint;
}

AsyncResult<std::string> TokenKeeper::fetch(std::string url) {
    std::string scopes;
    for (const std::string& scope : client_.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
    std::string body = "grant_type=client_credentials";
    if (!scopes.empty()) body += "&scope=" + wire::percent_encode(scopes);
    auto reply =
        co_await http_->perform({.method = "POST",
                                 .url = url,
                                 .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                             {"Accept", "application/json"},
                                             {"Authorization", basic(client_)}},
                                 .body = std::move(body),
                                 .timeout = kTimeout,
                                 .max_bytes = kMaxAnswerBytes});
    if (!reply) co_return fail(std::move(reply.error().error));
    Answer answer = read_answer(reply->body);
    if (reply->head.status != 200 || answer.access_token.empty())
        co_return fail(refused(url, reply->head.status, answer));
    const std::lock_guard lock(mutex_);
    kept_ = answer.access_token;
    const Duration life = std::chrono::seconds(std::max(answer.expires_in, 0));
    good_until_ = Loop::current()->now() + std::max(life - kMargin, life / 2);
    co_return std::move(answer.access_token);
}

}  // namespace a2akit::client
