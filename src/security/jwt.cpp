#include "security/jwt.hpp"

#include "json/cursor.hpp"
#include "security/text.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace a2akit::security {
namespace {

constexpr std::size_t kLongestToken = 8192;
constexpr json::Limits kLimits{.max_bytes = kLongestToken, .max_depth = 16};
// "Not before" and "expires" of a token beyond the year 5000 are nonsense, and would overflow.
constexpr double kLatestTime = 1e11;

tl::unexpected<Error> refuse(std::string reason) {
    return fail(ErrorCode::kUnauthenticated, std::move(reason));
}

struct JoseHeader {
    std::string algorithm;
    std::string type;
    std::string key_id;
    bool demands = false;  ///< "crit": something that we do not know.
};

/// Reads the members of an object; false when it is malformed or names a member twice, which two
/// readers could understand differently.
template <class OnMember>
bool read_object(std::string_view text, OnMember&& on_member) {
    json::Cursor cursor(text, json::Mode::kStrict, kLimits);
    std::set<std::string, std::less<>> seen;
    const bool read = cursor.kind() == json::Kind::kObject && cursor.object([&](auto view) {
        const std::string name(view);
        return seen.insert(name).second && on_member(cursor, name);
    });
    return read && cursor.finish();
}

/// A string; false for any other value.
bool read_text(json::Cursor& cursor, std::string& out) {
    return cursor.kind() == json::Kind::kString && cursor.string(out);
}

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

struct Claims {
    std::string subject;
    std::string issuer;
    std::vector<std::string> audiences;
    std::vector<std::string> scopes;
    std::optional<double> expires;
    std::optional<double> not_before;
    std::optional<double> issued;
};

bool read_number(json::Cursor& cursor, std::optional<double>& out) {
    std::string_view text;
    double number = 0;
    if (cursor.kind() != json::Kind::kNumber || !cursor.raw(text)) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    if (number < 0 || number > kLatestTime) return false;
    out = number;
    return true;
}

/// A string or an array of strings.
bool read_texts(json::Cursor& cursor, std::vector<std::string>& out) {
    std::string text;
    if (cursor.kind() != json::Kind::kArray) {
        if (!read_text(cursor, text)) return false;
        out.push_back(std::move(text));
        return true;
    }
    return cursor.array([&] {
        if (!read_text(cursor, text)) return false;
        out.push_back(text);
        return true;
    });
}

/// Also splits strings at spaces, as OAuth writes scopes.
bool read_scopes(json::Cursor& cursor, std::vector<std::string>& out) {
    std::vector<std::string> texts;
    if (!read_texts(cursor, texts)) return false;
    for (std::string& text : texts) {
        std::replace(text.begin(), text.end(), ' ', ',');
        for (const std::string_view scope : split_list(text)) out.emplace_back(scope);
    }
    return true;
}

bool read_claims(std::string_view text, Claims& claims) {
    return read_object(text, [&](json::Cursor& cursor, const std::string& name) {
        if (name == "sub") return read_text(cursor, claims.subject);
        if (name == "iss") return read_text(cursor, claims.issuer);
        if (name == "aud") return read_texts(cursor, claims.audiences);
        if (name == "exp") return read_number(cursor, claims.expires);
        if (name == "nbf") return read_number(cursor, claims.not_before);
        if (name == "iat") return read_number(cursor, claims.issued);
        if (name == "scope" || name == "scp") return read_scopes(cursor, claims.scopes);
        return cursor.skip();
    });
}

bool has(const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

Result<void> check(const Claims& claims, const JwtRules& rules, Timestamp now) {
    const double time = std::chrono::duration<double>(now.time_since_epoch()).count();
    const double skew = std::chrono::duration<double>(rules.skew).count();
    if (!claims.expires) return refuse("it has no expiry");
    if (*claims.expires + skew <= time) return refuse("it has expired");
    if (claims.not_before && *claims.not_before - skew > time) return refuse("it is not valid yet");
    if (claims.issued && *claims.issued - skew > time) return refuse("it was issued in the future");
    if (!rules.issuer.empty() && claims.issuer != rules.issuer)
        return refuse("it is of another issuer");
    if (!rules.audience.empty() && !has(claims.audiences, rules.audience))
        return refuse("it is for another audience");
    if (claims.subject.empty()) return refuse("it names no subject");
    if (claims.subject.size() > kMaxNameBytes) return refuse("its subject is too long");
    return {};
}

}  // namespace

Result<UncheckedJwt> read_jwt(std::string_view token, const JwtRules& rules) {
    if (token.size() > kLongestToken) return refuse("it is longer than 8192 bytes");
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return refuse("it does not have three parts");
    UncheckedJwt jwt;
    jwt.signed_part = token.substr(0, second);
    std::string header_text;
    JoseHeader header;
    if (!decode_base64url(token.substr(0, first), header_text) ||
        !decode_base64url(token.substr(first + 1, second - first - 1), jwt.claims) ||
        !decode_base64url(token.substr(second + 1), jwt.signature))
        return refuse("its parts are not base64url");
    if (!read_header(header_text, header)) return refuse("its header is malformed");
    if (header.demands) return refuse("its header demands an extension");
    if (!is_access_token(header.type)) return refuse("its type is not that of an access token");
    jwt.algorithm = find_algorithm(header.algorithm);
    if (jwt.algorithm == nullptr || !has(rules.algorithms, header.algorithm))
        return refuse("its algorithm is not allowed");
    jwt.key_id = std::move(header.key_id);
    return jwt;
}

Result<Principal> check_claims(const UncheckedJwt& token, const JwtRules& rules, Timestamp now) {
    Claims claims;
    if (!read_claims(token.claims, claims)) return refuse("its claims are malformed");
    if (Result<void> checked = check(claims, rules, now); !checked)
        return fail(std::move(checked.error()));
    for (const std::string& scope : rules.scopes) {
        if (!has(claims.scopes, scope))
            return fail(ErrorCode::kPermissionDenied, "the token lacks the scope " + scope);
    }
    return Principal{std::move(claims.subject), std::move(claims.scopes)};
}

}  // namespace a2akit::security
