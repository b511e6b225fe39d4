#include "security/jwt.hpp"

#include "security/text.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::security {
namespace {

constexpr std::size_t kLongestToken = 8192;

struct JoseHeader {
    std::string algorithm;
    std::string type;
    std::string key_id;
    bool demands = false;  ///< "crit": something that we do not know.
};

bool read_header(std::string_view text, JoseHeader& header) {
    return read_object(text, [&](json::Cursor& cursor, const std::string& name) {
        if (name == "alg") return read_text(cursor, header.algorithm);
        if (name == "typ") return read_text(cursor, header.type);
        if (name == "kid") return read_text(cursor, header.key_id);
        // RFC 7515 allows "crit" only with content; RFC 7516 has "zip" and "enc".
        if (name == "crit" || name == "zip" || name == "enc" || name == "b64")
            header.demands = true;
        return cursor.skip();
    });
}

/// Tokens for other purposes (a logout, a proof of possession) are signed with the same keys.
bool is_access_token(std::string_view type) {
    std::string lower = lower_case(type);
    if (lower.starts_with("application/")) lower.erase(0, 12);
    return lower.empty() || lower == "jwt" || lower == "at+jwt";
}

bool has(const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Result<UncheckedJwt> read_jwt(std::string_view token, const JwtRules& rules) {
    if (token.size() > kLongestToken) return refuse_token("it is longer than 8192 bytes");
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return refuse_token("it does not have three parts");
    UncheckedJwt jwt;
    jwt.signed_part = token.substr(0, second);
    std::string header_text;
    JoseHeader header;
    if (!decode_base64url(token.substr(0, first), header_text) ||
        !decode_base64url(token.substr(first + 1, second - first - 1), jwt.claims) ||
        !decode_base64url(token.substr(second + 1), jwt.signature))
        return refuse_token("its parts are not base64url");
    if (!read_header(header_text, header)) return refuse_token("its header is malformed");
    if (header.demands) return refuse_token("its header demands an extension");
    if (!is_access_token(header.type))
        return refuse_token("its type is not that of an access token");
    jwt.algorithm = find_algorithm(header.algorithm);
    if (jwt.algorithm == nullptr || !has(rules.algorithms, header.algorithm))
        return refuse_token("its algorithm is not allowed");
    jwt.key_id = std::move(header.key_id);
    return jwt;
}

Result<Principal> check_claims(const UncheckedJwt& token, const JwtRules& rules, Timestamp now) {
    TokenClaims claims;
    if (!read_claims(token.claims, claims)) return refuse_token("its claims are malformed");
    if (!claims.expires) return refuse_token("it has no expiry");
    if (Result<void> checked = check_claims(claims, rules, now); !checked)
        return fail(std::move(checked.error()));
    if (claims.subject.empty()) return refuse_token("it names no subject");
    if (claims.subject.size() > kMaxNameBytes) return refuse_token("its subject is too long");
    if (Result<void> checked = check_scopes(claims, rules); !checked)
        return fail(std::move(checked.error()));
    return Principal{std::move(claims.subject), std::move(claims.scopes)};
}

}  // namespace a2akit::security
