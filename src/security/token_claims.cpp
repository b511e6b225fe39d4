#include "security/token_claims.hpp"

#include "security/text.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace a2akit::security {
namespace {

constexpr json::Limits kLimits{.max_bytes = std::size_t{64} << 10U, .max_depth = 16};
// "Not before" and "expires" of a token beyond the year 5000 are nonsense, and would overflow.
constexpr double kLatestTime = 1e11;

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

bool has(const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

bool read_flag(json::Cursor& cursor, std::optional<bool>& out) {
    bool value = false;
    if (cursor.kind() != json::Kind::kBoolean || !cursor.boolean(value)) return false;
    out = value;
    return true;
}

}  // namespace

tl::unexpected<Error> refuse_token(const char* reason) {
    return fail(ErrorCode::kUnauthenticated, reason);
}

// An object that names a member twice is refused: two readers could understand it differently.
bool read_object(std::string_view text,
                 const std::function<bool(json::Cursor&, const std::string&)>& member) {
    json::Cursor cursor(text, json::Mode::kStrict, kLimits);
    std::set<std::string, std::less<>> seen;
    const bool read = cursor.kind() == json::Kind::kObject && cursor.object([&](auto view) {
        const std::string name(view);
        return seen.insert(name).second && member(cursor, name);
    });
    return read && cursor.finish();
}

bool read_text(json::Cursor& cursor, std::string& out) {
    return cursor.kind() == json::Kind::kString && cursor.string(out);
}

bool read_claims(std::string_view text, TokenClaims& claims) {
    return read_object(text, [&](json::Cursor& cursor, const std::string& name) {
        if (name == "sub") return read_text(cursor, claims.subject);
        if (name == "iss") return read_text(cursor, claims.issuer);
        if (name == "aud") return read_texts(cursor, claims.audiences);
        if (name == "exp") return read_number(cursor, claims.expires);
        if (name == "nbf") return read_number(cursor, claims.not_before);
        if (name == "iat") return read_number(cursor, claims.issued);
        if (name == "scope" || name == "scp") return read_scopes(cursor, claims.scopes);
        // A JWT may use the following names for something else.
        if (name == "active" && cursor.kind() == json::Kind::kBoolean)
            return read_flag(cursor, claims.active);
        if (name == "client_id" && cursor.kind() == json::Kind::kString)
            return read_text(cursor, claims.client);
        return cursor.skip();
    });
}

Result<void> check_claims(const TokenClaims& claims, const TokenRules& rules, Timestamp now) {
    const double time = std::chrono::duration<double>(now.time_since_epoch()).count();
    const double skew = std::chrono::duration<double>(rules.skew).count();
    if (claims.expires && *claims.expires + skew <= time) return refuse_token("it has expired");
    if (claims.not_before && *claims.not_before - skew > time)
        return refuse_token("it is not valid yet");
    if (claims.issued && *claims.issued - skew > time)
        return refuse_token("it was issued in the future");
    if (!rules.issuer.empty() && claims.issuer != rules.issuer)
        return refuse_token("it is of another issuer");
    if (!rules.audience.empty() && !has(claims.audiences, rules.audience))
        return refuse_token("it is for another audience");
    return {};
}

Result<void> check_scopes(const TokenClaims& claims, const TokenRules& rules) {
    for (const std::string& scope : rules.scopes) {
        if (!has(claims.scopes, scope))
            return fail(ErrorCode::kPermissionDenied, "the token lacks the scope " + scope);
    }
    return {};
}

}  // namespace a2akit::security
