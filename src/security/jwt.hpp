#pragma once

#include "security/jwk.hpp"
#include "security/token_claims.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON Web Tokens (RFC 7519), checked as RFC 8725 advises. No I/O.
namespace a2akit::security {

/// What a token has to say, and how it may be signed.
struct JwtRules : TokenRules {
    std::vector<std::string> algorithms;  ///< Names of find_algorithm.
};

/// A token that was taken apart and not believed yet. Views into its text.
struct UncheckedJwt {
    const Algorithm* algorithm = nullptr;
    std::string key_id;  ///< Empty: none.
    std::string_view signed_part;
    std::string signature;
    std::string claims;  ///< JSON.
};

/// Takes a token apart. kUnauthenticated, saying what is wrong in words for the log, when it is not
/// a signed token in the compact form, or its header names an algorithm or type that is not
/// allowed, or demands an extension.
[[nodiscard]] Result<UncheckedJwt> read_jwt(std::string_view token, const JwtRules& rules);

/// Checks the claims of a token whose signature is right (`verify`). The principal is "sub", with
/// the scopes of "scope" or "scp". kUnauthenticated likewise; kPermissionDenied when a scope is
/// missing.
[[nodiscard]] Result<Principal> check_claims(const UncheckedJwt& token, const JwtRules& rules,
                                             Timestamp now);

}  // namespace a2akit::security
