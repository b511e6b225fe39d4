#pragma once

#include "request/kept_principal.hpp"
#include "security/declared_security.hpp"
#include "security/login_guard.hpp"

#include <a2akit/request/middleware.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::security {

/// One way in which a caller says who it is. One object for all loops; safe from any thread.
class Identity {
public:
    virtual ~Identity() = default;
    /// Whether the request carries credentials of this kind, right or wrong.
    [[nodiscard]] virtual bool is_present(const RequestContext& context) const = 0;
    /// kUnauthenticated with a challenge when the credentials are wrong, kPermissionDenied when
    /// they do not suffice, kUnavailable when that cannot be found out now. Credentials that the
    /// caller may have guessed or forged are counted by `guard`, which outlives the call.
    /// REQUIRES: is_present.
    virtual AsyncResult<Principal> identify(const RequestContext& context, LoginGuard& guard) = 0;
    [[nodiscard]] virtual Credentials credentials() const noexcept = 0;
    /// For WWW-Authenticate, when a request carries no credentials.
    [[nodiscard]] virtual std::string challenge() const = 0;
};

/// Sets the principal by the first way whose credentials a request carries; 401 without any. Wrong
/// credentials are counted per address: an address that sends too many of them gets a 429 for them.
///
/// What the agent card declares is enforced: 401 for credentials that no requirement of the card
/// asks for, 403 for a caller without the scopes of one. For messages the same holds for the
/// requirements of the skill that they are for.
class Identities final : public Middleware {
public:
    /// REQUIRES: at least one; none null.
    Identities(std::vector<std::shared_ptr<Identity>> ways, std::shared_ptr<LoginGuard> guard,
               DeclaredSecurity declared = {}, SkillSecurity skills = {});
    /// Where the metadata of the protected resource are (RFC 9728), for the challenges of refused
    /// requests; `url_for` says it for the sender of a request. Before any request.
    using ResourceMetadata = std::function<std::string(const RequestContext&)>;
    void name_resource_metadata(ResourceMetadata url_for) { metadata_ = std::move(url_for); }

    AsyncResult<void> before_body(RequestContext& context) override;
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;

private:
    /// The caller, and the number of the way by which it is known.
    AsyncResult<KeptPrincipal> identify(const RequestContext& context);
    /// `envelope`: null before the body is there.
    [[nodiscard]] Result<void> check_card(const Identity& way, const RequestContext& context,
                                          const RequestEnvelope* envelope,
                                          const Principal& principal) const;
    [[nodiscard]] std::string challenges() const;
    [[nodiscard]] Result<void> with_metadata(Result<void> identified,
                                             const RequestContext& context) const;

    std::vector<std::shared_ptr<Identity>> ways_;
    std::shared_ptr<LoginGuard> guard_;
    const DeclaredSecurity declared_;
    const SkillSecurity skills_;
    ResourceMetadata metadata_;  ///< Empty: there are none.
};

/// kUnauthenticated with this WWW-Authenticate header.
[[nodiscard]] Error unauthenticated(std::string message, std::string challenge);
/// kPermissionDenied for a caller that is known, and lacks a scope (RFC 6750, section 3.1).
/// `challenge` is that of the scheme, with the scopes that are needed.
[[nodiscard]] Error insufficient_scope(std::string message, const std::string& challenge);
/// The challenge of the scheme Bearer (RFC 6750, section 3), with the scopes that are needed.
[[nodiscard]] std::string bearer_challenge(const std::string& realm,
                                           const std::vector<std::string>& scopes);
/// The challenges of a WWW-Authenticate header, in which that of the scheme Bearer says where the
/// metadata of the protected resource are (RFC 9728, section 5.1). Unchanged without a Bearer, and
/// when they are named already.
[[nodiscard]] std::string with_resource_metadata(std::string challenges, const std::string& url);
/// The same for the challenge of an error, if it has one.
[[nodiscard]] Error with_resource_metadata(Error error, const std::string& url);
/// The token of "Authorization: Bearer <token>"; empty without one.
[[nodiscard]] std::string_view bearer_token(const RequestContext& context) noexcept;
/// Three parts between dots, as of a JWT.
[[nodiscard]] bool looks_like_jwt(std::string_view token) noexcept;

}  // namespace a2akit::security
