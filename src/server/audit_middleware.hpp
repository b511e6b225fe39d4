#pragma once

#include "server/audit_log.hpp"

#include <a2akit/request/middleware.hpp>

#include <memory>
#include <string>

namespace a2akit {

/// Which calls an audit log keeps, and what becomes of calls while it cannot be written.
struct AuditRules {
    bool reads = true;      ///< Calls that change nothing too.
    bool required = false;  ///< Calls get a 503 while the log cannot be written.
};

/// Appends a record for each call that was answered: also for one that the agent has refused, but
/// not for one without valid credentials, of which anybody can send as many as they like. The first
/// of an agent's middlewares, so that it sees what became of the others.
class AuditMiddleware final : public Middleware {
public:
    AuditMiddleware(std::shared_ptr<AuditLog> log, std::string agent, AuditRules rules);
    AsyncResult<void> before_body(RequestContext& context) override;
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;
    AsyncResult<void> after_dispatch(const RequestEnvelope& envelope,
                                     const Result<Reply>& reply) override;

private:
    [[nodiscard]] Result<void> check() const;
    AsyncResult<void> settled();

    const std::shared_ptr<AuditLog> log_;
    const std::string agent_;
    const AuditRules rules_;
};

/// What is kept of a call.
[[nodiscard]] AuditRecord audit_record(const std::string& agent, const RequestEnvelope& envelope,
                                       const Result<Reply>& reply);

}  // namespace a2akit
