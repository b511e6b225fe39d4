#include "security/jwt_identity.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <utility>

namespace a2akit::security {

JwtIdentity::JwtIdentity(JwtRules rules, std::shared_ptr<KeySource> keys, std::string realm,
                         std::shared_ptr<const Clock> clock)
    : rules_(std::move(rules)),
      keys_(std::move(keys)),
      realm_(std::move(realm)),
      clock_(std::move(clock)) {}

bool JwtIdentity::is_present(const RequestContext& context) const {
    const std::string_view token = bearer_token(context);
    return !token.empty() && (!leaves_others_ || looks_like_jwt(token));
}

std::string JwtIdentity::challenge() const { return bearer_challenge(realm_, rules_.scopes); }

/// What is wrong with a token is for the operator: a forger learns nothing from it.
Error JwtIdentity::refusal(const RequestContext& context, const Error& reason) const {
    log::info("a token was refused reason={} remote={} request_id={}", quoted(reason.message),
              quoted(context.remote_address), context.request_id);
    if (reason.code == ErrorCode::kPermissionDenied)
        return insufficient_scope(reason.message, challenge());
    return unauthenticated("the bearer token is not valid",
                           challenge() + ", error=\"invalid_token\"");
}

AsyncResult<Principal> JwtIdentity::identify(const RequestContext& context, LoginGuard& guard) {
    const auto forged = [&](const char* reason) {
        const Error error{ErrorCode::kUnauthenticated, reason, nullptr};
        return guard.told(context.remote_address, refusal(context, error));
    };
    const Result<UncheckedJwt> token = read_jwt(bearer_token(context), rules_);
    if (!token) co_return forged(token.error().message.c_str());
    const auto key_of = [&token = *token](const JwkSet& keys) {
        return keys.find(token.key_id, *token.algorithm);
    };
    const auto keys =
        co_await keys_->keys_with([&key_of](const JwkSet& set) { return key_of(set) != nullptr; });
    if (!keys) co_return keys.error();
    const Jwk* const key = key_of(**keys);
    if (key == nullptr) co_return forged("no key of the issuer is named in it");
    if (!verify(*token->algorithm, *key, token->signed_part, token->signature))
        co_return forged("its signature is wrong");
    // From here on the issuer has made it. Its holder is told to get a new one, and not to wait.
    Result<Principal> principal = check_claims(*token, rules_, clock_->now());
    if (!principal) co_return refusal(context, principal.error());
    co_return principal;
}

}  // namespace a2akit::security
