#pragma once

#include "security/expiring_cache.hpp"
#include "security/helper_threads.hpp"
#include "security/identity.hpp"
#include "security/token_claims.hpp"

#include <a2akit/core/clock.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace a2akit::security {

/// What the issuer answers about a token, as JSON, or why it cannot be asked. Called on a thread
/// that may block, on several concurrently.
using Introspect = std::function<Result<std::string>(const std::string& token)>;

/// How to ask an issuer (RFC 7662).
struct IntrospectionEndpoint {
    std::string url;
    std::string client_id;  ///< By which this server is known to the issuer. Empty: by nothing.
    std::string client_secret;
    bool allow_http = false;
};
[[nodiscard]] Introspect introspect_by_curl(IntrospectionEndpoint endpoint);

/// Bearer tokens whose issuer is asked about them (RFC 7662).
///
/// The principal is "sub", or "client:" and "client_id" for a token without a subject. Answers are
/// remembered for a short time, under digests of the tokens: of good tokens 10,000, of others
/// 1,000. An address that has sent many bad tokens is refused without asking the issuer. An issuer
/// that does not answer is left alone for a second, so that callers do not wait behind its
/// timeouts.
class Introspection final : public Identity {
public:
    /// `remembered`: for how long an answer is used again; 0: it is not.
    Introspection(TokenRules rules, Introspect introspect, Duration remembered,
                  std::shared_ptr<const Clock> clock = system_clock());

    [[nodiscard]] bool is_present(const RequestContext& context) const override;
    AsyncResult<Principal> identify(const RequestContext& context, LoginGuard& guard) override;
    [[nodiscard]] Credentials credentials() const noexcept override { return Credentials::kBearer; }
    [[nodiscard]] std::string challenge() const override;

private:
    /// What is known of a token: its principal, or why it is refused, in words for the log.
    using Finding = std::variant<Principal, std::string>;

    [[nodiscard]] std::optional<Finding> remembered(const Digest& digest);
    /// nullopt: the issuer cannot be asked. On a thread that may block.
    [[nodiscard]] std::optional<Finding> find_out(const std::string& token, const Digest& digest);
    [[nodiscard]] std::optional<Finding> judge(const std::string& answer, const Digest& digest);
    [[nodiscard]] Result<Principal> conclude(const Finding& finding, const RequestContext& context,
                                             LoginGuard& guard) const;
    void note_outage(const std::string& reason);

    const TokenRules rules_;
    const Introspect introspect_;
    const Duration remembered_;
    const std::shared_ptr<const Clock> clock_;
    std::atomic<bool> unreachable_{false};
    std::atomic<Timestamp> ask_again_at_{};
    ExpiringCache<Principal> good_;
    ExpiringCache<std::string> bad_;
    HelperThreads threads_;
};

}  // namespace a2akit::security
