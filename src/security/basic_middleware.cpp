#include <a2akit/request/basic_middleware.hpp>

#include "json/scalars.hpp"
#include "security/identity.hpp"
#include "security/text.hpp"

#include <a2akit/core/loop.hpp>

#include <openssl/crypto.h>

#include <utility>

namespace a2akit {
namespace {

constexpr std::string_view kScheme = "basic ";

/// "user:password" of the header; false when it is not Basic or not base64.
bool read_credentials(std::string_view header, std::string& user, std::string& password) {
    header = security::trim(header);
    if (security::lower_case(header.substr(0, kScheme.size())) != kScheme) return false;
    std::string both;
    if (!json::decode_base64(security::trim(header.substr(kScheme.size())), both)) return false;
    const std::size_t colon = both.find(':');
    if (colon != std::string::npos) {
        user = both.substr(0, colon);
        password = both.substr(colon + 1);
    }
    OPENSSL_cleanse(both.data(), both.size());
    return colon != std::string::npos;
}

}  // namespace

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
    if (!read_credentials(context.header("authorization"), user, password)) {
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
    const Result<Principal> principal = co_await principal_of(context);
    if (!principal) co_return principal.error();
    co_return Result<void>{};
}

AsyncResult<void> BasicMiddleware::before_dispatch(RequestEnvelope& envelope) {
    Result<Principal> principal = co_await principal_of(envelope.context);
    if (!principal) co_return std::move(principal.error());
    envelope.principal = std::move(*principal);
    co_return Result<void>{};
}

}  // namespace a2akit
