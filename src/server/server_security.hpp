#pragma once

#include "http/options.hpp"
#include "security/api_keys.hpp"
#include "security/basic_users.hpp"
#include "security/introspection.hpp"
#include "security/jwt_identity.hpp"
#include "server/agent_site.hpp"
#include "server/audit_middleware.hpp"
#include "server/challenge_authorizer.hpp"

#include <a2akit/protocol/card_signature.hpp>
#include <a2akit/server/server.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// All that the settings say about who may connect, who a caller is and how much it may ask for.
/// Safe from any thread, except for `join`.
class ServerSecurity {
public:
    /// Reads the files that the settings name. kInvalidParams naming the setting and what is wrong.
    /// REQUIRES: settings resolved.
    static Result<std::unique_ptr<ServerSecurity>> open(const Settings& settings);
    ~ServerSecurity();

    /// Whether the settings name files that `reload` reads again.
    [[nodiscard]] static bool can_reload(const Settings& settings) noexcept;
    /// Reads the files again. With an error everything stays as it was.
    Result<void> reload();

    /// Adds the identities before the middlewares of each agent, and the limits per principal
    /// behind them and the scopes that operations need, and names the identities in the cards. The
    /// agents share what is counted of a caller. Requirements that the author of a card wrote stay
    /// as they are, and are enforced. kInvalidParams naming what contradicts itself in a card; what
    /// else a client may stumble over in one is logged.
    [[nodiscard]] Result<void> join(std::vector<AgentOptions>& agents);
    /// Lets an agent say where its callers get their tokens (RFC 9728), if they need some, and the
    /// challenges for it too. `agent` is its place in the list that was joined. REQUIRES: nothing
    /// is served yet; the site outlives the requests.
    void announce(std::size_t agent, AgentSite& site) const;
    /// Adds TLS and the gate to the options of a server.
    void apply(http::Options& options) const;
    /// Signs the agent card; null: it is not signed.
    [[nodiscard]] const std::shared_ptr<const CardSigner>& card_signer() const noexcept {
        return card_signer_;
    }
    /// Whether forwarded headers count, wherever they were not taken out.
    [[nodiscard]] static bool trusts_forwarded(const Settings& settings) noexcept {
        return *settings.trust_forwarded || settings.trusted_proxies.has_value();
    }

private:
    ServerSecurity();

    void declare(CardConfig& card) const;
    [[nodiscard]] bool asks_for_certificates() const;
    Result<void> open_tls(const Settings& settings);
    Result<void> open_card_key(const Settings& settings);
    Result<void> open_gate(const Settings& settings);
    Result<void> open_jwt(const Settings& settings);
    Result<void> open_audit_log(const Settings& settings);
    Result<void> open_token_sources(const Settings& settings);
    void open_scopes(const Settings& settings);
    Result<void> open_introspection(const Settings& settings);
    Result<void> open_identities(const Settings& settings);

    std::shared_ptr<net::TlsCredentials> tls_;  ///< Null: plain HTTP.
    std::shared_ptr<const CardSigner> card_signer_;
    std::shared_ptr<security::Gate> gate_;  ///< Null: lets everything pass.
    std::shared_ptr<security::ApiKeys> api_keys_;
    std::shared_ptr<security::BasicUsers> basic_users_;
    std::shared_ptr<security::JwtIdentity> jwt_;
    std::shared_ptr<security::KeySource> jwt_keys_;  ///< Of `jwt_`.
    std::vector<std::string> jwt_scopes_;
    std::shared_ptr<security::Introspection> introspection_;
    std::vector<std::string> token_scopes_;  ///< That tokens of introspection need.
    std::shared_ptr<security::RateLimiter> per_principal_;
    std::shared_ptr<AuditLog> audit_log_;  ///< Null: calls are not recorded.
    AuditRules audit_rules_;
    TokenSources token_sources_;
    std::vector<std::shared_ptr<security::Identities>> identities_;  ///< Of the agents; or empty.
    std::vector<std::shared_ptr<ChallengeAuthorizer>> challengers_;  ///< Of the agents; or empty.
    std::optional<ScopePolicy> scopes_;  ///< nullopt: no call needs a scope of its own.
};

}  // namespace a2akit
