#include "client/token_keeper.hpp"

#include "client/token_endpoint.hpp"

#include <a2akit/core/loop.hpp>

#include <algorithm>
#include <utility>

namespace a2akit::client {

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
    auto answer = co_await ask_provider(http_, metadata_request(metadata_url_));
    if (!answer) co_return fail(std::move(answer.error()));
    const std::string endpoint = std::move(answer->token_endpoint);
    if (answer->status != 200 || endpoint.empty()) {
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
    Form form{{"grant_type", "client_credentials"}};
    std::string scopes;
    for (const std::string& scope : client_.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
    if (!scopes.empty()) form.emplace_back("scope", std::move(scopes));
    auto answer =
        co_await post_form(http_, url, std::move(form), {client_.client_id, client_.client_secret});
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->status != 200 || answer->access_token.empty())
        co_return fail(refused_token(url, *answer));
    const std::lock_guard lock(mutex_);
    kept_ = answer->access_token;
    const Duration life = std::chrono::seconds(std::max(answer->expires_in, 0));
    good_until_ = Loop::current()->now() + usable_life(life);
    co_return std::move(answer->access_token);
}

}  // namespace a2akit::client
