#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// Every number and switch of a server. Order: what the constructor was given, then `A2AKIT_*` of
/// the environment, then the default named here. An absent optional means "not given": the
/// environment or the default decides.
struct Settings {
    // Where it listens.
    /// A2AKIT_HOST, 127.0.0.1; or unix:/path for a Unix socket
    std::optional<std::string> host = {};
    std::optional<std::uint16_t> port = {};  ///< A2AKIT_PORT, 8000; 0: any free one
    /// A2AKIT_GRPC_PORT, none: no gRPC; 0: any free one
    std::optional<std::uint16_t> grpc_port = {};
    /// A2AKIT_BASE_PATH, "": where the endpoints are mounted
    std::optional<std::string> base_path = {};
    std::optional<int> threads = {};  ///< A2AKIT_THREADS, one per core
    /// A2AKIT_PUBLIC_URL, http://host:port: for the card
    std::optional<std::string> public_url = {};
    /// A2AKIT_TRUST_FORWARDED, false: X-Forwarded-*, else Forwarded
    std::optional<bool> trust_forwarded = {};
    /// A2AKIT_CARD_AT_ROOT, false: the card at the origin's root besides
    std::optional<bool> card_at_root = {};

    // TLS (docs/guides/tls.md). The first two together make it https.
    /// A2AKIT_TLS_CERT, none: PEM file, the server's certificate first
    std::optional<std::string> tls_cert = {};
    std::optional<std::string> tls_key = {};  ///< A2AKIT_TLS_KEY, none: PEM file, its private key
    /// A2AKIT_TLS_CLIENT_CA, none: PEM file; clients need a certificate of one of these
    /// authorities, and the name in it is their principal.
    std::optional<std::string> tls_client_ca = {};

    /// A2AKIT_CARD_KEY, none: PEM file, the private key that signs the agent card
    std::optional<std::string> card_key = {};
    /// A2AKIT_CARD_KEY_ID, the key's thumbprint: the name by which verifiers find it
    std::optional<std::string> card_key_id = {};

    // Who a caller is (docs/guides/authentication.md).
    /// A2AKIT_API_KEYS_FILE, none: one "principal key" per line
    std::optional<std::string> api_keys_file = {};
    /// A2AKIT_BASIC_USERS_FILE, none: one "name:hash" per line, as htpasswd -B writes it
    std::optional<std::string> basic_users_file = {};
    /// A2AKIT_JWT_JWKS_URL, none: where the keys are that tokens are signed with; https: or file:.
    std::optional<std::string> jwt_jwks_url = {};
    /// A2AKIT_JWT_ISSUER, none: the "iss" of tokens; without A2AKIT_JWT_JWKS_URL its keys are found
    /// by OpenID Connect discovery.
    std::optional<std::string> jwt_issuer = {};
    /// A2AKIT_JWT_AUDIENCE, none: the "aud" of tokens
    std::optional<std::string> jwt_audience = {};
    /// A2AKIT_JWT_ALGORITHMS, "RS256,PS256,ES256,EdDSA": those that are accepted
    std::optional<std::string> jwt_algorithms = {};
    /// A2AKIT_JWT_SCOPES, none: scopes that a token needs, separated by spaces
    std::optional<std::string> jwt_scopes = {};
    /// A2AKIT_JWT_ALLOW_HTTP, false: keys over plain http
    std::optional<bool> jwt_allow_http = {};
    /// A2AKIT_JWT_MIN_REFRESH (s), 30: between two fetches of keys
    std::optional<Duration> jwt_min_refresh = {};
    /// A2AKIT_AUTHORIZATION_SERVERS, A2AKIT_JWT_ISSUER: issuers of tokens that callers are told of
    /// (RFC 9728), separated by commas.
    std::optional<std::string> authorization_servers = {};
    /// A2AKIT_INTROSPECTION_URL, none: where the issuer of bearer tokens is asked about them
    /// (RFC 7662).
    std::optional<std::string> introspection_url = {};
    /// A2AKIT_INTROSPECTION_CLIENT_ID, none: by which the issuer knows this server
    std::optional<std::string> introspection_client_id = {};
    /// A2AKIT_INTROSPECTION_CLIENT_SECRET, none: that belongs to it
    std::optional<std::string> introspection_client_secret = {};
    /// A2AKIT_INTROSPECTION_AUDIENCE, none: the "aud" of tokens
    std::optional<std::string> introspection_audience = {};
    /// A2AKIT_INTROSPECTION_SCOPES, none: scopes that a token needs
    std::optional<std::string> introspection_scopes = {};
    /// A2AKIT_INTROSPECTION_CACHE (s), 30: for how long an answer is used again
    std::optional<Duration> introspection_cache = {};
    /// A2AKIT_INTROSPECTION_ALLOW_HTTP, false: plain http
    std::optional<bool> introspection_allow_http = {};

    // What a caller may do by its scopes (docs/guides/authentication.md#scopes). Empty: anything.
    /// A2AKIT_SCOPE_READ, none: needed to read, list and subscribe
    std::optional<std::string> scope_read = {};
    /// A2AKIT_SCOPE_WRITE, none: needed to send and cancel
    std::optional<std::string> scope_write = {};
    /// A2AKIT_SCOPE_PUSH, none: needed to change push notification configurations
    std::optional<std::string> scope_push = {};
    /// A2AKIT_SCOPE_CARD, none: needed to read the extended card
    std::optional<std::string> scope_card = {};
    /// A2AKIT_SCOPE_TENANT_PREFIX, none: of the scope that the tenant of a call needs
    std::optional<std::string> scope_tenant_prefix = {};
    /// A2AKIT_TENANT_SHARES_TASKS, false: those who may use a tenant share its tasks
    std::optional<bool> tenant_shares_tasks = {};

    // What is kept of calls (docs/guides/audit-log.md).
    /// A2AKIT_AUDIT_LOG, none: file with one line per call, chained by hashes
    std::optional<std::string> audit_log = {};
    /// A2AKIT_AUDIT_CALLS, all: or changes, without those that only read
    std::optional<std::string> audit_calls = {};
    /// A2AKIT_AUDIT_SYNC, never: when lines are put on the disk; or second, or always
    std::optional<std::string> audit_sync = {};
    /// A2AKIT_AUDIT_REQUIRED, false: calls go on when the file cannot be written
    std::optional<bool> audit_required = {};
    /// A2AKIT_AUDIT_MAX_BYTES, 0: no limit; at it the log goes on in a new file
    std::optional<std::size_t> audit_max_bytes = {};

    // Who may call, and how often (docs/guides/security.md).
    /// A2AKIT_ALLOWED_HOSTS, any: Host headers that are served; on a loopback address the names of
    /// loopback.
    std::optional<std::string> allowed_hosts = {};
    /// A2AKIT_CORS_ORIGINS, none: web pages that may call from a browser; * for all
    std::optional<std::string> cors_origins = {};
    /// A2AKIT_TRUSTED_PROXIES, none: networks whose forwarded headers count.
    std::optional<std::string> trusted_proxies = {};
    /// A2AKIT_RATE_PER_ADDRESS, 0: calls per second of an address; 0: no limit
    std::optional<double> rate_per_address = {};
    /// A2AKIT_RATE_PER_PRINCIPAL, 0: calls per second of a principal; 0: no limit
    std::optional<double> rate_per_principal = {};
    /// A2AKIT_RATE_BURST, 0: calls together after a pause; 0: those of one second
    std::optional<int> rate_burst = {};
    /// A2AKIT_MAX_CONNECTIONS_PER_ADDRESS, 0: no limit
    std::optional<int> max_connections_per_address = {};
    /// A2AKIT_MAX_STREAMS_PER_PRINCIPAL, three quarters of max_streams; 0: no limit
    std::optional<int> max_streams_per_principal = {};
    /// A2AKIT_MAX_WAITING_SENDS_PER_PRINCIPAL, three quarters of max_waiting_sends; 0: no limit
    std::optional<int> max_waiting_sends_per_principal = {};
    /// A2AKIT_MAX_TASKS_PER_PRINCIPAL, 0: stored tasks of a principal; 0: no limit
    std::optional<std::int64_t> max_tasks_per_principal = {};
    /// A2AKIT_MAX_BYTES_PER_PRINCIPAL, 0: of those, about; 0: no limit
    std::optional<std::int64_t> max_bytes_per_principal = {};

    // Versions of the protocol (docs/reference/versions.md).
    std::optional<std::string> versions = {};  ///< A2AKIT_VERSIONS, "0.3,1.0": or either
    /// A2AKIT_STRICT_VERSION, false: a 1.0 call needs A2A-Version
    std::optional<bool> strict_version = {};
    /// A2AKIT_CARD_WITHOUT_VERSION, superset: the card when no A2A-Version is sent; 1.0 or 0.3.
    std::optional<std::string> card_without_version = {};

    /// A2AKIT_AS_OPENAI, false: the agent is a model of OpenAI's chat completions too, under /v1/.
    std::optional<bool> as_openai = {};

    // Backends, by URL. Where it says "the data directory", memory: without one.
    /// A2AKIT_DATA_DIR, none: SQLite keeps everything there
    std::optional<std::string> data_dir = {};
    std::optional<std::string> storage = {};    ///< A2AKIT_STORAGE, the data directory
    std::optional<std::string> broker = {};     ///< A2AKIT_BROKER, the data directory
    std::optional<std::string> event_bus = {};  ///< A2AKIT_EVENT_BUS, the data directory
    /// A2AKIT_CANCEL_REGISTRY, the data directory
    std::optional<std::string> cancel_registry = {};
    /// A2AKIT_SQLITE_SYNCHRONOUS, full: or normal
    std::optional<std::string> sqlite_synchronous = {};

    // Redis, for the ports whose URL is redis:, redis://… or rediss://….
    /// A2AKIT_REDIS_URL, none: what a bare redis: stands for
    std::optional<std::string> redis_url = {};
    std::optional<std::string> redis_key_prefix = {};     ///< A2AKIT_REDIS_KEY_PREFIX, a2akit:
    std::optional<std::string> redis_broker_stream = {};  ///< A2AKIT_REDIS_BROKER_STREAM, {broker}
    std::optional<std::string> redis_broker_group = {};   ///< A2AKIT_REDIS_BROKER_GROUP, workers
    /// A2AKIT_REDIS_BROKER_CONSUMER_PREFIX, node-
    std::optional<std::string> redis_broker_consumer_prefix = {};
    std::optional<int> redis_broker_block_ms = {};  ///< A2AKIT_REDIS_BROKER_BLOCK_MS, 5000
    /// A2AKIT_REDIS_BROKER_CLAIM_TIMEOUT_MS, two thirds of the lease: entries of a node that died
    /// go to others then.
    std::optional<int> redis_broker_claim_timeout_ms = {};
    /// A2AKIT_REDIS_EVENT_BUS_CHANNEL_PREFIX, events
    std::optional<std::string> redis_event_bus_channel_prefix = {};
    /// A2AKIT_REDIS_CANCEL_KEY_PREFIX, cancel:
    std::optional<std::string> redis_cancel_key_prefix = {};
    std::optional<int> redis_cancel_ttl_s = {};  ///< A2AKIT_REDIS_CANCEL_TTL_S, 86400

    /// A2AKIT_CONTEXT_KEY, none: seals a request's headers and secrets for its turn, which keeps
    /// them over a restart and brings them to other nodes (32 bytes as hex or base64; several,
    /// separated by commas: the first one seals).
    std::optional<std::string> context_key = {};
    /// A2AKIT_DATA_KEYS, none: encrypts what is stored of tasks in SQLite and PostgreSQL
    /// ("id:key,id2:key2", keys of 32 bytes as hex or base64; the first one encrypts, all of them
    /// decrypt).
    std::optional<std::string> data_keys = {};
    /// A2AKIT_ADMIN_TOKEN, none: whoever has it may list and redrive dead letters over HTTP;
    /// without it nobody may.
    std::optional<std::string> admin_token = {};
    /// A2AKIT_CORE_DUMPS, false: a core dump holds whatever the memory held, secrets of requests
    /// too. For `Server::run`.
    std::optional<bool> core_dumps = {};

    // Tasks.
    /// A2AKIT_BLOCKING_TIMEOUT (s), none: waits as section 3.2.2 says
    std::optional<Duration> blocking_timeout = {};
    std::optional<Duration> cancel_wait = {};           ///< A2AKIT_CANCEL_WAIT (s), 2
    std::optional<Duration> cancel_force_timeout = {};  ///< A2AKIT_CANCEL_FORCE_TIMEOUT (s), 60
    std::optional<int> max_concurrent_tasks = {};       ///< A2AKIT_MAX_CONCURRENT_TASKS, 10000
    /// A2AKIT_MAX_RETRIES, 3: further attempts after a lost run
    std::optional<int> max_retries = {};
    /// A2AKIT_MAX_STORED_TASKS, 100000 (memory); 0: no cap
    std::optional<std::int64_t> max_stored_tasks = {};
    /// A2AKIT_MAX_STORED_BYTES, 0: a quarter of the memory (memory)
    std::optional<std::size_t> max_stored_bytes = {};
    /// A2AKIT_BROKER_BUFFER, 1000: without meaning here, see settings.md
    std::optional<int> broker_buffer = {};
    /// A2AKIT_EVENT_BUFFER, 200: events read for a stream at once
    std::optional<int> event_buffer = {};
    /// A2AKIT_EVENT_BUFFER_BYTES, 256 KiB: of those, about; one at least
    std::optional<std::size_t> event_buffer_bytes = {};
    /// A2AKIT_MAX_PAGE_BYTES, 8 MiB: of a page of tasks, about; one at least
    std::optional<std::size_t> max_page_bytes = {};
    std::optional<Duration> lease = {};                 ///< A2AKIT_LEASE (s), 15
    std::optional<Duration> drain_timeout = {};         ///< A2AKIT_DRAIN_TIMEOUT (s), 30
    std::optional<Duration> idempotency_lifetime = {};  ///< A2AKIT_IDEMPOTENCY_LIFETIME (s), 86400
    /// A2AKIT_REPEAT_BY_MESSAGE_ID, false: a message that is sent again under its messageId is
    /// another message, unless its Idempotency-Key says otherwise. True takes it for a repeat, as
    /// if the messageId were the key.
    std::optional<bool> repeat_by_message_id = {};
    /// A2AKIT_COMPACT_AFTER (s), 86400: logs of tasks that ended then
    std::optional<Duration> compact_after = {};
    /// A2AKIT_RETAIN_FOR, none: seconds that ended tasks are kept
    std::optional<std::string> retain_for = {};
    /// A2AKIT_RETAIN_AT_MOST, none: how many ended tasks are kept
    std::optional<std::string> retain_at_most = {};
    /// A2AKIT_CANCEL_PAUSED_AFTER (s), none: tasks that wait so long
    std::optional<Duration> cancel_paused_after = {};

    /// A2AKIT_SHOW_FAILURES, false: the text of a handler's exception is logged, and the client
    /// learns only that the agent failed. True tells the client the text as well, and readiness
    /// what is wrong, for development.
    std::optional<bool> show_failures = {};

    // Push notifications (docs/guides/push.md).
    /// A2AKIT_PUSH_MAX_RETRIES, 9: further attempts after a failed delivery
    std::optional<int> push_max_retries = {};
    /// A2AKIT_PUSH_RETRY_DELAY (s), 5: before the first of those; scales the later ones
    std::optional<Duration> push_retry_delay = {};
    /// A2AKIT_PUSH_TIMEOUT (s), 15: of one delivery, from name to answer
    std::optional<Duration> push_timeout = {};
    /// A2AKIT_PUSH_MAX_CONCURRENT, 256: deliveries of this node at the same time
    std::optional<int> push_max_concurrent = {};
    /// A2AKIT_PUSH_MAX_PER_HOST, 32: of those, to one host
    std::optional<int> push_max_per_host = {};
    /// A2AKIT_PUSH_MAX_BYTES, 64 MiB: the bodies of those together, about
    std::optional<std::size_t> push_max_bytes = {};
    /// A2AKIT_PUSH_ALLOW_HTTP, false: webhooks without TLS
    std::optional<bool> push_allow_http = {};
    /// A2AKIT_PUSH_ALLOW_NETWORKS, none: private networks that webhooks may be in
    std::optional<std::string> push_allow_networks = {};
    /// A2AKIT_PUSH_ALLOW_HOSTS, none: the only hosts of webhooks
    std::optional<std::string> push_allow_hosts = {};
    /// A2AKIT_PUSH_BLOCK_HOSTS, none: hosts that webhooks are never sent to
    std::optional<std::string> push_block_hosts = {};
    /// A2AKIT_PUSH_SIGNING_KEY, none: signs deliveries as Standard Webhooks says (whsec_… or
    /// whsk_…; several, separated by commas, while keys rotate).
    std::optional<std::string> push_signing_key = {};
    /// A2AKIT_PUSH_TASK_FIRST, false: a new webhook first gets the task as it stands
    std::optional<bool> push_task_first = {};

    // HTTP.
    /// A2AKIT_MAX_BODY_BYTES, 10 MiB; 64 MiB at most
    std::optional<std::size_t> max_body_bytes = {};
    std::optional<std::size_t> max_header_bytes = {};  ///< A2AKIT_MAX_HEADER_BYTES, 16 KiB
    /// A2AKIT_MAX_REQUEST_BYTES, 0: a share of the memory; all bodies
    std::optional<std::size_t> max_request_bytes = {};
    /// A2AKIT_MAX_RESPONSE_BYTES, 0: a share of the memory; all answers
    std::optional<std::size_t> max_response_bytes = {};
    /// A2AKIT_MAX_BATCH_BYTES, 16 MiB: the answers of one batch
    std::optional<std::size_t> max_batch_bytes = {};
    std::optional<int> max_connections = {};  ///< A2AKIT_MAX_CONNECTIONS, 20000
    std::optional<int> max_streams = {};      ///< A2AKIT_MAX_STREAMS, 10000
    /// A2AKIT_MAX_PENDING_REQUESTS, 10000: unary calls under way, sends apart
    std::optional<int> max_pending_requests = {};
    /// A2AKIT_MAX_WAITING_SENDS, 10000: SendMessage calls under way
    std::optional<int> max_waiting_sends = {};
    std::optional<Duration> header_timeout = {};  ///< A2AKIT_HEADER_TIMEOUT (s), 10
    std::optional<Duration> body_timeout = {};    ///< A2AKIT_BODY_TIMEOUT (s), 30
    std::optional<Duration> idle_timeout = {};    ///< A2AKIT_IDLE_TIMEOUT (s), 75
    /// A2AKIT_WRITE_TIMEOUT (s), 60: a client that does not read
    std::optional<Duration> write_timeout = {};
    std::optional<Duration> heartbeat = {};  ///< A2AKIT_HEARTBEAT (s), 4: of streams and slow sends

    /// A2AKIT_LOG_LEVEL, info: trace|debug|info|warn|error|off
    std::optional<std::string> log_level = {};

    using Environment = std::function<std::optional<std::string>(std::string_view name)>;
    /// Fills what is absent from the environment and the defaults, so that every optional is set
    /// afterwards, except those whose default is "none". kInvalidParams naming variable, value and
    /// what is allowed.
    [[nodiscard]] Result<Settings> resolved(const Environment& environment) const;
    /// The process's own environment.
    [[nodiscard]] static Environment process_environment();
};

}  // namespace a2akit
