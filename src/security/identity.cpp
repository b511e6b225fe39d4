#include "security/identity.hpp"

#include "security/text.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::security {

Error unauthenticated(std::string message, std::string challenge) {
    Error::Details details;
    details.challenge = std::move(challenge);
    return Error{ErrorCode::kUnauthenticated, std::move(message), nullptr}.with(std::move(details));
}

Error insufficient_scope(std::string message, const std::string& challenge) {
    Error::Details details;
    details.challenge = challenge + ", error=\"insufficient_scope\"";
    return Error{ErrorCode::kPermissionDenied, std::move(message), nullptr}.with(
        std::move(details));
}

std::string bearer_challenge(const std::string& realm, const std::vector<std::string>& scopes) {
    const std::string text = "Bearer realm=\"" + realm + "\"";
    std::string list;
    for (const std::string& scope : scopes) list += (list.empty() ? "" : " ") + scope;
    return list.empty() ? text : text + ", scope=\"" + list + "\"";
}

bool looks_like_jwt(std::string_view token) noexcept { return std::ranges::count(token, '.') == 2; }

std::string_view bearer_token(const RequestContext& context) noexcept {
    const std::string_view header = trim(context.header("authorization"));
    constexpr std::string_view kScheme = "bearer ";
    if (header.size() <= kScheme.size()) return {};
    for (std::size_t i = 0; i < kScheme.size(); ++i) {
        const char c = header[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != kScheme[i]) return {};
    }
    return trim(header.substr(kScheme.size()));
}

Identities::Identities(std::vector<std::shared_ptr<Identity>> ways,
                       std::shared_ptr<LoginGuard> guard)
    : ways_(std::move(ways)), guard_(std::move(guard)) {}

Error Identities::without_credentials() const {
    std::string challenges;
    for (const auto& way : ways_) {
        const std::string challenge = way->challenge();
        if (challenge.empty()) continue;
        challenges += (challenges.empty() ? "" : ", ") + challenge;
    }
    return unauthenticated("credentials are needed: see the security schemes of the agent card",
                           std::move(challenges));
}

AsyncResult<Principal> Identities::principal_of(const RequestContext& context) {
    for (const auto& way : ways_) {
        if (way->is_present(context)) co_return co_await way->identify(context, *guard_);
    }
    co_return without_credentials();
}

AsyncResult<void> Identities::before_body(RequestContext& context) {
    const Result<Principal> principal = co_await principal_of(context);
    if (!principal) co_return principal.error();
    co_return Result<void>{};
}

AsyncResult<void> Identities::before_dispatch(RequestEnvelope& envelope) {
    Result<Principal> principal = co_await principal_of(envelope.context);
    if (!principal) co_return std::move(principal.error());
    envelope.principal = std::move(*principal);
    co_return Result<void>{};
}

}  // namespace a2akit::security
