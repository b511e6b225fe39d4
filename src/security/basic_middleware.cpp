#include <a2akit/request/basic_middleware.hpp>

#include "request/kept_principal.hpp"
#include "security/basic_credentials.hpp"
#include "security/identity.hpp"

#include <a2akit/core/loop.hpp>

#include <utility>

namespace a2akit {

struct BasicMiddleware::Guard {
    security::LoginGuard failures;
};

BasicMiddleware::BasicMiddleware(Verify verify, std::string realm)
    : verify_(std::move(verify)), realm_(std::move(realm)), guard_(std::make_unique<Guard>()) {}
BasicMiddleware::~BasicMiddleware() = default;

AsyncResult<Principal> BasicMiddleware::principal_of(const RequestContext& context) {
    const std::string challenge = "Basic realm=\"" + realm_ + "\", charset=\"UTF-8\"";
    std::string user;
    std::string password;
    if (!security::read_basic(context.header("authorization"), user, password)) {
        co_return security::unauthenticated(
            "a name and a password are needed: send \"Authorization: Basic <credentials>\"",
            challenge);
    }
    security::LoginGuard& failures = guard_->failures;
    if (auto slowed = failures.refuse(context.remote_address, Loop::current()->now()))
        co_return std::move(*slowed);
    std::optional<Principal> principal = co_await verify_(std::move(user), std::move(password));
    if (principal) co_return std::move(*principal);
    (void)failures.count_failure(context.remote_address, Loop::current()->now());
    co_return security::unauthenticated("the name or the password is wrong", challenge);
}

AsyncResult<void> BasicMiddleware::before_body(RequestContext& context) {
    return keep_verified(context, this, principal_of(context));
}

AsyncResult<void> BasicMiddleware::before_dispatch(RequestEnvelope& envelope) {
    if (use_kept(envelope, this)) return Result<void>{};
    return use_verified(envelope, principal_of(envelope.context));
}

}  // namespace a2akit
