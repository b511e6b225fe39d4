#pragma once

#include <a2akit/request/middleware.hpp>

namespace a2akit::security {

/// The principal is the name in the client's certificate (docs/guides/tls.md). 401 without one.
class CertificateIdentity final : public Middleware {
public:
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;
};

}  // namespace a2akit::security
