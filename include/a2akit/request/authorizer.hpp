#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/request/request_envelope.hpp>
#include <a2akit/storage/snapshot.hpp>

#include <memory>
#include <string>

namespace a2akit {

/// The one authorization gate (specification 1.0, sections 7.5 and 13.1): says on whose tasks a
/// request may act. Called once per request, after the middlewares; must not block. Safe from any
/// thread.
///
/// It sees each of the eleven operations, over each binding and version, before the request is
/// looked at any further: streams before they are opened, push notification configurations, also
/// those that come with a message, and the extended card.
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

/// Which scopes (of a token, or of a line in a file of keys or users) a caller needs. Each name may
/// be empty: then that kind of call needs none. The settings A2AKIT_SCOPE_* do the same without a
/// program of one's own.
struct ScopePolicy {
    std::string read = {};   ///< Reads tasks and push configurations, lists, subscribes.
    std::string write = {};  ///< Sends messages, cancels; creates and deletes push configurations.
    std::string push = {};   ///< Creates push configurations, with a message too, and deletes them.
    std::string card = {};   ///< Reads the extended card.
    /// With "tenant:", a call that names the tenant acme needs the scope "tenant:acme" or
    /// "tenant:*". Calls without a tenant need none of these.
    std::string tenant_prefix = {};
    /// All callers with the scope of a tenant share its tasks. REQUIRES: tenant_prefix.
    bool tenant_shares_tasks = false;
};

/// Roles by scopes: refuses calls whose caller lacks a scope of the policy, and leaves the question
/// of whose tasks they act on to another Authorizer.
class ScopeAuthorizer final : public Authorizer {
public:
    /// `next` null: an OwnerAuthorizer.
    explicit ScopeAuthorizer(ScopePolicy policy, std::shared_ptr<Authorizer> next = nullptr);
    /// kPermissionDenied with a challenge that names the missing scope (RFC 6750, section 3.1);
    /// kUnauthenticated for an anonymous caller.
    Result<OwnerScope> authorize(const RequestEnvelope& envelope) override;

private:
    const ScopePolicy policy_;
    const std::shared_ptr<Authorizer> next_;
};

}  // namespace a2akit
