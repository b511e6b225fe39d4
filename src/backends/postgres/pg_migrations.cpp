#include "backends/postgres/pg_migrations.hpp"

#include "backends/postgres/pg_error.hpp"
#include "backends/postgres/pg_sql.hpp"
#include "backends/postgres/pg_statements.hpp"
#include "backends/postgres/pg_values.hpp"
#include "core/log.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>

namespace a2akit::postgres {
namespace {

constexpr int kVersion = 1;
constexpr int kOldestServer = 150000;
constexpr const char* kApplication = "a2akit";

Error refused(std::string message) { return Error{ErrorCode::kInvalidParams, std::move(message), nullptr}; }

/// A connection that blocks, in text form.
class Session {
public:
    explicit Session(const PgAddress& address) : schema_(address.schema) {
        const std::array keywords{"fallback_application_name", "connect_timeout", "dbname",
                                  static_cast<const char*>(nullptr)};
        const std::array values{"a2akit", "5", address.url.c_str(), static_cast<const char*>(nullptr)};
        connection_.reset(::PQconnectdbParams(keywords.data(), values.data(), 1));
    }
    [[nodiscard]] Result<void> connected() const {
        if (::PQstatus(connection_.get()) == CONNECTION_OK) return {};
        return fail(connection_error(::PQerrorMessage(connection_.get())));
    }
    [[nodiscard]] int server_version() const { return ::PQserverVersion(connection_.get()); }

    /// Statements without parameters; the first column of the first row of the last one, if there is any.
    Result<std::optional<std::string>> run(std::string_view sql) {
        const std::string text = in_schema(sql, schema_);
        PGresult* result = ::PQexec(connection_.get(), text.c_str());
        const PgRows rows(result);
        const auto status = ::PQresultStatus(result);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return fail(error_of(result));
        if (::PQntuples(result) == 0 || ::PQgetisnull(result, 0, 0) != 0) return std::optional<std::string>();
        return std::optional(std::string(::PQgetvalue(result, 0, 0)));
    }

private:
    static Error error_of(const PGresult* result) {
        const char* state = ::PQresultErrorField(result, PG_DIAG_SQLSTATE);
        if (state == nullptr) return connection_lost();
        const char* text = ::PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        if (std::strcmp(state, "42501") == 0) {
            return refused("the user of the PostgreSQL URL may not make or use the schema; grant it CREATE on the "
                           "database, or make the schema and give it to the user");
        }
        return statement_error(state, text == nullptr ? "" : text);
    }

    const std::string& schema_;
    std::unique_ptr<PGconn, decltype(&::PQfinish)> connection_{nullptr, &::PQfinish};
};

Result<void> check_server(Session& session) {
    if (Result<void> connected = session.connected(); !connected) return connected;
    if (session.server_version() < kOldestServer) {
        return fail(refused("PostgreSQL 15 or later is needed; this server is version " +
                            std::to_string(session.server_version() / 10000)));
    }
    auto read_only = session.run("select (pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool)::text");
    if (!read_only) return fail(std::move(read_only.error()));
    if (*read_only == "true") {
        return fail(refused("the PostgreSQL server takes no writes: it is a read-only replica or set to read-only; name "
                            "the primary in the URL"));
    }
    return {};
}

/// The version that stands in the database; 0: none yet.
Result<int> stored_version(Session& session) {
    auto known = session.run("select to_regclass('{schema}.meta')::text");
    if (!known) return fail(std::move(known.error()));
    const auto foreign = [] {
        return fail(refused("the schema of the PostgreSQL URL belongs to another application; name another one with "
                            "?schema="));
    };
    if (!*known) {
        auto tables = session.run("select count(*)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                                  "where n.nspname = '{schema}'");
        if (!tables) return fail(std::move(tables.error()));
        if (*tables != "0") return foreign();
        return 0;
    }
    auto ours = session.run("select (select count(*) from pg_attribute where attrelid = '{schema}.meta'::regclass and "
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

std::string hex(const backends::CursorCodec::Key& key) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : key) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Result<backends::CursorCodec::Key> read_key(Session& session) {
    auto text = session.run("select encode(cursor_key, 'hex') from {schema}.meta");
    if (!text) return fail(std::move(text.error()));
    backends::CursorCodec::Key key{};
    const std::string& digits = text->value_or("");
    if (digits.size() != key.size() * 2) return fail(ErrorCode::kInternal, "the schema's cursor key has a wrong length");
    for (std::size_t i = 0; i < key.size(); ++i) {
        std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, key[i], 16);
    }
    return key;
}

Result<void> upgrade(Session& session, int from) {
    std::string script = "begin;";
    if (from < 1) {
        script += "create schema if not exists {schema};";
        script += "create table {schema}.meta (application text not null, version int not null, cursor_key bytea not "
                  "null, made timestamptz not null default now());";
        script += sql::kTables1;
        script += "insert into {schema}.meta (application, version, cursor_key) values ('";
        script += kApplication;
        script += "', 0, '\\x" + hex(backends::CursorCodec::random_key()) + "');";
    }
    for (const char* const* functions = sql::kFunctions; *functions != nullptr; ++functions) script += *functions;
    script += "update {schema}.meta set version = " + std::to_string(kVersion) + "; commit;";
    auto done = session.run(script);
    if (!done) return fail(std::move(done.error()));
    log::info("postgres schema_version={} was={}", kVersion, from);
    return {};
}

}  // namespace

Result<backends::CursorCodec::Key> migrate(const PgAddress& address) {
    Session session(address);
    if (Result<void> usable = check_server(session); !usable) return fail(std::move(usable.error()));
    // Kept until the session ends.
    auto locked = session.run("set client_min_messages = warning; select pg_advisory_lock(hashtext('a2akit.{schema}'))");
    if (!locked) return fail(std::move(locked.error()));
    Result<int> version = stored_version(session);
    if (!version) return fail(std::move(version.error()));
    if (*version > kVersion) {
        return fail(refused("the schema has version " + std::to_string(*version) + ", made by a newer a2akit; this one "
                            "knows versions up to " + std::to_string(kVersion) + ": run the newer one"));
    }
    if (*version < kVersion) {
        if (Result<void> upgraded = upgrade(session, *version); !upgraded) return fail(std::move(upgraded.error()));
    }
    return read_key(session);
}

}  // namespace a2akit::postgres
