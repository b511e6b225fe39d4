#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/request/middleware.hpp>

#include <memory>
#include <string>
#include <vector>

namespace a2akit {

/// Which JSON Web Tokens (RFC 7519) a JwtMiddleware accepts. The settings A2AKIT_JWT_* do the same
/// without a program of one's own (docs/guides/authentication.md).
struct JwtOptions {
    /// The keys of the issuer, at an https: or file: URL. Empty: found by OpenID Connect discovery
    /// from `issuer`.
    std::string jwks_url = {};
    std::string issuer = {};    ///< "iss" has to be this; empty: any.
    std::string audience = {};  ///< "aud" has to name this; empty: any.
    /// RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA are known.
    std::vector<std::string> algorithms = {"RS256", "PS256", "ES256", "EdDSA"};
    std::vector<std::string> scopes = {};  ///< A token needs all of them ("scope" or "scp").
    bool allow_http = false;               ///< Keys over plain http, for tests.
    Duration min_refresh = std::chrono::seconds(30);  ///< Between two fetches of keys.
    std::string realm = "a2a";                        ///< Of the challenge; no '"' or '\'.
};

/// Checks "Authorization: Bearer …" as a JSON Web Token: the principal is its subject, with its
/// scopes. 401 without a valid token, 403 without the scopes, 503 while no keys could be fetched.
/// Keys are fetched on a thread of its own when they are needed first, and again for a token that
/// names an unknown key.
class JwtMiddleware final : public Middleware {
public:
    /// kInvalidParams when neither `jwks_url` nor `issuer` is given, a URL has another scheme, or
    /// an algorithm is not known.
    static Result<std::shared_ptr<JwtMiddleware>> create(JwtOptions options);
    ~JwtMiddleware() override;
    AsyncResult<void> before_body(RequestContext& context) override;
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;

private:
    explicit JwtMiddleware(std::shared_ptr<Middleware> checks);
    std::shared_ptr<Middleware> checks_;
};

}  // namespace a2akit
