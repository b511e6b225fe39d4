#include "security/identity.hpp"

#include "security/text.hpp"

#include <algorithm>
#include <optional>
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

std::string with_resource_metadata(std::string challenges, const std::string& url) {
    constexpr std::string_view kRealm = "Bearer realm=\"";
    const std::size_t bearer = challenges.find(kRealm);
    const bool is_named = challenges.find("resource_metadata=") != std::string::npos;
    if (bearer == std::string::npos || is_named) return challenges;
    const std::size_t end = challenges.find('"', bearer + kRealm.size());
    if (end == std::string::npos) return challenges;
    return challenges.insert(end + 1, ", resource_metadata=\"" + url + "\"");
}

Error with_resource_metadata(Error error, const std::string& url) {
    if (!error.details || error.details->challenge.empty()) return error;
    Error::Details more = *error.details;
    more.challenge = with_resource_metadata(std::move(more.challenge), url);
    return error.with(std::move(more));
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
                       std::shared_ptr<LoginGuard> guard, DeclaredSecurity declared,
                       SkillSecurity skills)
    : ways_(std::move(ways)),
      guard_(std::move(guard)),
      declared_(std::move(declared)),
      skills_(std::move(skills)) {}

std::string Identities::challenges() const {
    std::string challenges;
    for (const auto& way : ways_) {
        const std::string challenge = way->challenge();
        if (challenge.empty()) continue;
        challenges += (challenges.empty() ? "" : ", ") + challenge;
    }
    return challenges;
}

Result<void> Identities::check_card(const Identity& way, const RequestContext& context,
                                    const RequestEnvelope* envelope,
                                    const Principal& principal) const {
    using Kind = DeclaredSecurity::Verdict::Kind;
    const DeclaredSecurity::Caller caller{
        .credentials = way.credentials(),
        .has_certificate = !context.value(kClientCertificate).empty(),
        .scopes = principal.scopes};
    DeclaredSecurity::Verdict verdict = declared_.judge(caller);
    if (verdict.kind == Kind::kFulfilled && envelope != nullptr)
        verdict = skills_.judge(*envelope, caller);
    if (verdict.kind == Kind::kFulfilled) return {};
    if (verdict.kind == Kind::kOtherCredentials) {
        return fail(unauthenticated(
            "this agent asks for other credentials: see the security requirements of its card",
            challenges()));
    }
    return fail(insufficient_scope("the caller lacks a scope that the agent card asks for",
                                   bearer_challenge("a2a", verdict.scopes)));
}

AsyncResult<KeptPrincipal> Identities::identify(const RequestContext& context) {
    for (std::size_t i = 0; i < ways_.size(); ++i) {
        Identity& way = *ways_[i];
        if (!way.is_present(context)) continue;
        Result<Principal> known = co_await way.identify(context, *guard_);
        if (!known) co_return fail(std::move(known.error()));
        co_return KeptPrincipal{.principal = std::move(*known), .way = i};
    }
    co_return fail(unauthenticated(
        "credentials are needed: see the security schemes of the agent card", challenges()));
}

Result<void> Identities::with_metadata(Result<void> identified,
                                       const RequestContext& context) const {
    if (identified || !metadata_) return identified;
    return fail(with_resource_metadata(std::move(identified.error()), metadata_(context)));
}

AsyncResult<void> Identities::before_body(RequestContext& context) {
    const Result<KeptPrincipal> known = co_await identify(context);
    if (!known) co_return with_metadata(fail(known.error()), context);
    keep_principal(context, this, *known);
    co_return with_metadata(check_card(*ways_[known->way], context, nullptr, known->principal),
                            context);
}

AsyncResult<void> Identities::before_dispatch(RequestEnvelope& envelope) {
    RequestContext& context = envelope.context;
    std::optional<KeptPrincipal> kept = take_principal(context, this);
    if (!kept) {
        Result<KeptPrincipal> known = co_await identify(context);
        if (!known) co_return with_metadata(fail(std::move(known.error())), context);
        kept = std::move(*known);
    }
    envelope.principal = std::move(kept->principal);
    co_return with_metadata(check_card(*ways_[kept->way], context, &envelope, envelope.principal),
                            context);
}

}  // namespace a2akit::security
