#pragma once

#include "security/identity.hpp"

namespace a2akit::security {

/// The name in the client's certificate (docs/guides/tls.md).
class CertificateIdentity final : public Identity {
public:
    [[nodiscard]] bool is_present(const RequestContext& context) const override;
    AsyncResult<Principal> identify(const RequestContext& context, LoginGuard& guard) override;
    [[nodiscard]] Credentials credentials() const noexcept override {
        return Credentials::kCertificate;
    }
    /// Empty: it is the handshake that asks for a certificate.
    [[nodiscard]] std::string challenge() const override { return {}; }
};

}  // namespace a2akit::security
