#include "server/unknown_settings.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/server/settings.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace a2akit {
namespace {

Settings::Environment environment(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

TEST(SettingsTest, AnEmptyVariableIsNotSet) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_PORT", ""}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->port, 8000);
}

// -- Every variable
// -------------------------------------------------------------------------------------------------

std::string shown(const std::optional<std::string>& value) { return value.value_or("none"); }
std::string shown(const std::optional<bool>& value) {
    return !value ? "none" : *value ? "true" : "false";
}
std::string shown(const std::optional<Duration>& value) {
    return value ? std::to_string(value->count()) + " ms" : "none";
}
template <class Integer>
std::string shown(const std::optional<Integer>& value) {
    return value ? std::to_string(*value) : "none";
}

struct Wrong {
    const char* value;
    const char* allowed;
};

/// One variable: what it is without being set, what it becomes, and what it may not be (empty: any
/// text will do here).
struct Variable {
    const char* name;
    std::string (*read)(const Settings&);
    const char* standard;
    const char* value;
    const char* becomes;
    std::vector<Wrong> wrong;
};

#define A2AKIT_READ(member) [](const Settings& s) { return shown(s.member); }

constexpr const char* kYear = "a number of seconds from 0.001 to 31536000";
constexpr const char* kYearOrZero = "a number of seconds from 0 to 31536000";
constexpr const char* kRate = "0, or a number from 0.001 to 1000000";
constexpr const char* kMillion = "a whole number from 1 to 1000000";
constexpr const char* kTenMillion = "a whole number from 1 to 10000000";
constexpr const char* kBaseUrl = "a URL such as https://agents.example/agent";
constexpr const char* kSigningKey = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr const char* kDataKeys =
    "a:7777777777777777777777777777777777777777777777777777777777777777";
constexpr const char* kKey = "7777777777777777777777777777777777777777777777777777777777777777";

std::vector<Variable> variables() {
    return {
        {"A2AKIT_HOST", A2AKIT_READ(host), "127.0.0.1", "0.0.0.0", "0.0.0.0", {}},
        {"A2AKIT_PORT",
         A2AKIT_READ(port),
         "8000",
         "0",
         "0",
         {{"65536", "a whole number from 0 to 65535"},
          {"80a", "a whole number from 0 to 65535"},
          {"-1", "a whole number from 0 to 65535"},
          {"99999999999999999999", "a whole number from 0 to 65535"}}},
        {"A2AKIT_GRPC_PORT",
         A2AKIT_READ(grpc_port),
         "none",
         "0",
         "0",
         {{"65536", "a whole number from 0 to 65535"}, {"grpc", "a whole number from 0 to 65535"}}},
        {"A2AKIT_BASE_PATH",
         A2AKIT_READ(base_path),
         "",
         "/agent/",
         "/agent",
         {{"agent", "a path such as /agent"},
          {"/a?b", "a path such as /agent"},
          {"//x", "a path such as /agent"},
          {"/a//b", "a path such as /agent"},
          {"/a\nb", "a path such as /agent"},
          {"/a\\b", "a path such as /agent"}}},
        {"A2AKIT_THREADS",
         A2AKIT_READ(threads),
         "0",
         "8",
         "8",
         {{"1025", "a whole number from 0 to 1024"}}},
        {"A2AKIT_PUBLIC_URL",
         A2AKIT_READ(public_url),
         "none",
         "https://x/a/",
         "https://x/a",
         {{"ftp://x", kBaseUrl},
          {"http://a b", kBaseUrl},
          {"http://", kBaseUrl},
          {"https://:8000", kBaseUrl},
          {"https://host/a?b", kBaseUrl},
          {"https://host//a", kBaseUrl},
          {"https://h\"/a", kBaseUrl}}},
        {"A2AKIT_TLS_CERT", A2AKIT_READ(tls_cert), "none", "a.pem", "a.pem", {}},
        {"A2AKIT_TLS_KEY", A2AKIT_READ(tls_key), "none", "a.key", "a.key", {}},
        {"A2AKIT_TLS_CLIENT_CA", A2AKIT_READ(tls_client_ca), "none", "ca.pem", "ca.pem", {}},
        {"A2AKIT_CARD_KEY", A2AKIT_READ(card_key), "none", "k.pem", "k.pem", {}},
        {"A2AKIT_CARD_KEY_ID", A2AKIT_READ(card_key_id), "none", "k", "k", {}},
        {"A2AKIT_API_KEYS_FILE", A2AKIT_READ(api_keys_file), "none", "keys", "keys", {}},
        {"A2AKIT_BASIC_USERS_FILE", A2AKIT_READ(basic_users_file), "none", "users", "users", {}},
        {"A2AKIT_JWT_JWKS_URL", A2AKIT_READ(jwt_jwks_url), "none", "file:/k", "file:/k", {}},
        {"A2AKIT_JWT_ISSUER", A2AKIT_READ(jwt_issuer), "none", "https://i", "https://i", {}},
        {"A2AKIT_JWT_AUDIENCE", A2AKIT_READ(jwt_audience), "none", "a2a", "a2a", {}},
        {"A2AKIT_JWT_ALGORITHMS",
         A2AKIT_READ(jwt_algorithms),
         "RS256,PS256,ES256,EdDSA",
         "ES384",
         "ES384",
         {}},
        {"A2AKIT_JWT_SCOPES", A2AKIT_READ(jwt_scopes), "none", "a b", "a b", {}},
        {"A2AKIT_JWT_ALLOW_HTTP",
         A2AKIT_READ(jwt_allow_http),
         "false",
         "1",
         "true",
         {{"yes", "true, false, 1 or 0"}}},
        {"A2AKIT_JWT_MIN_REFRESH",
         A2AKIT_READ(jwt_min_refresh),
         "30000 ms",
         "0.5",
         "500 ms",
         {{"-1", kYearOrZero}}},
        {"A2AKIT_AUTHORIZATION_SERVERS",
         A2AKIT_READ(authorization_servers),
         "none",
         "https://i",
         "https://i",
         {}},
        {"A2AKIT_INTROSPECTION_URL",
         A2AKIT_READ(introspection_url),
         "none",
         "https://i",
         "https://i",
         {}},
        {"A2AKIT_INTROSPECTION_CLIENT_ID",
         A2AKIT_READ(introspection_client_id),
         "none",
         "c",
         "c",
         {}},
        {"A2AKIT_INTROSPECTION_CLIENT_SECRET",
         A2AKIT_READ(introspection_client_secret),
         "none",
         "s",
         "s",
         {}},
        {"A2AKIT_INTROSPECTION_AUDIENCE",
         A2AKIT_READ(introspection_audience),
         "none",
         "a2a",
         "a2a",
         {}},
        {"A2AKIT_INTROSPECTION_SCOPES",
         A2AKIT_READ(introspection_scopes),
         "none",
         "a b",
         "a b",
         {}},
        {"A2AKIT_INTROSPECTION_CACHE",
         A2AKIT_READ(introspection_cache),
         "30000 ms",
         "0",
         "0 ms",
         {}},
        {"A2AKIT_INTROSPECTION_ALLOW_HTTP",
         A2AKIT_READ(introspection_allow_http),
         "false",
         "1",
         "true",
         {}},
        {"A2AKIT_SCOPE_READ", A2AKIT_READ(scope_read), "none", "r", "r", {}},
        {"A2AKIT_SCOPE_WRITE", A2AKIT_READ(scope_write), "none", "w", "w", {}},
        {"A2AKIT_SCOPE_PUSH", A2AKIT_READ(scope_push), "none", "p", "p", {}},
        {"A2AKIT_SCOPE_CARD", A2AKIT_READ(scope_card), "none", "c", "c", {}},
        {"A2AKIT_SCOPE_TENANT_PREFIX",
         A2AKIT_READ(scope_tenant_prefix),
         "none",
         "tenant:",
         "tenant:",
         {}},
        {"A2AKIT_TENANT_SHARES_TASKS",
         A2AKIT_READ(tenant_shares_tasks),
         "false",
         "0",
         "false",
         {{"true", "it together with A2AKIT_SCOPE_TENANT_PREFIX, or anybody could name a tenant"}}},
        {"A2AKIT_AUDIT_LOG", A2AKIT_READ(audit_log), "none", "log", "log", {}},
        {"A2AKIT_AUDIT_CALLS",
         A2AKIT_READ(audit_calls),
         "all",
         "changes",
         "changes",
         {{"none", "all or changes"}}},
        {"A2AKIT_AUDIT_SYNC",
         A2AKIT_READ(audit_sync),
         "never",
         "second",
         "second",
         {{"often", "never, second or always"}}},
        {"A2AKIT_AUDIT_REQUIRED", A2AKIT_READ(audit_required), "false", "1", "true", {}},
        {"A2AKIT_ALLOWED_HOSTS", A2AKIT_READ(allowed_hosts), "none", "a.example", "a.example", {}},
        {"A2AKIT_CORS_ORIGINS", A2AKIT_READ(cors_origins), "none", "*", "*", {}},
        {"A2AKIT_TRUSTED_PROXIES",
         A2AKIT_READ(trusted_proxies),
         "none",
         "10.0.0.0/8",
         "10.0.0.0/8",
         {}},
        {"A2AKIT_RATE_PER_ADDRESS",
         A2AKIT_READ(rate_per_address),
         "0.000000",
         "2.5",
         "2.500000",
         {{"-1", kRate}, {"x", kRate}, {"nan", kRate}, {"0.0001", kRate}, {"1e7", kRate}}},
        {"A2AKIT_RATE_PER_PRINCIPAL",
         A2AKIT_READ(rate_per_principal),
         "0.000000",
         "10",
         "10.000000",
         {{"inf", kRate}, {"5/s", kRate}}},
        {"A2AKIT_RATE_BURST",
         A2AKIT_READ(rate_burst),
         "0",
         "20",
         "20",
         {{"-1", "a whole number from 0 to 1000000"}}},
        {"A2AKIT_MAX_CONNECTIONS_PER_ADDRESS",
         A2AKIT_READ(max_connections_per_address),
         "0",
         "50",
         "50",
         {{"-1", "a whole number from 0 to 10000000"}}},
        {"A2AKIT_MAX_TASKS_PER_PRINCIPAL",
         A2AKIT_READ(max_tasks_per_principal),
         "0",
         "50",
         "50",
         {{"-1", "a whole number from 0 to 1099511627776"}}},
        {"A2AKIT_MAX_BYTES_PER_PRINCIPAL",
         A2AKIT_READ(max_bytes_per_principal),
         "0",
         "50",
         "50",
         {{"-1", "a whole number from 0 to 1125899906842624"}}},
        {"A2AKIT_CORE_DUMPS",
         A2AKIT_READ(core_dumps),
         "false",
         "true",
         "true",
         {{"2", "true, false, 1 or 0"}}},
        {"A2AKIT_TRUST_FORWARDED",
         A2AKIT_READ(trust_forwarded),
         "false",
         "1",
         "true",
         {{"maybe", "true, false, 1 or 0"}}},
        {"A2AKIT_CARD_AT_ROOT",
         A2AKIT_READ(card_at_root),
         "false",
         "1",
         "true",
         {{"maybe", "true, false, 1 or 0"}}},
        {"A2AKIT_VERSIONS",
         A2AKIT_READ(versions),
         "0.3,1.0",
         "1.0, 0.3",
         "1.0,0.3",
         {{"1.1", "0.3,1.0 or one of them"}, {"1.0,1.0", "0.3,1.0 or one of them"}}},
        {"A2AKIT_STRICT_VERSION",
         A2AKIT_READ(strict_version),
         "false",
         "true",
         "true",
         {{"yes", "true, false, 1 or 0"}}},
        {"A2AKIT_CARD_WITHOUT_VERSION",
         A2AKIT_READ(card_without_version),
         "superset",
         "0.3",
         "0.3",
         {{"both", "superset, 1.0 or 0.3"}}},
        {"A2AKIT_DATA_DIR", A2AKIT_READ(data_dir), "none", "/data", "/data", {}},
        // Which URLs there are the BackendRegistry knows.
        {"A2AKIT_STORAGE", A2AKIT_READ(storage), "memory:", "sqlite:a.db", "sqlite:a.db", {}},
        {"A2AKIT_BROKER", A2AKIT_READ(broker), "memory:", "sqlite:a.db", "sqlite:a.db", {}},
        {"A2AKIT_EVENT_BUS", A2AKIT_READ(event_bus), "memory:", "sqlite:a.db", "sqlite:a.db", {}},
        {"A2AKIT_CANCEL_REGISTRY",
         A2AKIT_READ(cancel_registry),
         "memory:",
         "sqlite:a.db",
         "sqlite:a.db",
         {}},
        {"A2AKIT_SQLITE_SYNCHRONOUS",
         A2AKIT_READ(sqlite_synchronous),
         "full",
         "normal",
         "normal",
         {{"off", "full or normal"}}},
        {"A2AKIT_REDIS_URL", A2AKIT_READ(redis_url), "none", "redis://host", "redis://host", {}},
        {"A2AKIT_REDIS_KEY_PREFIX", A2AKIT_READ(redis_key_prefix), "a2akit:", "own:", "own:", {}},
        {"A2AKIT_REDIS_BROKER_STREAM",
         A2AKIT_READ(redis_broker_stream),
         "{broker}",
         "runs",
         "runs",
         {}},
        {"A2AKIT_REDIS_BROKER_GROUP", A2AKIT_READ(redis_broker_group), "workers", "all", "all", {}},
        {"A2AKIT_REDIS_BROKER_CONSUMER_PREFIX",
         A2AKIT_READ(redis_broker_consumer_prefix),
         "node-",
         "host-",
         "host-",
         {}},
        {"A2AKIT_REDIS_BROKER_BLOCK_MS",
         A2AKIT_READ(redis_broker_block_ms),
         "5000",
         "100",
         "100",
         {{"0", "a whole number from 10 to 60000"}}},
        {"A2AKIT_REDIS_BROKER_CLAIM_TIMEOUT_MS",
         A2AKIT_READ(redis_broker_claim_timeout_ms),
         "10000",
         "700",
         "700",
         {{"49", "a whole number from 50 to 86400000"}}},
        {"A2AKIT_REDIS_EVENT_BUS_CHANNEL_PREFIX",
         A2AKIT_READ(redis_event_bus_channel_prefix),
         "events",
         "e",
         "e",
         {}},
        {"A2AKIT_REDIS_CANCEL_KEY_PREFIX",
         A2AKIT_READ(redis_cancel_key_prefix),
         "cancel:",
         "c:",
         "c:",
         {}},
        {"A2AKIT_REDIS_CANCEL_TTL_S",
         A2AKIT_READ(redis_cancel_ttl_s),
         "86400",
         "60",
         "60",
         {{"0", "a whole number from 1 to 31536000"}}},
        // Wrong secrets are not repeated: see the tests below.
        {"A2AKIT_CONTEXT_KEY", A2AKIT_READ(context_key), "none", kKey, kKey, {}},
        {"A2AKIT_DATA_KEYS", A2AKIT_READ(data_keys), "none", kDataKeys, kDataKeys, {}},
        {"A2AKIT_ADMIN_TOKEN",
         A2AKIT_READ(admin_token),
         "none",
         "0123456789abcdef",
         "0123456789abcdef",
         {}},
        {"A2AKIT_BLOCKING_TIMEOUT",
         A2AKIT_READ(blocking_timeout),
         "none",
         "0.25",
         "250 ms",
         {{"0", kYear}}},
        {"A2AKIT_CANCEL_WAIT",
         A2AKIT_READ(cancel_wait),
         "2000 ms",
         "0",
         "0 ms",
         {{"-2", kYearOrZero}}},
        {"A2AKIT_CANCEL_FORCE_TIMEOUT",
         A2AKIT_READ(cancel_force_timeout),
         "60000 ms",
         "5",
         "5000 ms",
         {{"-1", kYearOrZero}}},
        {"A2AKIT_MAX_CONCURRENT_TASKS",
         A2AKIT_READ(max_concurrent_tasks),
         "10000",
         "1",
         "1",
         {{"0", kMillion}, {"1000001", kMillion}}},
        {"A2AKIT_MAX_RETRIES",
         A2AKIT_READ(max_retries),
         "3",
         "0",
         "0",
         {{"-1", "a whole number from 0 to 1000"}}},
        {"A2AKIT_MAX_STORED_TASKS",
         A2AKIT_READ(max_stored_tasks),
         "100000",
         "0",
         "0",
         {{"-1", "a whole number from 0 to 1099511627776"}}},
        {"A2AKIT_MAX_STORED_BYTES",
         A2AKIT_READ(max_stored_bytes),
         "0",
         "1000000",
         "1000000",
         {{"-1", "a whole number from 0 to 1125899906842624"}}},
        {"A2AKIT_BROKER_BUFFER", A2AKIT_READ(broker_buffer), "1000", "1", "1", {{"0", kMillion}}},
        {"A2AKIT_EVENT_BUFFER",
         A2AKIT_READ(event_buffer),
         "200",
         "1",
         "1",
         {{"0", "a whole number from 1 to 100000"}}},
        {"A2AKIT_EVENT_BUFFER_BYTES",
         A2AKIT_READ(event_buffer_bytes),
         "262144",
         "1",
         "1",
         {{"0", "a whole number from 1 to 1125899906842624"}}},
        {"A2AKIT_MAX_PAGE_BYTES",
         A2AKIT_READ(max_page_bytes),
         "8388608",
         "1",
         "1",
         {{"0", "a whole number from 1 to 1125899906842624"}}},
        {"A2AKIT_LEASE",
         A2AKIT_READ(lease),
         "15000 ms",
         "1e1",
         "10000 ms",
         {{"0", "a number of seconds from 0.1 to 31536000"}}},
        {"A2AKIT_DRAIN_TIMEOUT",
         A2AKIT_READ(drain_timeout),
         "30000 ms",
         "0",
         "0 ms",
         {{"soon", kYearOrZero}}},
        {"A2AKIT_IDEMPOTENCY_LIFETIME",
         A2AKIT_READ(idempotency_lifetime),
         "86400000 ms",
         "60",
         "60000 ms",
         {{"31536001", kYear}}},
        {"A2AKIT_REPEAT_BY_MESSAGE_ID",
         A2AKIT_READ(repeat_by_message_id),
         "false",
         "true",
         "true",
         {{"yes", "true, false, 1 or 0"}}},
        {"A2AKIT_COMPACT_AFTER",
         A2AKIT_READ(compact_after),
         "86400000 ms",
         "60",
         "60000 ms",
         {{"0", kYear}}},
        // Numbers for some states: see retention_test.
        {"A2AKIT_RETAIN_FOR", A2AKIT_READ(retain_for), "none", "60", "60", {}},
        {"A2AKIT_RETAIN_AT_MOST", A2AKIT_READ(retain_at_most), "none", "60", "60", {}},
        {"A2AKIT_CANCEL_PAUSED_AFTER",
         A2AKIT_READ(cancel_paused_after),
         "none",
         "60",
         "60000 ms",
         {{"0", kYear}}},
        {"A2AKIT_MAX_BODY_BYTES",
         A2AKIT_READ(max_body_bytes),
         "10485760",
         "1",
         "1",
         {{"0", "a whole number from 1 to 67108864"},
          {"10M", "a whole number from 1 to 67108864"}}},
        {"A2AKIT_MAX_HEADER_BYTES",
         A2AKIT_READ(max_header_bytes),
         "16384",
         "256",
         "256",
         {{"255", "a whole number from 256 to 1048576"}}},
        {"A2AKIT_MAX_REQUEST_BYTES",
         A2AKIT_READ(max_request_bytes),
         "0",
         "100000000",
         "100000000",
         {{"31457279", "0, or at least three times A2AKIT_MAX_BODY_BYTES"},
          {"-1", "a whole number from 0 to 1125899906842624"}}},
        {"A2AKIT_MAX_RESPONSE_BYTES",
         A2AKIT_READ(max_response_bytes),
         "0",
         "1000000",
         "1000000",
         {{"-1", "a whole number from 0 to 1125899906842624"}}},
        {"A2AKIT_MAX_BATCH_BYTES",
         A2AKIT_READ(max_batch_bytes),
         "16777216",
         "1000000",
         "1000000",
         {{"0", "a whole number from 1 to 1125899906842624"}}},
        {"A2AKIT_MAX_CONNECTIONS",
         A2AKIT_READ(max_connections),
         "20000",
         "1",
         "1",
         {{"0", kTenMillion}}},
        {"A2AKIT_MAX_STREAMS", A2AKIT_READ(max_streams), "10000", "1", "1", {{"0", kTenMillion}}},
        {"A2AKIT_MAX_PENDING_REQUESTS",
         A2AKIT_READ(max_pending_requests),
         "10000",
         "1",
         "1",
         {{"0", kTenMillion}}},
        {"A2AKIT_MAX_WAITING_SENDS",
         A2AKIT_READ(max_waiting_sends),
         "10000",
         "1",
         "1",
         {{"0", kTenMillion}}},
        {"A2AKIT_MAX_STREAMS_PER_PRINCIPAL",
         A2AKIT_READ(max_streams_per_principal),
         "7500",
         "0",
         "0",
         {{"-1", "a whole number from 0 to 10000000"}}},
        {"A2AKIT_MAX_WAITING_SENDS_PER_PRINCIPAL",
         A2AKIT_READ(max_waiting_sends_per_principal),
         "7500",
         "1",
         "1",
         {{"-1", "a whole number from 0 to 10000000"}}},
        {"A2AKIT_SHOW_FAILURES",
         A2AKIT_READ(show_failures),
         "false",
         "true",
         "true",
         {{"2", "true, false, 1 or 0"}}},
        {"A2AKIT_AS_OPENAI",
         A2AKIT_READ(as_openai),
         "false",
         "true",
         "true",
         {{"yes", "true, false, 1 or 0"}}},
        {"A2AKIT_PUSH_MAX_RETRIES",
         A2AKIT_READ(push_max_retries),
         "9",
         "0",
         "0",
         {{"-1", "a whole number from 0 to 1000"}}},
        {"A2AKIT_PUSH_RETRY_DELAY",
         A2AKIT_READ(push_retry_delay),
         "5000 ms",
         "0.05",
         "50 ms",
         {{"0", kYear}}},
        {"A2AKIT_PUSH_TIMEOUT",
         A2AKIT_READ(push_timeout),
         "15000 ms",
         "2",
         "2000 ms",
         {{"soon", kYear}}},
        {"A2AKIT_PUSH_MAX_CONCURRENT",
         A2AKIT_READ(push_max_concurrent),
         "256",
         "8",
         "8",
         {{"0", "a whole number from 1 to 100000"}}},
        {"A2AKIT_PUSH_MAX_PER_HOST",
         A2AKIT_READ(push_max_per_host),
         "32",
         "8",
         "8",
         {{"0", "a whole number from 1 to 100000"}}},
        {"A2AKIT_PUSH_MAX_BYTES",
         A2AKIT_READ(push_max_bytes),
         "67108864",
         "8",
         "8",
         {{"0", "a whole number from 1 to 1125899906842624"}}},
        {"A2AKIT_PUSH_ALLOW_HTTP",
         A2AKIT_READ(push_allow_http),
         "false",
         "1",
         "true",
         {{"yes", "true, false, 1 or 0"}}},
        {"A2AKIT_PUSH_ALLOW_NETWORKS",
         A2AKIT_READ(push_allow_networks),
         "none",
         "127.0.0.0/8",
         "127.0.0.0/8",
         {}},
        {"A2AKIT_PUSH_ALLOW_HOSTS",
         A2AKIT_READ(push_allow_hosts),
         "none",
         "hooks.example",
         "hooks.example",
         {}},
        {"A2AKIT_PUSH_BLOCK_HOSTS",
         A2AKIT_READ(push_block_hosts),
         "none",
         "evil.example",
         "evil.example",
         {}},
        {"A2AKIT_PUSH_SIGNING_KEY",
         A2AKIT_READ(push_signing_key),
         "none",
         kSigningKey,
         kSigningKey,
         {}},
        {"A2AKIT_PUSH_TASK_FIRST",
         A2AKIT_READ(push_task_first),
         "false",
         "true",
         "true",
         {{"2", "true, false, 1 or 0"}}},
        {"A2AKIT_HEADER_TIMEOUT",
         A2AKIT_READ(header_timeout),
         "10000 ms",
         "1",
         "1000 ms",
         {{"0", kYear}}},
        {"A2AKIT_BODY_TIMEOUT",
         A2AKIT_READ(body_timeout),
         "30000 ms",
         "1",
         "1000 ms",
         {{"0", kYear}}},
        {"A2AKIT_IDLE_TIMEOUT",
         A2AKIT_READ(idle_timeout),
         "75000 ms",
         "1",
         "1000 ms",
         {{"0", kYear}}},
        {"A2AKIT_WRITE_TIMEOUT",
         A2AKIT_READ(write_timeout),
         "60000 ms",
         "1",
         "1000 ms",
         {{"0", kYear}}},
        {"A2AKIT_HEARTBEAT",
         A2AKIT_READ(heartbeat),
         "4000 ms",
         "1",
         "1000 ms",
         {{"nan", kYear}, {"15s", kYear}}},
        {"A2AKIT_LOG_LEVEL",
         A2AKIT_READ(log_level),
         "info",
         "trace",
         "trace",
         {{"loud", "trace, debug, info, warn, error or off"}}},
    };
}

class EverySettingTest : public ::testing::TestWithParam<Variable> {};

TEST_P(EverySettingTest, HasADefault) {
    const auto settings = Settings{}.resolved(environment({}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(GetParam().read(*settings), GetParam().standard);
}

TEST_P(EverySettingTest, IsReadFromTheEnvironmentUnlessTheConstructorSaysOtherwise) {
    const auto from_environment =
        Settings{}.resolved(environment({{GetParam().name, GetParam().value}}));
    ASSERT_TRUE(from_environment) << from_environment.error().message;
    EXPECT_EQ(GetParam().read(*from_environment), GetParam().becomes);

    const char* other = GetParam().wrong.empty() ? "another" : GetParam().wrong[0].value;
    const auto from_constructor =
        from_environment->resolved(environment({{GetParam().name, other}}));
    ASSERT_TRUE(from_constructor) << from_constructor.error().message;
    EXPECT_EQ(GetParam().read(*from_constructor), GetParam().becomes);
}

TEST_P(EverySettingTest, AWrongValueIsRefusedNamingVariableValueAndWhatIsAllowed) {
    for (const Wrong& wrong : GetParam().wrong) {
        const auto settings = Settings{}.resolved(environment({{GetParam().name, wrong.value}}));
        ASSERT_FALSE(settings) << wrong.value;
        EXPECT_EQ(settings.error().code, ErrorCode::kInvalidParams);
        EXPECT_EQ(settings.error().message, std::string(GetParam().name) + ": \"" + wrong.value +
                                                "\" is not allowed; use " + wrong.allowed);
    }
}

std::string name_of(const ::testing::TestParamInfo<Variable>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(All, EverySettingTest, ::testing::ValuesIn(variables()), name_of);

TEST(SettingsTest, TheTableAboveHoldsEveryVariableOfTheHeader) {
    std::ifstream file(std::string(A2AKIT_INCLUDE_DIR) + "/a2akit/server/settings.hpp");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::regex name("A2AKIT_[A-Z_]*[A-Z]");
    std::set<std::string> in_header(std::sregex_token_iterator(text.begin(), text.end(), name), {});
    std::set<std::string> in_table;
    for (const Variable& variable : variables()) in_table.insert(variable.name);
    EXPECT_EQ(in_table, in_header);
}

TEST(SettingsTest, OneVersionServedHasItsOwnCardForWhoNamesNone) {
    for (const std::string version : {"1.0", "0.3"}) {
        const auto settings = Settings{}.resolved(environment({{"A2AKIT_VERSIONS", version}}));
        ASSERT_TRUE(settings);
        EXPECT_EQ(settings->card_without_version, version);
        const auto wrong = Settings{}.resolved(environment(
            {{"A2AKIT_VERSIONS", version}, {"A2AKIT_CARD_WITHOUT_VERSION", "superset"}}));
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().message,
                  "A2AKIT_CARD_WITHOUT_VERSION: \"superset\" is not allowed; use " + version +
                      ", which alone A2AKIT_VERSIONS serves");
    }
}

TEST(SettingsTest, APublicUrlWithCredentialsIsRefusedWithoutRepeatingThem) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_PUBLIC_URL", "https://user:password@host"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_PUBLIC_URL: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("password"), std::string::npos);
}

TEST(SettingsTest, APublicUrlMayHaveAPortAPathAndAnAddress) {
    for (const char* url :
         {"http://h", "https://h:8443/agent/v2", "http://[::1]:8000", "https://a-b.example/~x"}) {
        const auto settings = Settings{}.resolved(environment({{"A2AKIT_PUBLIC_URL", url}}));
        ASSERT_TRUE(settings) << url;
        EXPECT_EQ(settings->public_url, url);
    }
}

TEST(SettingsTest, AVariableThatNoSettingHasIsNamedWithTheOneThatWasMeant) {
    std::vector<std::string_view> names{"PATH", "A2AKIT_MAX_STREAM", "A2AKIT_",
                                        "A2AKIT_NO_SUCH_THING", "MY_A2AKIT_PORT"};
    for (const Variable& variable : variables()) names.emplace_back(variable.name);
    std::map<std::string, std::string> found;
    for (const UnknownSetting& unknown : unknown_settings(names))
        found[unknown.name] = unknown.nearest;
    EXPECT_EQ(found,
              (std::map<std::string, std::string>{{"A2AKIT_MAX_STREAM", "A2AKIT_MAX_STREAMS"},
                                                  {"A2AKIT_", ""},
                                                  {"A2AKIT_NO_SUCH_THING", ""}}));
    EXPECT_EQ(unknown_settings({"A2AKIT_TREADS"}).at(0).nearest, "A2AKIT_THREADS");
    EXPECT_EQ(unknown_settings({"A2AKIT_BASEPATH"}).at(0).nearest, "A2AKIT_BASE_PATH");
}

TEST(SettingsTest, ADataDirectoryStandsForEveryUrlThatIsNotGiven) {
    auto settings = Settings{}.resolved(environment({{"A2AKIT_DATA_DIR", "data"}}));
    ASSERT_TRUE(settings);
    for (const auto& url :
         {settings->storage, settings->broker, settings->event_bus, settings->cancel_registry}) {
        EXPECT_EQ(url, "sqlite:data/a2akit.db");
    }
    Settings given;
    given.event_bus = "memory:";
    settings =
        given.resolved(environment({{"A2AKIT_DATA_DIR", "data"}, {"A2AKIT_BROKER", "memory:"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->storage, "sqlite:data/a2akit.db");
    EXPECT_EQ(settings->broker, "memory:");
    EXPECT_EQ(settings->event_bus, "memory:");
    EXPECT_EQ(settings->cancel_registry, "sqlite:data/a2akit.db");
}

TEST(SettingsTest, EntriesOfADeadNodeGoToOthersBeforeItsLeaseEnds) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_LEASE", "3"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->redis_broker_claim_timeout_ms, 2000);
}

TEST(SettingsTest, AWrongAdminTokenIsRefusedWithoutBeingRepeated) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_ADMIN_TOKEN", "too-short"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_ADMIN_TOKEN: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("too-short"), std::string::npos);
}

class SecretFileTest : public ::testing::Test {
protected:
    std::string file(const std::string& text, int mode = 0600) {
        const std::string path = directory_.path() + "/secret";
        std::ofstream(path, std::ios::trunc) << text;
        EXPECT_EQ(::chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
        return path;
    }
    Result<Settings> with_file(const std::string& path) {
        return Settings{}.resolved(environment({{"A2AKIT_ADMIN_TOKEN_FILE", path}}));
    }
    test_support::TemporaryDirectory directory_;
};

TEST_F(SecretFileTest, EverySecretAndEveryUrlMayStandInAFile) {
    struct Case {
        const char* name;
        std::string (*read)(const Settings&);
        const char* value;
    };
    for (const Case& one :
         {Case{"A2AKIT_ADMIN_TOKEN", A2AKIT_READ(admin_token), "0123456789abcdef-secret"},
          Case{"A2AKIT_CONTEXT_KEY", A2AKIT_READ(context_key), kKey},
          Case{"A2AKIT_DATA_KEYS", A2AKIT_READ(data_keys), kDataKeys},
          Case{"A2AKIT_PUSH_SIGNING_KEY", A2AKIT_READ(push_signing_key), kSigningKey},
          Case{"A2AKIT_REDIS_URL", A2AKIT_READ(redis_url), "redis://me:secret@h"},
          Case{"A2AKIT_STORAGE", A2AKIT_READ(storage), "postgresql://me:secret@h/d"},
          Case{"A2AKIT_BROKER", A2AKIT_READ(broker), "redis://me:secret@h"},
          Case{"A2AKIT_EVENT_BUS", A2AKIT_READ(event_bus), "redis://me:secret@h"},
          Case{"A2AKIT_CANCEL_REGISTRY", A2AKIT_READ(cancel_registry), "redis://me:secret@h"}}) {
        const std::string variable = std::string(one.name) + "_FILE";
        const auto settings = Settings{}.resolved(
            environment({{variable, file(std::string(" ") + one.value + "\r\n\n")}}));
        ASSERT_TRUE(settings) << settings.error().message;
        EXPECT_EQ(one.read(*settings), one.value) << one.name;
        EXPECT_TRUE(unknown_settings({variable}).empty()) << variable;
    }
}

TEST_F(SecretFileTest, AFileThatHoldsNoSecretIsRefusedWithoutItsContents) {
    const std::string secret = "0123456789abcdef-secret";
    const std::map<std::string, std::string> wrong{{file(""), "is empty"},
                                                   {"/no/such/file", "cannot be read"},
                                                   {directory_.path(), "is not a regular file"}};
    for (const auto& [path, why] : wrong) {
        const auto settings = with_file(path);
        ASSERT_FALSE(settings) << path;
        EXPECT_EQ(settings.error().message.find("A2AKIT_ADMIN_TOKEN_FILE: \"" + path + "\" " + why),
                  0U)
            << settings.error().message;
    }
    for (const std::string& text :
         {secret + "\n" + secret, std::string(65'537, 's'), secret + '\0' + secret}) {
        const auto settings = with_file(file(text));
        ASSERT_FALSE(settings);
        EXPECT_EQ(settings.error().message.find("secret\nsecret"), std::string::npos);
        EXPECT_EQ(settings.error().message.find(secret), std::string::npos);
    }
    const auto both = Settings{}.resolved(
        environment({{"A2AKIT_ADMIN_TOKEN_FILE", file(secret)}, {"A2AKIT_ADMIN_TOKEN", secret}}));
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().message,
              "A2AKIT_ADMIN_TOKEN_FILE: is set, and so is A2AKIT_ADMIN_TOKEN; set one of the two");
}

TEST_F(SecretFileTest, WhatTheConstructorWasGivenComesBeforeAFile) {
    Settings given;
    given.admin_token = "fedcba9876543210-secret";
    const auto settings = given.resolved(environment({{"A2AKIT_ADMIN_TOKEN_FILE", "/no/file"}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->admin_token, given.admin_token);
}

TEST_F(SecretFileTest, AFileThatOthersMayReadIsWarnedOf) {
    const std::string secret = "0123456789abcdef-secret";
    ::testing::internal::CaptureStdout();
    ASSERT_TRUE(with_file(file(secret, 0640)));
    EXPECT_EQ(::testing::internal::GetCapturedStdout().find("others may"), std::string::npos);
    ::testing::internal::CaptureStdout();
    ASSERT_TRUE(with_file(file(secret, 0644)));
    const std::string warned = ::testing::internal::GetCapturedStdout();
    EXPECT_NE(warned.find("A2AKIT_ADMIN_TOKEN_FILE names a file that others may read or change"),
              std::string::npos)
        << warned;
    EXPECT_EQ(warned.find(secret), std::string::npos);
}

TEST(SettingsTest, AWrongArgumentIsRefusedLikeAWrongVariable) {
    Settings given;
    given.max_streams = 0;
    const auto settings = given.resolved(environment({}));
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message,
              "A2AKIT_MAX_STREAMS: \"0\" is not allowed; use a whole number from 1 to 10000000");
}

TEST(SettingsTest, AWrongContextKeyIsRefusedWithoutBeingRepeated) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_CONTEXT_KEY", "my-secret-key"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_CONTEXT_KEY: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("my-secret-key"), std::string::npos);
    EXPECT_TRUE(Settings{}.resolved(environment({{"A2AKIT_CONTEXT_KEY", std::string(64, '7')}})));
}

TEST(SettingsTest, AWrongSigningKeyIsRefusedWithoutShowingIt) {
    const auto settings =
        Settings{}.resolved(environment({{"A2AKIT_PUSH_SIGNING_KEY", "whsec_my-secret"}}));
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with("A2AKIT_PUSH_SIGNING_KEY: "))
        << settings.error().message;
    EXPECT_EQ(settings.error().message.find("my-secret"), std::string::npos);
}

}  // namespace
}  // namespace a2akit
