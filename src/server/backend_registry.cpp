#include "server/backend_registry.hpp"

#ifdef A2AKIT_POSTGRES
#include "backends/postgres/postgres_ports.hpp"
#endif
#ifdef A2AKIT_REDIS
#include "backends/redis/redis_ports.hpp"
#endif
#include "backends/memory/memory_ports.hpp"
#include "backends/sqlite/sqlite_ports.hpp"
#include "core/machine_memory.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace a2akit {
namespace {

std::string_view scheme_of(std::string_view url) { return url.substr(0, url.find(':')); }

/// The part before a colon elsewhere may belong to a password.
bool is_scheme(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

Result<Ports> open_memory(const std::string& url, const Settings& settings) {
    if (url != "memory:") {
        return fail(ErrorCode::kInvalidParams, "memory: takes nothing after the colon");
    }
    backends::MemoryPortsOptions options;
    options.max_tasks = settings.max_stored_tasks.value_or(0);
    options.max_bytes = settings.max_stored_bytes.value_or(0);
    if (options.max_bytes == 0)
        options.max_bytes = static_cast<std::size_t>(machine_memory_bytes() / 4);
    return backends::memory_ports(std::move(options));
}

Result<Ports> open_sqlite(const std::string& url, const Settings& settings) {
    Ports local = backends::memory_ports();
    sqlite::SqliteOptions options;
    options.url = url;
    if (settings.sqlite_synchronous == "normal") options.synchronous = sqlite::Synchronous::kNormal;
    options.local_bus = std::move(local.event_bus);
    options.local_cancels = std::move(local.cancel_registry);
    return sqlite::sqlite_ports(std::move(options));
}

#ifdef A2AKIT_POSTGRES
Result<Ports> open_postgres(const std::string& url, const Settings&) {
    const Ports local = backends::memory_ports();
    return postgres::postgres_ports(
        {.url = url, .local_bus = local.event_bus, .local_cancels = local.cancel_registry});
}
#endif

#ifdef A2AKIT_REDIS
redis::RedisNames redis_names(const Settings& settings) {
    redis::RedisNames names;
    names.stream = *settings.redis_broker_stream;
    names.group = *settings.redis_broker_group;
    names.consumer_prefix = *settings.redis_broker_consumer_prefix;
    names.block = Duration(*settings.redis_broker_block_ms);
    names.claim_timeout = Duration(*settings.redis_broker_claim_timeout_ms);
    names.channel = *settings.redis_event_bus_channel_prefix;
    names.cancel = *settings.redis_cancel_key_prefix;
    names.cancel_lifetime = std::chrono::seconds(*settings.redis_cancel_ttl_s);
    return names;
}

Result<Ports> open_redis(const std::string& url, const Settings& settings) {
    const bool is_bare = url == "redis:" || url == "rediss:";
    if (is_bare && !settings.redis_url) {
        return fail(ErrorCode::kInvalidParams,
                    "redis: alone stands for A2AKIT_REDIS_URL, which is not set; set it, or "
                    "write redis://host:port/database");
    }
    const Ports local = backends::memory_ports();
    redis::RedisOptions options;
    options.url = is_bare ? *settings.redis_url : url;
    options.prefix = *settings.redis_key_prefix;
    options.names = redis_names(settings);
    options.local_bus = local.event_bus;
    options.local_cancels = local.cancel_registry;
    return redis::redis_ports(std::move(options));
}
#endif

/// Storage, ContextStore and Maintenance are views of one set of tasks.
std::optional<Error> complete_storage(Ports& ports) {
    if (!ports.storage) return std::nullopt;
    if (!ports.context_store)
        ports.context_store = std::dynamic_pointer_cast<ContextStore>(ports.storage);
    if (!ports.maintenance)
        ports.maintenance = std::dynamic_pointer_cast<Maintenance>(ports.storage);
    if (ports.context_store && ports.maintenance) return std::nullopt;
    return Error{
        ErrorCode::kInvalidParams,
        "ports.storage was given without its context_store and maintenance; give all three",
        nullptr};
}

}  // namespace

void BackendRegistry::add(std::string scheme, Factory factory) {
    factories_.insert_or_assign(std::move(scheme), std::move(factory));
}

Result<Ports> BackendRegistry::open_one(std::string_view variable, const std::string& url,
                                        const Settings& settings) const {
    const bool has_scheme = url.find(':') != std::string::npos;
    const auto found = has_scheme ? factories_.find(scheme_of(url)) : factories_.end();
    if (found == factories_.end()) {
        std::string known;
        for (const auto& [scheme, factory] : factories_)
            known += (known.empty() ? "" : ", ") + scheme + ":";
        const bool may_be_shown =
            has_scheme && is_scheme(scheme_of(url)) && url.find("://") == scheme_of(url).size();
        return fail(Error::invalid_field(
            std::string(variable),
            may_be_shown ? "unknown scheme \"" + std::string(scheme_of(url)) + "\"; known: " + known
                         : "a URL begins with its scheme; known: " + known));
    }
    Result<Ports> opened = found->second(url, settings);
    if (!opened) {
        opened.error().message = std::string(variable) + ": " + opened.error().message;
    }
    return opened;
}

Result<Ports> BackendRegistry::open(Ports given, const Settings& settings) const {
    if (auto error = complete_storage(given)) return fail(std::move(*error));
    std::map<std::string, Ports> opened;
    std::optional<Error> error;
    const auto fill = [&](std::string_view variable, const std::string& url, auto Ports::* port) {
        if (given.*port || error) return;
        auto backend = opened.find(url);
        if (backend == opened.end()) {
            Result<Ports> made = open_one(variable, url, settings);
            if (!made) {
                error = std::move(made.error());
                return;
            }
            backend = opened.emplace(url, std::move(*made)).first;
        }
        given.*port = backend->second.*port;
        if (!(given.*port)) {
            const bool is_storage = variable == "A2AKIT_STORAGE";
            error = Error::invalid_field(
                std::string(variable),
                "the backend " + std::string(scheme_of(url)) +
                    (is_storage
                         ? ": keeps no tasks; use a database (sqlite: or postgresql://) or memory:"
                         : ": can't be used for this"));
        }
    };
    fill("A2AKIT_STORAGE", *settings.storage, &Ports::storage);
    fill("A2AKIT_STORAGE", *settings.storage, &Ports::context_store);
    fill("A2AKIT_STORAGE", *settings.storage, &Ports::maintenance);
    if (const auto backend = opened.find(*settings.storage);
        backend != opened.end() && !given.push_store)
        given.push_store = backend->second.push_store;
    fill("A2AKIT_BROKER", *settings.broker, &Ports::broker);
    fill("A2AKIT_EVENT_BUS", *settings.event_bus, &Ports::event_bus);
    fill("A2AKIT_CANCEL_REGISTRY", *settings.cancel_registry, &Ports::cancel_registry);
    if (error) return fail(std::move(*error));
    return given;
}

BackendRegistry BackendRegistry::standard() {
    BackendRegistry registry;
    registry.add("memory", open_memory);
    registry.add("sqlite", open_sqlite);
#ifdef A2AKIT_POSTGRES
    registry.add("postgresql", open_postgres);
    registry.add("postgres", open_postgres);
#endif
#ifdef A2AKIT_REDIS
    registry.add("redis", open_redis);
    registry.add("rediss", open_redis);
#endif
    return registry;
}

// A password may hold any character that its user forgot to write as %XX, so nothing is shown of a
// place where one could be.
std::string shown_url(std::string_view url) {
    const auto authority = url.find("://");
    if (authority == std::string_view::npos) return std::string(scheme_of(url)) + ":";
    const std::string scheme(url.substr(0, authority + 3));
    std::string_view rest = url.substr(authority + 3);
    const auto path = rest.find('/');
    const auto at = rest.substr(0, path).rfind('@');
    const bool ambiguous =
        rest.find_first_of("?#") < std::min(at, rest.size()) && at != std::string_view::npos;
    if (at != std::string_view::npos) rest.remove_prefix(at + 1);
    rest = rest.substr(0, rest.find_first_of("?#"));
    if (ambiguous || rest.find('@') != std::string_view::npos) return scheme + "...";
    return scheme + std::string(rest);
}

}  // namespace a2akit
