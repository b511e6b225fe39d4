#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/request/request_envelope.hpp>
#include <a2akit/storage/snapshot.hpp>

namespace a2akit {

/// The one authorization gate (specification 1.0, sections 7.5 and 13.1): says on whose tasks a
/// request may act. Called once per request, after the middlewares; must not block. Safe from any
/// thread.
class Authorizer {
public:
    virtual ~Authorizer() = default;
    /// The scope that all Storage calls of this request carry, its names no longer than
    /// kMaxNameBytes; kPermissionDenied or kUnauthenticated refuses the request.
    virtual Result<OwnerScope> authorize(const RequestEnvelope& envelope) = 0;
};

/// The default: everybody sees the tasks of their own principal within their tenant; anonymous
/// callers share theirs.
class OwnerAuthorizer final : public Authorizer {
public:
    Result<OwnerScope> authorize(const RequestEnvelope& envelope) override;
};

}  // namespace a2akit
