#include "unit/server/setting_table.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace a2akit {

TEST(SettingsTest, AnEmptyVariableIsNotSet) {
    const auto settings = Settings{}.resolved(environment({{"A2AKIT_PORT", ""}}));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->port, 8000);
}

// -- Every variable

std::vector<Variable> variables() {
    std::vector<Variable> all{
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
        {"A2AKIT_AUDIT_MAX_BYTES", A2AKIT_READ(audit_max_bytes), "0", "1000000", "1000000", {}},
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
    };
    const std::vector<Variable> work = variables_of_work();
    all.insert(all.end(), work.begin(), work.end());
    return all;
}

namespace {

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

}  // namespace
}  // namespace a2akit
