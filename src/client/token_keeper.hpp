#pragma once

#include "client/http_client.hpp"

#include <a2akit/client/credentials.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace a2akit::client {

/// Fetches access tokens by the client credentials grant (RFC 6749, section 4.4), and keeps each
/// until shortly before it expires. Safe from any loop.
class TokenKeeper {
public:
    /// `client.token_url` is filled in; or else `metadata_url` is where the provider says it
    /// (OpenID Connect Discovery 1.0, section 4), and the endpoint has to be at the same origin.
    TokenKeeper(OAuthClient client, std::string metadata_url, std::shared_ptr<HttpClient> http)
        : client_(std::move(client)),
          metadata_url_(std::move(metadata_url)),
          http_(std::move(http)) {}

    /// `fresh`: the token that is kept was refused.
    AsyncResult<std::string> token(bool fresh);

private:
    AsyncResult<std::string> discover();
    AsyncResult<std::string> fetch(std::string url);

    const OAuthClient client_;
    const std::string metadata_url_;
    std::shared_ptr<HttpClient> http_;
    std::mutex mutex_;
    std::string token_url_;
    std::string kept_;
    SteadyTime good_until_{};
};

}  // namespace a2akit::client
