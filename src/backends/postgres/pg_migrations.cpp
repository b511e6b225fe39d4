#include "backends/postgres/pg_migrations.hpp"

#include "backends/postgres/pg_sql.hpp"
#include "backends/postgres/pg_statements.hpp"
#include "backends/postgres/pg_values.hpp"
#include "core/log.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

namespace a2akit::postgres {
namespace {

constexpr int kVersion = 8;  // 2 and 8: the functions changed, not the tables
constexpr int kOldestServer = 150000;
constexpr const char* kApplication = "a2akit";
constexpr auto kUpgradeWithin =
    std::chrono::minutes(30);  // it makes indexes of tables that may be large

Result<void> check_server(PgSession& session) {
    if (Result<void> connected = session.connect(); !connected) return connected;
    if (session.server_version() < kOldestServer) {
        return fail(refused("PostgreSQL 15 or later is needed; this server is version " +
                            std::to_string(session.server_version() / 10000)));
    }
    auto read_only = session.run(
        "select (pg_is_in_recovery() or "
        "current_setting('default_transaction_read_only')::bool)::text");
    if (!read_only) return fail(std::move(read_only.error()));
    if (*read_only == "true") {
        return fail(
            refused("the PostgreSQL server takes no writes: it is a read-only replica or set to "
                    "read-only; name "
                    "the primary in the URL"));
    }
    return {};
}

/// A pooler that gives one session to two clients would lose what is prepared and listened to.
Result<void> check_pooler(PgSession& session, const PgAddress& address) {
    PgSession other(address);
    if (Result<void> connected = other.connect(); !connected) return connected;
    constexpr std::string_view kWho = "select pg_backend_pid()::text";
    auto one = session.run(kWho);
    if (!one) return fail(std::move(one.error()));
    auto two = other.run(kWho);
    if (!two) return fail(std::move(two.error()));
    if (*one != *two) return {};
    return fail(
        refused("a pooler between this node and PostgreSQL gives one session to several clients; "
                "set its pool_mode = "
                "session, or name the server itself in the URL"));
}

/// The version that stands in the database; 0: none yet.
Result<int> stored_version(PgSession& session) {
    auto known = session.run("select to_regclass('{schema}.meta')::text");
    if (!known) return fail(std::move(known.error()));
    const auto foreign = [] {
        return fail(
            refused("the schema of the PostgreSQL URL belongs to another application; name another "
                    "one with "
                    "?schema="));
    };
    if (!*known) {
        auto tables = session.run(
            "select count(*)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = '{schema}'");
        if (!tables) return fail(std::move(tables.error()));
        if (*tables != "0") return foreign();
        return 0;
    }
    auto ours = session.run(
        "select (select count(*) from pg_attribute where attrelid = '{schema}.meta'::regclass and "
        "attname in ('application', 'version', 'cursor_key'))::text");
    if (!ours) return fail(std::move(ours.error()));
    if (*ours != "3") return foreign();
    auto application = session.run("select application from {schema}.meta");
    if (!application) return fail(std::move(application.error()));
    if (*application != kApplication) return foreign();
    auto version = session.run("select version::text from {schema}.meta");
    if (!version) return fail(std::move(version.error()));
    return std::atoi(version->value_or("0").c_str());
}

Error of_a_newer_version(int version) {
    return refused("the schema has version " + std::to_string(version) +
                   ", made by a newer a2akit; this one knows versions up to " +
                   std::to_string(kVersion) + ": run the newer one");
}

std::string hex(const backends::CursorCodec::Key& key) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : key) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Result<backends::CursorCodec::Key> read_key(PgSession& session) {
    auto text = session.run("select encode(cursor_key, 'hex') from {schema}.meta");
    if (!text) return fail(std::move(text.error()));
    backends::CursorCodec::Key key{};
    const std::string& digits = text->value_or("");
    if (digits.size() != key.size() * 2)
        return fail(ErrorCode::kInternal, "the schema's cursor key has a wrong length");
    for (std::size_t i = 0; i < key.size(); ++i) {
        std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, key[i], 16);
    }
    return key;
}

/// Begins a transaction. Until its commit, or the end of the session, nodes that start together
/// wait for this one.
Result<void> begin_alone(PgSession& session) {
    auto locked = session.run(
        "begin; set local client_min_messages = warning; set local lock_timeout = '30s'; "
        "select pg_advisory_xact_lock(hashtext('a2akit.{schema}'))");
    if (!locked) return fail(std::move(locked.error()));
    return {};
}

/// Commits in between: the functions are in place before the counts are taken once more, without
/// what older ones made meanwhile.
Result<void> upgrade(PgSession& session, int from) {
    std::string script;
    if (from < 1) {
        script += "create schema if not exists {schema};";
        script +=
            "create table {schema}.meta (application text not null, version int not null, "
            "cursor_key bytea not "
            "null, made timestamptz not null default now());";
        script += sql::kTables1;
        script += "insert into {schema}.meta (application, version, cursor_key) values ('";
        script += kApplication;
        script += "', 0, '\\x" + hex(backends::CursorCodec::random_key()) + "');";
    }
    if (from < 3) script += sql::kTables2;
    if (from < 4) script += sql::kTables3;
    if (from < 5) script += sql::kTables4;
    if (from < 6) script += sql::kTables5;
    for (const char* const* functions = sql::kFunctions; *functions != nullptr; ++functions)
        script += *functions;
    if (from < 7) {
        script += "update {schema}.meta set version = 6; commit";
        if (auto done = session.run(script, kUpgradeWithin); !done)
            return fail(std::move(done.error()));
        if (Result<void> begun = begin_alone(session); !begun) return begun;
        script = sql::kTables6;
    }
    script += "update {schema}.meta set version = " + std::to_string(kVersion);
    if (auto done = session.run(script, kUpgradeWithin); !done)
        return fail(std::move(done.error()));
    return {};
}

}  // namespace

Result<void> open_current(PgSession& session) {
    if (Result<void> usable = check_server(session); !usable) return usable;
    const Result<int> version = stored_version(session);
    if (!version) return fail(version.error());
    if (*version > kVersion) return fail(of_a_newer_version(*version));
    if (*version == kVersion) return {};
    if (*version == 0) {
        return fail(
            refused("no agent has made the schema of the PostgreSQL URL yet; name another one "
                    "with ?schema="));
    }
    return fail(refused("the schema has version " + std::to_string(*version) +
                        ", made by an older a2akit; this one needs version " +
                        std::to_string(kVersion) + ": start an agent with it, which upgrades it"));
}

Result<backends::CursorCodec::Key> migrate(const PgAddress& address) {
    PgSession session(address);
    if (Result<void> usable = check_server(session); !usable)
        return fail(std::move(usable.error()));
    if (Result<void> alone = check_pooler(session, address); !alone)
        return fail(std::move(alone.error()));
    if (Result<void> begun = begin_alone(session); !begun) return fail(std::move(begun.error()));
    Result<int> version = stored_version(session);
    if (!version) return fail(std::move(version.error()));
    if (*version > kVersion) return fail(of_a_newer_version(*version));
    if (*version < kVersion) {
        if (Result<void> upgraded = upgrade(session, *version); !upgraded)
            return fail(std::move(upgraded.error()));
    }
    auto key = read_key(session);
    if (!key) return key;
    if (auto committed = session.run("commit"); !committed)
        return fail(std::move(committed.error()));
    if (*version < kVersion) log::info("postgres schema_version={} was={}", kVersion, *version);
    return key;
}

}  // namespace a2akit::postgres
