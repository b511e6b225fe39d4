#pragma once

#include <a2akit/client/client_options.hpp>
#include <a2akit/client/credentials.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// Where a user logs in, and as which client.
struct OAuthProvider {
    std::string client_id = {};
    std::string client_secret = {};  ///< Empty: a public client.
    std::vector<std::string> scopes = {};
    std::string token_url = {};
    std::string authorization_url = {};         ///< For the authorization code grant.
    std::string device_authorization_url = {};  ///< For the device grant.
    std::string ca_file = {};                   ///< PEM; empty: the system's.
    /// As in ClientOptions.
    bool verify_tls = true;
    std::string client_certificate_file = {};
    std::string client_key_file = {};
};

/// The tokens of a user who has logged in. Copies share them. Safe from any thread.
class OAuthTokens {
public:
    OAuthTokens(OAuthProvider provider, std::string access_token, std::string refresh_token,
                Duration life);

    /// For ClientOptions::credentials: gives the access token, and refreshes it shortly before it
    /// expires or when it was refused (RFC 6749, section 6). kUnauthenticated when there is no
    /// refresh token, or it is refused: then the user has to log in again.
    [[nodiscard]] TokenSource source() const;
    /// The tokens as they stand, to be kept in a safe place.
    [[nodiscard]] std::string access_token() const;
    [[nodiscard]] std::string refresh_token() const;
    /// When the access token expires; nullopt when the provider does not say.
    [[nodiscard]] std::optional<std::chrono::system_clock::time_point> expires_at() const;
    /// Fetches a new access token by the refresh token. Blocks the calling thread. Throws
    /// Exception: see `source`.
    void refresh() const;

    class State;

private:
    std::shared_ptr<State> state_;
};

/// What a user is shown in the device grant.
struct DeviceLogin {
    std::string user_code = {};
    std::string verification_url = {};
    std::string verification_url_with_code = {};  ///< Empty when the provider gave none.
};

/// Reads where a provider's endpoints are from its metadata (OpenID Connect Discovery 1.0,
/// section 4, or RFC 8414). `issuer_url`: the issuer, or the URL of the metadata themselves. Blocks
/// the calling thread. Throws Exception: kUnavailable when there is no answer, kUnauthenticated
/// when what is there names no token endpoint, kPermissionDenied when an endpoint is at another
/// origin than the metadata.
[[nodiscard]] OAuthProvider discover_provider(std::string issuer_url, std::string client_id,
                                              std::string ca_file = {});

/// The provider that a security scheme of a card describes; the endpoints are the card's, so look
/// at them before a user logs in there. Throws Exception (kUnauthenticated) when the scheme is not
/// an OAuth 2.0 scheme with an authorization code or a device code flow.
[[nodiscard]] OAuthProvider provider_of(const SecurityScheme& scheme, std::string client_id);

/// The device grant (RFC 8628): `show` tells the user where to go, and the call returns when the
/// user has agreed there. Blocks the calling thread for minutes. Throws Exception: kUnauthenticated
/// when the user declines or the code expires.
[[nodiscard]] OAuthTokens log_in_by_device(const OAuthProvider& provider,
                                           const std::function<void(const DeviceLogin&)>& show);

/// The client credentials grant (RFC 6749, section 4.4): the program is its own user. Blocks the
/// calling thread. Throws Exception: kUnauthenticated when the client is refused. A Client fetches
/// such tokens by itself, see OAuthClient.
[[nodiscard]] OAuthTokens log_in_as_client(const OAuthProvider& provider);

/// The authorization code grant with PKCE (RFC 6749, section 4.1; RFC 7636, method S256).
///
///     AuthorizationCodeLogin login(provider, "http://127.0.0.1:8912/callback");
///     // open login.url() in a browser; it comes back to the redirect URL
///     OAuthTokens tokens = login.finish(redirected_to);
class AuthorizationCodeLogin {
public:
    AuthorizationCodeLogin(OAuthProvider provider, std::string redirect_url);

    /// Where the user logs in.
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// Exchanges the code for tokens. `redirected_to`: the whole URL, with code and state, that the
    /// browser was sent back to. Blocks the calling thread. Throws Exception: kUnauthenticated when
    /// the login failed, kPermissionDenied when the state is not that of this login.
    [[nodiscard]] OAuthTokens finish(const std::string& redirected_to) const;

private:
    OAuthProvider provider_;
    std::string redirect_url_;
    std::string verifier_;
    std::string state_;
    std::string url_;
};

}  // namespace a2akit
