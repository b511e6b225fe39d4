#include "server/server_security.hpp"

#include "security/certificate_identity.hpp"

#include <string>
#include <utility>

namespace a2akit {
namespace {

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

}  // namespace

ServerSecurity::ServerSecurity() = default;
ServerSecurity::~ServerSecurity() = default;

Result<std::unique_ptr<ServerSecurity>> ServerSecurity::open(const Settings& settings) {
    std::unique_ptr<ServerSecurity> security(new ServerSecurity());
    if (Result<void> checked = check_tls(settings); !checked)
        return fail(std::move(checked.error()));
    if (settings.tls_cert) {
        auto tls = net::TlsCredentials::load(
            {*settings.tls_cert, *settings.tls_key, settings.tls_client_ca.value_or("")});
        if (!tls) return fail(std::move(tls.error()));
        security->tls_ = std::move(*tls);
    }
    return security;
}

bool ServerSecurity::can_reload(const Settings& settings) noexcept {
    return settings.tls_cert.has_value();
}

Result<void> ServerSecurity::reload() {
    if (tls_) return tls_->reload();
    return {};
}

void ServerSecurity::join(ServerOptions& options) const {
    if (!tls_ || tls_->files().client_ca.empty()) return;
    options.middlewares.insert(options.middlewares.begin(),
                               std::make_shared<security::CertificateIdentity>());
    SecurityScheme scheme;
    scheme.scheme = MutualTlsSecurityScheme{"The name in the client's certificate is the caller."};
    options.card.security_schemes.emplace("mutualTls", std::move(scheme));
    if (options.card.security_requirements.empty()) {
        SecurityRequirement requirement;
        requirement.schemes.emplace("mutualTls", StringList{});
        options.card.security_requirements.push_back(std::move(requirement));
    }
}

void ServerSecurity::apply(http::Options& options) const {
    options.tls = tls_;
    if (tls_) options.extra_fields = kFieldsOfTls;
}

}  // namespace a2akit
