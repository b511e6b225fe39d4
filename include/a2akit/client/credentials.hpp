#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace a2akit {

/// A key for an apiKey scheme: a header, a query parameter or a cookie, as the card says.
struct ApiKey {
    std::string key = {};
};

/// HTTP Basic authentication (RFC 7617).
struct BasicLogin {
    std::string user = {};
    std::string password = {};
};

/// A token that is at hand already: for HTTP bearer, OAuth 2.0 and OpenID Connect schemes.
struct BearerToken {
    std::string token = {};
};

/// The OAuth 2.0 client credentials grant (RFC 6749, section 4.4). The client fetches the token
/// when it is needed, keeps it until shortly before it expires, and fetches a new one after a 401.
struct OAuthClient {
    std::string client_id = {};
    std::string client_secret = {};
    /// Empty: those that the card's security requirement names.
    std::vector<std::string> scopes = {};
    /// Empty: the token URL of the card's scheme, or of the provider's metadata for OpenID Connect.
    /// The secret goes to the origin of this URL. When it is empty, the origin that the card names
    /// has to be in ClientOptions::credential_origins or that of the card itself.
    std::string token_url = {};
};

/// Asked for a token before a call; `refused` says that the agent refused the last one. Runs where
/// the call was made: on its loop, or on the thread that blocks. The result is not kept.
struct TokenSource {
    std::function<AsyncResult<std::string>(bool refused)> token = {};
};

using Credential = std::variant<ApiKey, BasicLogin, BearerToken, OAuthClient, TokenSource>;

}  // namespace a2akit
