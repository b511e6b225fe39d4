#include <a2akit/server/settings.hpp>

#include "backends/common/data_keys.hpp"
#include "push/signing_keys.hpp"
#include "runtime/runs/context_cipher.hpp"
#include "server/setting_resolver.hpp"

#include <a2akit/core/error.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace a2akit {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = SettingValue::Kind;

constexpr std::array<std::string_view, 6> kLogLevels{"trace", "debug", "info",
                                                     "warn",  "error", "off"};
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;

bool is_alphanumeric(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool consists_of(std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
    });
}

/// "" or "/a/b", in characters that stand in a path as they are.
bool is_path(std::string_view text) {
    if (!text.empty() && text.front() != '/') return false;
    return text.find("//") == std::string_view::npos && consists_of(text, "/-._~!$&'()*+,;=:@");
}

/// http or https, a host with a port or without, a path.
bool is_base_url(std::string_view text) {
    const std::size_t scheme = text.starts_with("https://")  ? 8
                               : text.starts_with("http://") ? 7
                                                             : 0;
    if (scheme == 0) return false;
    text.remove_prefix(scheme);
    const std::string_view authority = text.substr(0, text.find('/'));
    if (authority.empty() || authority.front() == ':' || !consists_of(authority, "-._:[]"))
        return false;
    return is_path(text.substr(authority.size()));
}

void resolve_address(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_HOST", s.host, "127.0.0.1");
    resolver.number("A2AKIT_PORT", s.port, 8000, 0, 65535);
    resolver.number_if_given("A2AKIT_GRPC_PORT", s.grpc_port, 0, 65535);
    resolver.text("A2AKIT_BASE_PATH", s.base_path, "");
    resolver.text("A2AKIT_PUBLIC_URL", s.public_url, nullptr);
    resolver.flag("A2AKIT_TRUST_FORWARDED", s.trust_forwarded, false);
    resolver.flag("A2AKIT_CARD_AT_ROOT", s.card_at_root, false);
    if (s.base_path && !s.base_path->empty()) {
        while (s.base_path->ends_with('/')) s.base_path->pop_back();
        if (!is_path(*s.base_path)) {
            resolver.wrong("A2AKIT_BASE_PATH", *s.base_path, "a path such as /agent");
        }
    }
    if (s.public_url) {
        const std::string given = *s.public_url;
        while (s.public_url->ends_with('/')) s.public_url->pop_back();
        if (!is_base_url(*s.public_url)) {
            // The part before '@' may contain a password.
            const bool secret = given.find('@') != std::string::npos;
            resolver.wrong("A2AKIT_PUBLIC_URL", secret ? "...@..." : given,
                           "a URL such as https://agents.example/agent");
        }
    }
}

void resolve_tls(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_TLS_CERT", s.tls_cert, nullptr);
    resolver.text("A2AKIT_TLS_KEY", s.tls_key, nullptr);
    resolver.text("A2AKIT_TLS_CLIENT_CA", s.tls_client_ca, nullptr);
    resolver.text("A2AKIT_CARD_KEY", s.card_key, nullptr);
    resolver.text("A2AKIT_CARD_KEY_ID", s.card_key_id, nullptr);
}

void resolve_identities(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_API_KEYS_FILE", s.api_keys_file, nullptr);
    resolver.text("A2AKIT_BASIC_USERS_FILE", s.basic_users_file, nullptr);
    resolver.text("A2AKIT_JWT_JWKS_URL", s.jwt_jwks_url, nullptr);
    resolver.text("A2AKIT_JWT_ISSUER", s.jwt_issuer, nullptr);
    resolver.text("A2AKIT_JWT_AUDIENCE", s.jwt_audience, nullptr);
    resolver.text("A2AKIT_JWT_ALGORITHMS", s.jwt_algorithms, "RS256,PS256,ES256,EdDSA");
    resolver.text("A2AKIT_JWT_SCOPES", s.jwt_scopes, nullptr);
    resolver.flag("A2AKIT_JWT_ALLOW_HTTP", s.jwt_allow_http, false);
    resolver.span("A2AKIT_JWT_MIN_REFRESH", s.jwt_min_refresh, seconds(30), milliseconds(0));
}

Result<void> accept_any(const std::string&) { return {}; }

void resolve_introspection(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_AUTHORIZATION_SERVERS", s.authorization_servers, nullptr);
    resolver.text("A2AKIT_INTROSPECTION_URL", s.introspection_url, nullptr);
    resolver.text("A2AKIT_INTROSPECTION_CLIENT_ID", s.introspection_client_id, nullptr);
    resolver.secret("A2AKIT_INTROSPECTION_CLIENT_SECRET", s.introspection_client_secret,
                    accept_any);
    resolver.text("A2AKIT_INTROSPECTION_AUDIENCE", s.introspection_audience, nullptr);
    resolver.text("A2AKIT_INTROSPECTION_SCOPES", s.introspection_scopes, nullptr);
    resolver.span("A2AKIT_INTROSPECTION_CACHE", s.introspection_cache, seconds(30),
                  milliseconds(0));
    resolver.flag("A2AKIT_INTROSPECTION_ALLOW_HTTP", s.introspection_allow_http, false);
}

void resolve_scopes(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_SCOPE_READ", s.scope_read, nullptr);
    resolver.text("A2AKIT_SCOPE_WRITE", s.scope_write, nullptr);
    resolver.text("A2AKIT_SCOPE_PUSH", s.scope_push, nullptr);
    resolver.text("A2AKIT_SCOPE_CARD", s.scope_card, nullptr);
    resolver.text("A2AKIT_SCOPE_TENANT_PREFIX", s.scope_tenant_prefix, nullptr);
    resolver.flag("A2AKIT_TENANT_SHARES_TASKS", s.tenant_shares_tasks, false);
    if (*s.tenant_shares_tasks && !s.scope_tenant_prefix) {
        resolver.wrong(
            "A2AKIT_TENANT_SHARES_TASKS", "true",
            "it together with A2AKIT_SCOPE_TENANT_PREFIX, or anybody could name a tenant");
    }
}

void resolve_audit(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_AUDIT_LOG", s.audit_log, nullptr);
    resolver.text("A2AKIT_AUDIT_CALLS", s.audit_calls, "all");
    resolver.text("A2AKIT_AUDIT_SYNC", s.audit_sync, "never");
    resolver.flag("A2AKIT_AUDIT_REQUIRED", s.audit_required, false);
    resolver.number("A2AKIT_AUDIT_MAX_BYTES", s.audit_max_bytes, 0, 0, kMostBytes);
    if (*s.audit_calls != "all" && *s.audit_calls != "changes")
        resolver.wrong("A2AKIT_AUDIT_CALLS", *s.audit_calls, "all or changes");
    if (*s.audit_sync != "never" && *s.audit_sync != "second" && *s.audit_sync != "always")
        resolver.wrong("A2AKIT_AUDIT_SYNC", *s.audit_sync, "never, second or always");
}

void resolve_callers(SettingResolver& resolver, Settings& s) {
    constexpr double kMostPerSecond = 1e6;
    resolver.text("A2AKIT_ALLOWED_HOSTS", s.allowed_hosts, nullptr);
    resolver.text("A2AKIT_CORS_ORIGINS", s.cors_origins, nullptr);
    resolver.text("A2AKIT_TRUSTED_PROXIES", s.trusted_proxies, nullptr);
    resolver.rate("A2AKIT_RATE_PER_ADDRESS", s.rate_per_address, kMostPerSecond);
    resolver.rate("A2AKIT_RATE_PER_PRINCIPAL", s.rate_per_principal, kMostPerSecond);
    resolver.number("A2AKIT_RATE_BURST", s.rate_burst, 0, 0, 1'000'000);
    resolver.number("A2AKIT_MAX_CONNECTIONS_PER_ADDRESS", s.max_connections_per_address, 0, 0,
                    10'000'000);
    resolver.number("A2AKIT_MAX_TASKS_PER_PRINCIPAL", s.max_tasks_per_principal, 0, 0,
                    std::int64_t{1} << 40);
    resolver.number("A2AKIT_MAX_BYTES_PER_PRINCIPAL", s.max_bytes_per_principal, 0, 0, kMostBytes);
}

void resolve_versions(SettingResolver& resolver, Settings& s) {
    resolver.text("A2AKIT_VERSIONS", s.versions, "0.3,1.0");
    std::erase(*s.versions, ' ');
    const std::string& versions = *s.versions;
    const bool both = versions == "0.3,1.0" || versions == "1.0,0.3";
    if (!both && versions != "0.3" && versions != "1.0") {
        resolver.wrong("A2AKIT_VERSIONS", versions, "0.3,1.0 or one of them");
    }
    resolver.flag("A2AKIT_STRICT_VERSION", s.strict_version, false);
    resolver.text("A2AKIT_CARD_WITHOUT_VERSION", s.card_without_version,
                  both ? "superset" : versions.c_str());
    resolver.flag("A2AKIT_AS_OPENAI", s.as_openai, false);
    const std::string& card = *s.card_without_version;
    if (both && card != "superset" && card != "1.0" && card != "0.3") {
        resolver.wrong("A2AKIT_CARD_WITHOUT_VERSION", card, "superset, 1.0 or 0.3");
    } else if (!both && card != versions) {
        resolver.wrong("A2AKIT_CARD_WITHOUT_VERSION", card,
                       versions + ", which alone A2AKIT_VERSIONS serves");
    }
}

Result<void> check_context_key(const std::string& text) {
    Result<ContextCipher> cipher = ContextCipher::from_text(text);
    if (!cipher) return fail(std::move(cipher.error()));
    return {};
}

Result<void> check_data_keys(const std::string& text) {
    const Result<backends::DataKeys> keys = backends::DataKeys::parse(text);
    if (!keys) return fail(keys.error());
    return {};
}

Result<void> check_admin_token(const std::string& text) {
    constexpr std::size_t kShortest = 16;
    const auto visible = [](char c) { return c > ' ' && c < 127; };
    if (text.size() >= kShortest && std::all_of(text.begin(), text.end(), visible)) return {};
    return fail(Error::invalid_field(
        "A2AKIT_ADMIN_TOKEN",
        "must be at least 16 visible characters; `openssl rand -hex 32` makes one"));
}

void resolve_redis(SettingResolver& resolver, Settings& s) {
    resolver.url("A2AKIT_REDIS_URL", s.redis_url, nullptr);
    resolver.text("A2AKIT_REDIS_KEY_PREFIX", s.redis_key_prefix, "a2akit:");
    resolver.text("A2AKIT_REDIS_BROKER_STREAM", s.redis_broker_stream, "{broker}");
    resolver.text("A2AKIT_REDIS_BROKER_GROUP", s.redis_broker_group, "workers");
    resolver.text("A2AKIT_REDIS_BROKER_CONSUMER_PREFIX", s.redis_broker_consumer_prefix, "node-");
    resolver.number("A2AKIT_REDIS_BROKER_BLOCK_MS", s.redis_broker_block_ms, 5000, 10, 60'000);
    resolver.text("A2AKIT_REDIS_EVENT_BUS_CHANNEL_PREFIX", s.redis_event_bus_channel_prefix,
                  "events");
    resolver.text("A2AKIT_REDIS_CANCEL_KEY_PREFIX", s.redis_cancel_key_prefix, "cancel:");
    resolver.number("A2AKIT_REDIS_CANCEL_TTL_S", s.redis_cancel_ttl_s, 86'400, 1, 31'536'000);
}

void resolve_tasks(SettingResolver& resolver, Settings& s) {
    constexpr int kMany = 1'000'000;
    resolver.text("A2AKIT_DATA_DIR", s.data_dir, nullptr);
    const std::string url = s.data_dir ? "sqlite:" + *s.data_dir + "/a2akit.db" : "memory:";
    resolver.url("A2AKIT_STORAGE", s.storage, url.c_str());
    resolver.url("A2AKIT_BROKER", s.broker, url.c_str());
    resolver.url("A2AKIT_EVENT_BUS", s.event_bus, url.c_str());
    resolver.url("A2AKIT_CANCEL_REGISTRY", s.cancel_registry, url.c_str());
    resolver.text("A2AKIT_SQLITE_SYNCHRONOUS", s.sqlite_synchronous, "full");
    if (*s.sqlite_synchronous != "full" && *s.sqlite_synchronous != "normal") {
        resolver.wrong("A2AKIT_SQLITE_SYNCHRONOUS", *s.sqlite_synchronous, "full or normal");
    }
    resolve_redis(resolver, s);
    resolver.secret("A2AKIT_CONTEXT_KEY", s.context_key, check_context_key);
    resolver.secret("A2AKIT_DATA_KEYS", s.data_keys, check_data_keys);
    resolver.secret("A2AKIT_ADMIN_TOKEN", s.admin_token, check_admin_token);
    resolver.flag("A2AKIT_CORE_DUMPS", s.core_dumps, false);
    resolver.flag("A2AKIT_SHOW_FAILURES", s.show_failures, false);
    resolver.span("A2AKIT_BLOCKING_TIMEOUT", s.blocking_timeout, std::nullopt);
    resolver.span("A2AKIT_CANCEL_WAIT", s.cancel_wait, seconds(2), milliseconds(0));
    resolver.span("A2AKIT_CANCEL_FORCE_TIMEOUT", s.cancel_force_timeout, seconds(60),
                  milliseconds(0));
    resolver.number("A2AKIT_MAX_CONCURRENT_TASKS", s.max_concurrent_tasks, 10'000, 1, kMany);
    resolver.number("A2AKIT_MAX_RETRIES", s.max_retries, 3, 0, 1000);
    resolver.number("A2AKIT_MAX_STORED_TASKS", s.max_stored_tasks, 100'000, 0,
                    std::int64_t{1} << 40);
    // 0 stands for a share of the memory, which is known where the store is opened.
    resolver.number("A2AKIT_MAX_STORED_BYTES", s.max_stored_bytes, 0, 0, kMostBytes);
    resolver.number("A2AKIT_BROKER_BUFFER", s.broker_buffer, 1000, 1, kMany);
    resolver.number("A2AKIT_EVENT_BUFFER", s.event_buffer, 200, 1, 100'000);
    resolver.number("A2AKIT_EVENT_BUFFER_BYTES", s.event_buffer_bytes, 256 << 10, 1, kMostBytes);
    resolver.number("A2AKIT_MAX_PAGE_BYTES", s.max_page_bytes, 8 << 20, 1, kMostBytes);
    resolver.span("A2AKIT_LEASE", s.lease, seconds(15), milliseconds(100));
    const std::int64_t claim_timeout = s.lease ? s.lease->count() * 2 / 3 : 10'000;
    resolver.number("A2AKIT_REDIS_BROKER_CLAIM_TIMEOUT_MS", s.redis_broker_claim_timeout_ms,
                    std::min<std::int64_t>(claim_timeout, 86'400'000), 50, 86'400'000);
    resolver.span("A2AKIT_DRAIN_TIMEOUT", s.drain_timeout, seconds(30), milliseconds(0));
    resolver.span("A2AKIT_IDEMPOTENCY_LIFETIME", s.idempotency_lifetime, hours(24));
    resolver.flag("A2AKIT_REPEAT_BY_MESSAGE_ID", s.repeat_by_message_id, false);
    resolver.span("A2AKIT_COMPACT_AFTER", s.compact_after, hours(24));
    resolver.text("A2AKIT_RETAIN_FOR", s.retain_for, nullptr);
    resolver.text("A2AKIT_RETAIN_AT_MOST", s.retain_at_most, nullptr);
    resolver.span("A2AKIT_CANCEL_PAUSED_AFTER", s.cancel_paused_after, std::nullopt);
}

Result<void> check_signing_key(const std::string& text) {
    const Result<push::SigningKeys> keys = push::SigningKeys::parse(text);
    if (!keys) return fail(keys.error());
    return {};
}

void resolve_push(SettingResolver& resolver, Settings& s) {
    resolver.number("A2AKIT_PUSH_MAX_RETRIES", s.push_max_retries, 9, 0, 1000);
    resolver.span("A2AKIT_PUSH_RETRY_DELAY", s.push_retry_delay, seconds(5));
    resolver.span("A2AKIT_PUSH_TIMEOUT", s.push_timeout, seconds(15));
    resolver.number("A2AKIT_PUSH_MAX_CONCURRENT", s.push_max_concurrent, 256, 1, 100'000);
    resolver.number("A2AKIT_PUSH_MAX_PER_HOST", s.push_max_per_host, 32, 1, 100'000);
    resolver.number("A2AKIT_PUSH_MAX_BYTES", s.push_max_bytes, 64 << 20, 1, kMostBytes);
    resolver.flag("A2AKIT_PUSH_ALLOW_HTTP", s.push_allow_http, false);
    resolver.text("A2AKIT_PUSH_ALLOW_NETWORKS", s.push_allow_networks, nullptr);
    resolver.text("A2AKIT_PUSH_ALLOW_HOSTS", s.push_allow_hosts, nullptr);
    resolver.text("A2AKIT_PUSH_BLOCK_HOSTS", s.push_block_hosts, nullptr);
    resolver.secret("A2AKIT_PUSH_SIGNING_KEY", s.push_signing_key, check_signing_key);
    resolver.flag("A2AKIT_PUSH_TASK_FIRST", s.push_task_first, false);
}

void resolve_http(SettingResolver& resolver, Settings& s) {
    constexpr int kMany = 10'000'000;
    resolver.number("A2AKIT_THREADS", s.threads, 0, 0, 1024);
    resolver.number("A2AKIT_MAX_BODY_BYTES", s.max_body_bytes, 10 << 20, 1, 64 << 20);
    resolver.number("A2AKIT_MAX_HEADER_BYTES", s.max_header_bytes, 16 << 10, 256, 1 << 20);
    // 0 stands for a share of the memory, which is known where the server starts.
    resolver.number("A2AKIT_MAX_REQUEST_BYTES", s.max_request_bytes, 0, 0, kMostBytes);
    // A chunked body of the largest size takes twice its size, and large bodies may use seven
    // eighths.
    const std::size_t together = s.max_request_bytes.value_or(0);
    if (together != 0 && together < 3 * s.max_body_bytes.value_or(0)) {
        resolver.wrong("A2AKIT_MAX_REQUEST_BYTES", std::to_string(together),
                       "0, or at least three times A2AKIT_MAX_BODY_BYTES");
    }
    resolver.number("A2AKIT_MAX_RESPONSE_BYTES", s.max_response_bytes, 0, 0, kMostBytes);
    resolver.number("A2AKIT_MAX_BATCH_BYTES", s.max_batch_bytes, 16 << 20, 1, kMostBytes);
    resolver.number("A2AKIT_MAX_CONNECTIONS", s.max_connections, 20'000, 1, kMany);
    resolver.number("A2AKIT_MAX_STREAMS", s.max_streams, 10'000, 1, kMany);
    resolver.number("A2AKIT_MAX_PENDING_REQUESTS", s.max_pending_requests, 10'000, 1, kMany);
    resolver.number("A2AKIT_MAX_WAITING_SENDS", s.max_waiting_sends, 10'000, 1, kMany);
    // A share, so that one principal cannot keep all others out.
    const auto share = [](const std::optional<int>& all) {
        return all.value_or(1) - all.value_or(1) / 4;
    };
    resolver.number("A2AKIT_MAX_STREAMS_PER_PRINCIPAL", s.max_streams_per_principal,
                    share(s.max_streams), 0, kMany);
    resolver.number("A2AKIT_MAX_WAITING_SENDS_PER_PRINCIPAL", s.max_waiting_sends_per_principal,
                    share(s.max_waiting_sends), 0, kMany);
    resolver.span("A2AKIT_HEADER_TIMEOUT", s.header_timeout, seconds(10));
    resolver.span("A2AKIT_BODY_TIMEOUT", s.body_timeout, seconds(30));
    resolver.span("A2AKIT_IDLE_TIMEOUT", s.idle_timeout, seconds(75));
    resolver.span("A2AKIT_WRITE_TIMEOUT", s.write_timeout, seconds(60));
    resolver.span("A2AKIT_HEARTBEAT", s.heartbeat, seconds(4));
    resolver.text("A2AKIT_LOG_LEVEL", s.log_level, "info");
    if (std::find(kLogLevels.begin(), kLogLevels.end(), *s.log_level) == kLogLevels.end()) {
        resolver.wrong("A2AKIT_LOG_LEVEL", *s.log_level, "trace, debug, info, warn, error or off");
    }
}

void resolve_all(SettingResolver& resolver, Settings& settings) {
    resolve_address(resolver, settings);
    resolve_tls(resolver, settings);
    resolve_identities(resolver, settings);
    resolve_introspection(resolver, settings);
    resolve_scopes(resolver, settings);
    resolve_audit(resolver, settings);
    resolve_callers(resolver, settings);
    resolve_versions(resolver, settings);
    resolve_tasks(resolver, settings);
    resolve_push(resolver, settings);
    resolve_http(resolver, settings);
}

}  // namespace

std::vector<SettingValue> setting_values(Settings settings) {
    std::vector<SettingValue> values;
    const Settings::Environment none;
    SettingResolver resolver(none, &values);
    resolve_all(resolver, settings);
    return values;
}

Result<Settings> Settings::resolved(const Environment& environment) const {
    Settings settings = *this;
    SettingResolver resolver(environment);
    resolve_all(resolver, settings);
    if (resolver.error()) return fail(*resolver.error());
    return settings;
}

Settings::Environment Settings::process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
}

}  // namespace a2akit
