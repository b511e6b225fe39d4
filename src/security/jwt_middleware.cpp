#include <a2akit/request/jwt_middleware.hpp>

#include "security/jwt_identity.hpp"

#include <utility>

namespace a2akit {
namespace {

Result<void> check(const JwtOptions& options) {
    if (options.jwks_url.empty() && options.issuer.empty())
        return fail(
            Error::invalid_field("issuer", "is missing, and so is jwks_url; give one of them"));
    const bool by_url = !options.jwks_url.empty();
    const std::string& url = by_url ? options.jwks_url : options.issuer;
    const bool allowed = url.starts_with("https://") || (by_url && url.starts_with("file:")) ||
                         (options.allow_http && url.starts_with("http://"));
    if (!allowed) {
        return fail(Error::invalid_field(by_url ? "jwks_url" : "issuer",
                                         "must be an https URL, or a file: URL of keys"));
    }
    for (const std::string& name : options.algorithms) {
        if (security::find_algorithm(name) == nullptr)
            return fail(Error::invalid_field("algorithms", "\"" + name + "\" is not known"));
    }
    return {};
}

}  // namespace

JwtMiddleware::JwtMiddleware(std::shared_ptr<Middleware> checks) : checks_(std::move(checks)) {}
JwtMiddleware::~JwtMiddleware() = default;

Result<std::shared_ptr<JwtMiddleware>> JwtMiddleware::create(JwtOptions options) {
    if (Result<void> checked = check(options); !checked) return fail(std::move(checked.error()));
    security::JwtRules rules;
    rules.algorithms = std::move(options.algorithms);
    rules.issuer = options.issuer;
    rules.audience = std::move(options.audience);
    rules.scopes = std::move(options.scopes);
    auto keys = std::make_shared<security::KeySource>(
        security::KeySourceOptions{.url = std::move(options.jwks_url),
                                   .issuer = std::move(options.issuer),
                                   .min_refresh = options.min_refresh},
        security::fetch_by_curl(options.allow_http));
    std::vector<std::shared_ptr<security::Identity>> ways{std::make_shared<security::JwtIdentity>(
        std::move(rules), std::move(keys), std::move(options.realm))};
    return std::shared_ptr<JwtMiddleware>(new JwtMiddleware(std::make_shared<security::Identities>(
        std::move(ways), std::make_shared<security::LoginGuard>())));
}

AsyncResult<void> JwtMiddleware::before_body(RequestContext& context) {
    return checks_->before_body(context);
}

AsyncResult<void> JwtMiddleware::before_dispatch(RequestEnvelope& envelope) {
    return checks_->before_dispatch(envelope);
}

}  // namespace a2akit
