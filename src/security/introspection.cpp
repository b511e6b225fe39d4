#include "security/introspection.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "security/http_fetch.hpp"

#include <a2akit/core/loop.hpp>

#include <algorithm>
#include <utility>

namespace a2akit::security {
namespace {

constexpr std::size_t kMostGood = 10'000;
constexpr std::size_t kMostBad = 1'000;
constexpr std::size_t kThreads = 4;
constexpr std::size_t kMostWaiting = 256;
constexpr std::size_t kLongestToken = 8192;
constexpr auto kRetryAfter = std::chrono::seconds(5);
constexpr auto kPause = std::chrono::seconds(1);

/// A subject and a client of the same name are two callers.
std::string principal_name(const TokenClaims& claims) {
    if (!claims.subject.empty() || claims.client.empty()) return claims.subject;
    return "client:" + claims.client;
}

}  // namespace

Introspect introspect_by_curl(IntrospectionEndpoint endpoint) {
    auto fetch = std::make_shared<HttpFetch>(endpoint.allow_http);
    return [fetch = std::move(fetch), endpoint = std::move(endpoint)](const std::string& token) {
        return fetch->post(endpoint.url,
                           {.fields = {{"token", token}, {"token_type_hint", "access_token"}},
                            .client_id = endpoint.client_id,
                            .client_secret = endpoint.client_secret});
    };
}

Introspection::Introspection(TokenRules rules, Introspect introspect, Duration remembered,
                             std::shared_ptr<const Clock> clock)
    : rules_(std::move(rules)),
      introspect_(std::move(introspect)),
      remembered_(remembered),
      clock_(std::move(clock)),
      good_(kMostGood),
      bad_(kMostBad),
      threads_(kThreads, kMostWaiting, "a2akit-tokens") {}

bool Introspection::is_present(const RequestContext& context) const {
    return !bearer_token(context).empty();
}

std::string Introspection::challenge() const { return bearer_challenge("a2a", rules_.scopes); }

std::optional<Introspection::Finding> Introspection::remembered(const Digest& digest) {
    const Timestamp now = clock_->now();
    if (auto good = good_.find(digest, now)) return std::move(*good);
    if (auto bad = bad_.find(digest, now)) return std::move(*bad);
    return std::nullopt;
}

void Introspection::note_outage(const std::string& reason) {
    ask_again_at_ = clock_->now() + kPause;
    if (unreachable_.exchange(true)) return;
    log::warn("the issuer of tokens cannot be asked; callers get a 503 error={}", quoted(reason));
}

std::optional<Introspection::Finding> Introspection::judge(const std::string& answer,
                                                           const Digest& digest) {
    TokenClaims claims;
    if (!read_claims(answer, claims) || !claims.active) {
        note_outage("the answer is not that of an introspection endpoint");
        return std::nullopt;
    }
    if (unreachable_.exchange(false)) log::info("the issuer of tokens answers again");
    const Timestamp now = clock_->now();
    std::string reason;
    if (!*claims.active) {
        reason = "its issuer says that it is not active";
    } else if (const Result<void> checked = check_claims(claims, rules_, now); !checked) {
        reason = checked.error().message;
    }
    Principal principal{principal_name(claims), std::move(claims.scopes)};
    if (reason.empty() && principal.name.empty()) reason = "it names no subject";
    if (principal.name.size() > kMaxNameBytes) reason = "its subject is too long";
    if (!reason.empty()) {
        bad_.put(digest, reason, now, now + remembered_);
        return reason;
    }
    Timestamp until = now + remembered_;
    if (claims.expires) {
        const auto expiry = std::chrono::duration<double>(*claims.expires);
        until = std::min(until, Timestamp(std::chrono::duration_cast<Duration>(expiry)));
    }
    good_.put(digest, principal, now, until);
    return principal;
}

std::optional<Introspection::Finding> Introspection::find_out(const std::string& token,
                                                              const Digest& digest) {
    // Calls with the same new token arrive together; the first one has asked for the others.
    if (auto finding = remembered(digest)) return finding;
    const Timestamp again = ask_again_at_;
    if (const Timestamp now = clock_->now(); now < again && again - now <= kPause)
        return std::nullopt;
    const Result<std::string> answer = introspect_(token);
    if (answer) return judge(*answer, digest);
    note_outage(answer.error().message);
    return std::nullopt;
}

Result<Principal> Introspection::conclude(const Finding& finding, const RequestContext& context,
                                          LoginGuard& guard) const {
    if (const auto* principal = std::get_if<Principal>(&finding)) {
        const auto missing = std::ranges::find_if(rules_.scopes, [&](const std::string& scope) {
            return std::ranges::find(principal->scopes, scope) == principal->scopes.end();
        });
        if (missing == rules_.scopes.end()) return *principal;
        return fail(insufficient_scope("the token lacks the scope " + *missing, challenge()));
    }
    // What is wrong with a token is for the operator: a forger learns nothing from it.
    log::info("a token was refused reason={} remote={} request_id={}",
              quoted(std::get<std::string>(finding)), quoted(context.remote_address),
              context.request_id);
    return fail(guard.told(context.remote_address,
                           unauthenticated("the bearer token is not valid",
                                           challenge() + ", error=\"invalid_token\"")));
}

AsyncResult<Principal> Introspection::identify(const RequestContext& context, LoginGuard& guard) {
    const std::string token(bearer_token(context));
    if (token.size() > kLongestToken)
        co_return conclude("it is longer than 8192 bytes", context, guard);
    const Digest digest = sha256(token);
    if (const auto finding = remembered(digest)) co_return conclude(*finding, context, guard);
    // Tokens made up by one address must not keep the issuer busy.
    if (auto slowed = guard.refuse(context.remote_address, Loop::current()->now()))
        co_return std::move(*slowed);
    std::optional<Finding> finding;
    Async<bool> asking = threads_.run([&] { finding = find_out(token, digest); });
    const bool asked = co_await std::move(asking);
    if (!asked) {
        co_return Error::unavailable("too many tokens are being checked; try again", kRetryAfter);
    }
    if (!finding) {
        co_return Error::unavailable("the issuer of the tokens cannot be asked; try again",
                                     kRetryAfter);
    }
    co_return conclude(*finding, context, guard);
}

}  // namespace a2akit::security
