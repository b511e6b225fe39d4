#pragma once

#include "security/identity.hpp"
#include "security/jwt.hpp"
#include "security/key_source.hpp"

#include <a2akit/core/clock.hpp>

#include <memory>
#include <string>

namespace a2akit::security {

/// Bearer tokens that an issuer has signed; see JwtOptions.
class JwtIdentity final : public Identity {
public:
    JwtIdentity(JwtRules rules, std::shared_ptr<KeySource> keys, std::string realm,
                std::shared_ptr<const Clock> clock = system_clock());

    /// Bearer tokens that do not look like a JWT are left to another Identity. Before any request.
    void leave_others() noexcept { leaves_others_ = true; }

    [[nodiscard]] bool is_present(const RequestContext& context) const override;
    AsyncResult<Principal> identify(const RequestContext& context, LoginGuard& guard) override;
    [[nodiscard]] Credentials credentials() const noexcept override { return Credentials::kBearer; }
    [[nodiscard]] std::string challenge() const override;

private:
    [[nodiscard]] Error refusal(const RequestContext& context, const Error& reason) const;

    const JwtRules rules_;
    const std::shared_ptr<KeySource> keys_;
    const std::string realm_;
    const std::shared_ptr<const Clock> clock_;
    bool leaves_others_ = false;
};

}  // namespace a2akit::security
