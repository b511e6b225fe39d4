#pragma once

#include "json/cursor.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/core/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an issuer says of a token, in the token itself (RFC 7519) or when it is asked (RFC 7662).
/// No I/O.
namespace a2akit::security {

/// What a token has to say.
struct TokenRules {
    std::string issuer;               ///< Empty: any.
    std::string audience;             ///< Empty: any.
    std::vector<std::string> scopes;  ///< All of them are needed.
    Duration skew = std::chrono::seconds(60);
};

struct TokenClaims {
    std::string subject;
    std::string issuer;
    std::vector<std::string> audiences;
    std::vector<std::string> scopes;
    std::optional<double> expires;  ///< Seconds since 1970, as are the next two.
    std::optional<double> not_before;
    std::optional<double> issued;
    // Of an answer of introspection only:
    std::optional<bool> active;
    std::string client;
};

/// kUnauthenticated; `reason` is for the log.
[[nodiscard]] tl::unexpected<Error> refuse_token(const char* reason);

/// The members of a JSON object, each once. False when the text is something else, or `member`
/// returns false.
[[nodiscard]] bool read_object(
    std::string_view text, const std::function<bool(json::Cursor&, const std::string&)>& member);
/// False when it is not a string.
[[nodiscard]] bool read_text(json::Cursor& cursor, std::string& out);

/// False when it is not JSON, or a claim has another type.
[[nodiscard]] bool read_claims(std::string_view text, TokenClaims& claims);

/// Times, issuer and audience. kUnauthenticated, saying what is wrong in words for the log.
[[nodiscard]] Result<void> check_claims(const TokenClaims& claims, const TokenRules& rules,
                                        Timestamp now);
/// kPermissionDenied naming a scope that is missing.
[[nodiscard]] Result<void> check_scopes(const TokenClaims& claims, const TokenRules& rules);

}  // namespace a2akit::security
