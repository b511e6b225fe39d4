#include "server/server_security.hpp"

#include "core/log.hpp"
#include "security/certificate_identity.hpp"
#include "security/principal_rate.hpp"
#include "security/text.hpp"
#include "server/card_lint.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <utility>

namespace a2akit {
namespace {

constexpr const char* kMutualTls = "mutualTls";
// A year, for this host alone: others below its name may not have TLS.
constexpr const char* kFieldsOfTls =
    "Strict-Transport-Security: max-age=31536000\r\nX-Content-Type-Options: nosniff\r\n";

Result<void> missing(std::string setting, std::string why) {
    return fail(Error::invalid_field(std::move(setting), "is missing: " + std::move(why)));
}

Result<void> check_tls(const Settings& settings) {
    if (settings.tls_cert && !settings.tls_key)
        return missing("A2AKIT_TLS_KEY", "A2AKIT_TLS_CERT is set; name the file with its key");
    if (settings.tls_cert) return {};
    if (settings.tls_key)
        return missing("A2AKIT_TLS_CERT", "A2AKIT_TLS_KEY is set; name its certificate");
    if (settings.tls_client_ca)
        return missing("A2AKIT_TLS_CERT", "A2AKIT_TLS_CLIENT_CA is set, which needs TLS");
    return {};
}

Result<void> missing_issuer(const char* setting) {
    return missing("A2AKIT_JWT_ISSUER", std::string(setting) +
                                            " is set; name the issuer of the tokens, or "
                                            "A2AKIT_JWT_JWKS_URL");
}

tl::unexpected<Error> wrong(std::string setting, const Error& error) {
    return fail(Error::invalid_field(std::move(setting), error.message));
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// The scopes of a setting, which spaces separate.
std::vector<std::string> scopes_of(const std::optional<std::string>& setting) {
    std::string list = setting.value_or("");
    std::ranges::replace(list, ' ', ',');
    std::vector<std::string> scopes;
    for (const std::string_view scope : security::split_list(list)) scopes.emplace_back(scope);
    return scopes;
}

/// Null: no limit.
std::shared_ptr<security::RateLimiter> limiter(double per_second, int burst) {
    if (per_second <= 0) return nullptr;
    const double together = burst > 0 ? burst : std::max(1.0, std::ceil(per_second));
    return std::make_shared<security::RateLimiter>(per_second, together);
}

}  // namespace

ServerSecurity::ServerSecurity() = default;
ServerSecurity::~ServerSecurity() = default;

Result<std::unique_ptr<ServerSecurity>> ServerSecurity::open(const Settings& settings) {
    std::unique_ptr<ServerSecurity> security(new ServerSecurity());
    if (Result<void> opened = security->open_tls(settings); !opened)
        return fail(std::move(opened.error()));
    if (Result<void> opened = security->open_card_key(settings); !opened)
        return fail(std::move(opened.error()));
    if (Result<void> opened = security->open_gate(settings); !opened)
        return fail(std::move(opened.error()));
    if (Result<void> opened = security->open_identities(settings); !opened)
        return fail(std::move(opened.error()));
    security->open_scopes(settings);
    if (Result<void> opened = security->open_token_sources(settings); !opened)
        return fail(std::move(opened.error()));
    if (Result<void> opened = security->open_audit_log(settings); !opened)
        return fail(std::move(opened.error()));
    return security;
}

Result<void> ServerSecurity::open_tls(const Settings& settings) {
    if (Result<void> checked = check_tls(settings); !checked || !settings.tls_cert) return checked;
    auto tls = net::TlsCredentials::load(
        {*settings.tls_cert, *settings.tls_key, settings.tls_client_ca.value_or("")});
    if (!tls) return fail(std::move(tls.error()));
    tls_ = std::move(*tls);
    return {};
}

Result<void> ServerSecurity::open_card_key(const Settings& settings) {
    if (!settings.card_key) return {};
    std::ifstream file(*settings.card_key);
    std::ostringstream pem;
    pem << file.rdbuf();  // Of a folder, and of what does not exist, nothing is read.
    auto signer = CardSigner::from_pem(pem.str(), settings.card_key_id.value_or(""));
    if (!signer) {
        return fail(Error::invalid_field(
            "A2AKIT_CARD_KEY", "\"" + *settings.card_key + "\": " + signer.error().message));
    }
    card_signer_ = std::move(*signer);
    return {};
}

Result<void> ServerSecurity::open_gate(const Settings& settings) {
    security::Gate gate;
    if (settings.allowed_hosts) {
        auto hosts = security::AllowedHosts::parse(*settings.allowed_hosts);
        if (!hosts) return wrong("A2AKIT_ALLOWED_HOSTS", hosts.error());
        gate.hosts = std::move(*hosts);
    } else if (is_loopback(*settings.host) && !trusts_forwarded(settings)) {
        gate.hosts = security::AllowedHosts::loopback(settings.public_url.value_or(""));
    }
    if (settings.cors_origins) {
        auto origins = security::CorsOrigins::parse(*settings.cors_origins);
        if (!origins) return wrong("A2AKIT_CORS_ORIGINS", origins.error());
        gate.cors = std::move(*origins);
    }
    if (settings.trusted_proxies) {
        auto networks = net::IpNetworks::parse(*settings.trusted_proxies);
        if (!networks) return wrong("A2AKIT_TRUSTED_PROXIES", networks.error());
        gate.proxies = std::move(*networks);
    }
    gate.per_address = limiter(*settings.rate_per_address, *settings.rate_burst);
    if (*settings.max_connections_per_address > 0) {
        gate.connections =
            std::make_shared<security::AddressSlots>(*settings.max_connections_per_address);
    }
    const bool open = gate.hosts.allows_all() && !settings.cors_origins && !gate.proxies &&
                      !gate.per_address && !gate.connections;
    if (!open) gate_ = std::make_shared<security::Gate>(std::move(gate));
    return {};
}

Result<void> ServerSecurity::open_identities(const Settings& settings) {
    if (settings.api_keys_file) {
        auto keys = security::ApiKeys::load(*settings.api_keys_file);
        if (!keys) return fail(std::move(keys.error()));
        api_keys_ = std::move(*keys);
    }
    if (settings.basic_users_file) {
        auto users = security::BasicUsers::load(*settings.basic_users_file);
        if (!users) return fail(std::move(users.error()));
        basic_users_ = std::move(*users);
    }
    per_principal_ = limiter(*settings.rate_per_principal, *settings.rate_burst);
    if (Result<void> opened = open_jwt(settings); !opened) return opened;
    if (Result<void> opened = open_introspection(settings); !opened) return opened;
    // Several ways read bearer tokens; each takes those that can only be meant for it.
    if (introspection_ && jwt_) jwt_->leave_others();
    if (introspection_ && api_keys_)
        api_keys_->leave_unknown_tokens();
    else if (jwt_ && api_keys_)
        api_keys_->leave_jwts();
    return {};
}

void ServerSecurity::open_scopes(const Settings& settings) {
    ScopePolicy policy;
    policy.read = settings.scope_read.value_or("");
    policy.write = settings.scope_write.value_or("");
    policy.push = settings.scope_push.value_or("");
    policy.card = settings.scope_card.value_or("");
    policy.tenant_prefix = settings.scope_tenant_prefix.value_or("");
    policy.tenant_shares_tasks = *settings.tenant_shares_tasks;
    const bool any = !policy.read.empty() || !policy.write.empty() || !policy.push.empty() ||
                     !policy.card.empty() || !policy.tenant_prefix.empty();
    if (any) scopes_ = std::move(policy);
}

Result<void> ServerSecurity::open_token_sources(const Settings& settings) {
    auto& servers = token_sources_.authorization_servers;
    const std::string list = settings.authorization_servers.value_or("");
    for (const std::string_view server : security::split_list(list)) servers.emplace_back(server);
    if (servers.empty() && settings.jwt_issuer) servers.push_back(*settings.jwt_issuer);
    for (const std::string& server : servers) {
        if (server.starts_with("https://") || server.starts_with("http://")) continue;
        if (!settings.authorization_servers) {
            servers.clear();  // the issuer's name does not say where it is
            return {};
        }
        return fail(Error::invalid_field("A2AKIT_AUTHORIZATION_SERVERS",
                                         "\"" + server + "\" is not an https URL"));
    }
    auto& scopes = token_sources_.scopes;
    const auto add = [&scopes](const std::string& scope) {
        if (!scope.empty() && std::ranges::find(scopes, scope) == scopes.end())
            scopes.push_back(scope);
    };
    std::ranges::for_each(jwt_scopes_, add);
    std::ranges::for_each(token_scopes_, add);
    if (!scopes_) return {};
    for (const std::string& scope : {scopes_->read, scopes_->write, scopes_->push, scopes_->card})
        add(scope);
    return {};
}

void ServerSecurity::announce(std::size_t agent, AgentSite& site) const {
    if (token_sources_.authorization_servers.empty()) return;
    site.set_token_sources(token_sources_);
    const auto url_for = [&site](const RequestContext& context) {
        return site.metadata_url(context);
    };
    if (agent < identities_.size()) identities_[agent]->name_resource_metadata(url_for);
    if (agent < challengers_.size()) challengers_[agent]->name_resource_metadata(url_for);
}

Result<void> ServerSecurity::open_audit_log(const Settings& settings) {
    if (!settings.audit_log) return {};
    const std::string& when = *settings.audit_sync;
    DiskSync::Options sync;
    if (when == "second") sync.when = DiskSync::When::kSecond;
    if (when == "always") sync.when = DiskSync::When::kAlways;
    auto log = AuditLog::open(*settings.audit_log, std::move(sync), system_clock(),
                              *settings.audit_max_bytes);
    if (!log) return fail(std::move(log.error()));
    audit_log_ = std::move(*log);
    audit_rules_ = {.reads = *settings.audit_calls == "all", .required = *settings.audit_required};
    return {};
}

Result<void> ServerSecurity::open_introspection(const Settings& settings) {
    if (!settings.introspection_url) {
        for (const auto& [name, value] :
             {std::pair("A2AKIT_INTROSPECTION_CLIENT_ID", &settings.introspection_client_id),
              std::pair("A2AKIT_INTROSPECTION_AUDIENCE", &settings.introspection_audience),
              std::pair("A2AKIT_INTROSPECTION_SCOPES", &settings.introspection_scopes)}) {
            if (*value) {
                return missing(
                    "A2AKIT_INTROSPECTION_URL",
                    std::string(name) + " is set; name where the issuer of the tokens is asked");
            }
        }
        return {};
    }
    const std::string& url = *settings.introspection_url;
    if (!url.starts_with("https://") &&
        !(*settings.introspection_allow_http && url.starts_with("http://"))) {
        return fail(Error::invalid_field(
            "A2AKIT_INTROSPECTION_URL",
            "\"" + url +
                "\" is not allowed; use an https URL, or set A2AKIT_INTROSPECTION_ALLOW_HTTP "
                "for an http URL"));
    }
    security::TokenRules rules;
    rules.audience = settings.introspection_audience.value_or("");
    rules.scopes = scopes_of(settings.introspection_scopes);
    if (rules.audience.empty()) {
        log::warn(
            "settings A2AKIT_INTROSPECTION_AUDIENCE is missing: tokens that were issued for other "
            "services are accepted");
    }
    token_scopes_ = rules.scopes;
    introspection_ = std::make_shared<security::Introspection>(
        std::move(rules),
        security::introspect_by_curl(
            {.url = url,
             .client_id = settings.introspection_client_id.value_or(""),
             .client_secret = settings.introspection_client_secret.value_or(""),
             .allow_http = *settings.introspection_allow_http}),
        *settings.introspection_cache);
    return {};
}

Result<void> ServerSecurity::open_jwt(const Settings& settings) {
    if (!settings.jwt_jwks_url && !settings.jwt_issuer) {
        if (settings.jwt_audience) return missing_issuer("A2AKIT_JWT_AUDIENCE");
        if (settings.jwt_scopes) return missing_issuer("A2AKIT_JWT_SCOPES");
        return {};
    }
    security::JwtRules rules;
    for (const std::string_view name : security::split_list(*settings.jwt_algorithms)) {
        if (security::find_algorithm(name) == nullptr) {
            return fail(Error::invalid_field(
                "A2AKIT_JWT_ALGORITHMS", "\"" + std::string(name) +
                                             "\" is not allowed; use RS256, PS256, ES256, EdDSA or "
                                             "the longer variants of the first three"));
        }
        rules.algorithms.emplace_back(name);
    }
    rules.issuer = settings.jwt_issuer.value_or("");
    rules.audience = settings.jwt_audience.value_or("");
    rules.scopes = scopes_of(settings.jwt_scopes);
    jwt_scopes_ = rules.scopes;
    const bool by_url = settings.jwt_jwks_url.has_value();
    const std::string& url = by_url ? *settings.jwt_jwks_url : *settings.jwt_issuer;
    const bool allowed = url.starts_with("https://") || (by_url && url.starts_with("file:")) ||
                         (*settings.jwt_allow_http && url.starts_with("http://"));
    if (!allowed) {
        return fail(Error::invalid_field(by_url ? "A2AKIT_JWT_JWKS_URL" : "A2AKIT_JWT_ISSUER",
                                         "\"" + url + "\" is not allowed; use an https URL" +
                                             (by_url ? ", a file: URL," : "") +
                                             " or set A2AKIT_JWT_ALLOW_HTTP for an http URL"));
    }
    if (rules.audience.empty()) {
        log::warn(
            "settings A2AKIT_JWT_AUDIENCE is missing: tokens that were issued for other "
            "services are accepted");
    }
    jwt_keys_ = std::make_shared<security::KeySource>(
        security::KeySourceOptions{.url = settings.jwt_jwks_url.value_or(""),
                                   .issuer = rules.issuer,
                                   .min_refresh = *settings.jwt_min_refresh},
        security::fetch_by_curl(*settings.jwt_allow_http));
    jwt_ = std::make_shared<security::JwtIdentity>(std::move(rules), jwt_keys_, "a2a");
    return {};
}

bool ServerSecurity::can_reload(const Settings& settings) noexcept {
    return settings.tls_cert.has_value() || settings.api_keys_file.has_value() ||
           settings.basic_users_file.has_value() || settings.audit_log.has_value() ||
           settings.jwt_jwks_url.value_or("").starts_with("file:");
}

Result<void> ServerSecurity::reload() {
    using Renewal = Result<std::function<void()>>;
    std::vector<Renewal> renewals;
    if (api_keys_) renewals.push_back(api_keys_->read_again());
    if (basic_users_) renewals.push_back(basic_users_->read_again());
    if (jwt_keys_ && jwt_keys_->is_file()) renewals.push_back(jwt_keys_->read_again());
    if (audit_log_) renewals.push_back(audit_log_->reopen());
    for (Renewal& renewal : renewals) {
        if (!renewal) return fail(std::move(renewal.error()));
    }
    // The last one that can fail.
    if (tls_) {
        if (Result<void> reloaded = tls_->reload(); !reloaded) return reloaded;
    }
    for (const Renewal& renewal : renewals) (*renewal)();
    return {};
}

Result<void> ServerSecurity::join(std::vector<AgentOptions>& agents) {
    std::vector<std::shared_ptr<security::Identity>> ways;
    if (api_keys_) ways.push_back(api_keys_);
    if (jwt_) ways.push_back(jwt_);
    if (introspection_) ways.push_back(introspection_);
    if (basic_users_) ways.push_back(basic_users_);
    if (asks_for_certificates()) ways.push_back(std::make_shared<security::CertificateIdentity>());
    std::uint8_t checked = 0;
    for (const auto& way : ways) checked |= static_cast<std::uint8_t>(way->credentials());
    const auto guard = std::make_shared<security::LoginGuard>();
    for (AgentOptions& agent : agents) {
        declare(agent.card);
        if (Result<void> linted = lint_agent(agent, checked); !linted) return linted;
        auto& middlewares = agent.middlewares;
        if (!ways.empty()) {
            const CardConfig& card = agent.card;
            identities_.push_back(std::make_shared<security::Identities>(
                ways, guard,
                security::DeclaredSecurity(card.security_schemes, card.security_requirements,
                                           checked),
                security::SkillSecurity(card.security_schemes, card.skills, checked,
                                        agent.skill_of)));
            middlewares.insert(middlewares.begin(), identities_.back());
        }
        if (per_principal_)
            middlewares.push_back(std::make_shared<security::PrincipalRate>(per_principal_));
        if (audit_log_) {
            middlewares.insert(middlewares.begin(), std::make_shared<AuditMiddleware>(
                                                        audit_log_, agent.name, audit_rules_));
        }
        if (scopes_)
            agent.authorizer = std::make_shared<ScopeAuthorizer>(*scopes_, agent.authorizer);
        if (!token_sources_.authorization_servers.empty()) {
            challengers_.push_back(std::make_shared<ChallengeAuthorizer>(agent.authorizer));
            agent.authorizer = challengers_.back();
        }
    }
    return {};
}

void ServerSecurity::declare(CardConfig& card) const {
    std::vector<SecurityRequirement> requirements;
    // Of an author's requirements, those can rely on a scheme that is described here.
    const auto wants = [&card](const char* name) {
        const auto names = [name](const auto& one) { return one.schemes.contains(name); };
        return card.security_requirements.empty() ||
               std::ranges::any_of(card.security_requirements, names);
    };
    const auto add = [&](const char* name, auto scheme, std::vector<std::string> scopes = {}) {
        if (wants(name)) card.security_schemes.try_emplace(name, SecurityScheme{std::move(scheme)});
        SecurityRequirement requirement;
        requirement.schemes.emplace(name, StringList{std::move(scopes)});
        if (asks_for_certificates()) requirement.schemes.emplace(kMutualTls, StringList{});
        requirements.push_back(std::move(requirement));
    };
    if (api_keys_) add("apiKey", APIKeySecurityScheme{.location = "header", .name = "X-API-Key"});
    if (jwt_) {
        add("bearer", HTTPAuthSecurityScheme{.scheme = "bearer", .bearer_format = "JWT"},
            jwt_scopes_);
    }
    if (introspection_)
        add(jwt_ ? "token" : "bearer", HTTPAuthSecurityScheme{.scheme = "bearer"}, token_scopes_);
    if (basic_users_) add("basic", HTTPAuthSecurityScheme{.scheme = "basic"});
    if (asks_for_certificates()) {
        add(kMutualTls,
            MutualTlsSecurityScheme{"The name in the client's certificate is the caller."});
    }
    if (card.security_requirements.empty()) card.security_requirements = std::move(requirements);
}

bool ServerSecurity::asks_for_certificates() const {
    return tls_ && !tls_->files().client_ca.empty();
}

void ServerSecurity::apply(http::Options& options) const {
    options.tls = tls_;
    options.gate = gate_;
    if (tls_) options.extra_fields = kFieldsOfTls;
}

}  // namespace a2akit
