#include <a2akit/request/middleware.hpp>

#include "request/kept_principal.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace a2akit {
namespace {

Error unauthenticated(std::string message, std::string challenge) {
    Error::Details details;
    details.challenge = std::move(challenge);
    return Error{ErrorCode::kUnauthenticated, std::move(message), nullptr}.with(std::move(details));
}

bool is_bearer(std::string_view scheme) noexcept {
    constexpr std::string_view kBearer = "bearer";
    return std::ranges::equal(scheme, kBearer, [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    });
}

/// The token of "Bearer <token>"; empty for anything else.
std::string_view bearer_token(std::string_view header) noexcept {
    const auto space = header.find(' ');
    if (space == std::string_view::npos || !is_bearer(header.substr(0, space))) return {};
    header.remove_prefix(space);
    const auto first = header.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    const auto last = header.find_last_not_of(' ');
    return header.substr(first, last - first + 1);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

AsyncResult<void> Middleware::before_body(RequestContext&) { return Result<void>{}; }

AsyncResult<void> Middleware::after_dispatch(const RequestEnvelope&, const Result<Reply>&) {
    return Result<void>{};
}

BearerMiddleware::BearerMiddleware(Verify verify, std::string realm)
    : verify_(std::move(verify)), realm_(std::move(realm)) {}

AsyncResult<Principal> BearerMiddleware::principal_of(const RequestContext& context) {
    const std::string_view token = bearer_token(context.header("authorization"));
    if (token.empty()) {
        co_return unauthenticated(
            "a bearer token is needed: send \"Authorization: Bearer <token>\"",
            "Bearer realm=\"" + realm_ + "\"");
    }
    std::optional<Principal> principal = co_await verify_(std::string(token));
    if (!principal) {
        co_return unauthenticated("the bearer token is not valid",
                                  "Bearer realm=\"" + realm_ + "\", error=\"invalid_token\"");
    }
    co_return std::move(*principal);
}

AsyncResult<void> BearerMiddleware::before_body(RequestContext& context) {
    return keep_verified(context, this, principal_of(context));
}

AsyncResult<void> BearerMiddleware::before_dispatch(RequestEnvelope& envelope) {
    if (use_kept(envelope, this)) return Result<void>{};
    return use_verified(envelope, principal_of(envelope.context));
}

ApiKeyMiddleware::ApiKeyMiddleware(std::map<std::string, Principal> keys, std::string header)
    : keys_(std::move(keys)), header_(std::move(header)) {
    std::ranges::transform(header_, header_.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
}

Result<const Principal*> ApiKeyMiddleware::principal_of(const RequestContext& context) const {
    const std::string_view sent = context.header(header_);
    const bool contradicts = std::ranges::any_of(context.headers, [&](const auto& field) {
        return field.first == header_ && field.second != sent;
    });
    // A proxy in front of us may have used the other value.
    if (contradicts) return Error::invalid_field(header_, "is sent twice, with different values");
    const Principal* found = nullptr;
    // Every key is compared, even after a match, so that the time does not reveal which key was
    // close.
    for (const auto& [key, principal] : keys_) {
        if (equal_in_constant_time(key, sent) && !key.empty()) found = &principal;
    }
    if (found == nullptr) {
        return unauthenticated("a valid API key is needed in the header " + header_,
                               "ApiKey realm=\"a2a\", header=\"" + header_ + "\"");
    }
    return found;
}

AsyncResult<void> ApiKeyMiddleware::before_body(RequestContext& context) {
    const auto principal = principal_of(context);
    if (!principal) return principal.error();
    return Result<void>{};
}

AsyncResult<void> ApiKeyMiddleware::before_dispatch(RequestEnvelope& envelope) {
    const auto principal = principal_of(envelope.context);
    if (!principal) return principal.error();
    envelope.principal = **principal;
    return Result<void>{};
}

}  // namespace a2akit
