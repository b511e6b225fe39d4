#include "backends/postgres/pg_error.hpp"

#include "backends/common/log_pace.hpp"
#include "core/log.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr std::chrono::milliseconds kRetryAfter(1000);

constexpr std::string_view kReadOnly =
    "PostgreSQL takes no writes: it is a read-only replica or set to read-only; name the primary "
    "in the URL";
constexpr std::string_view kClosed =
    "PostgreSQL closed a connection before it was made; its log says why";
constexpr std::string_view kForgetful =
    "PostgreSQL has lost a prepared statement; a pooler in between has to keep sessions (pool_mode "
    "= session)";
constexpr std::string_view kNoPostgres =
    "the server at the host and port of the PostgreSQL URL is not PostgreSQL; correct them";

struct Meaning {
    std::string_view sign;  ///< A part of the server's message, or how an SQLSTATE begins.
    std::string_view words;
};

// The first that is found counts. A server says its SQLSTATE in every language; libpq's own words
// are never translated, since the process sets no locale.
constexpr std::array kConnectionFailures{
    Meaning{"no pg_hba.conf entry",
            "PostgreSQL allows no connections from this host; add a line to its pg_hba.conf or use "
            "TLS (sslmode=require)"},
    Meaning{":  28P01: ", "PostgreSQL refuses the credentials; check user and password in the URL"},
    Meaning{":  28000: ",
            "PostgreSQL does not let the user of the URL in; create it, correct the URL, or add a "
            "line to pg_hba.conf"},
    Meaning{":  3D000: ",
            "PostgreSQL has no database of the URL's name; create it or correct the URL"},
    Meaning{":  42501: ",
            "PostgreSQL does not let the user of the URL into its database; grant it CONNECT or "
            "correct the URL"},
    Meaning{":  53300: ",
            "PostgreSQL has no connection left; raise its max_connections (or the limit of the "
            "user or the database), or "
            "lower `connections` in the URL"},
    Meaning{":  57P0", "PostgreSQL is starting up or shutting down; it is asked again"},
    Meaning{
        ":  55000: ",
        "the database of the URL takes no connections (ALLOW_CONNECTIONS false); choose another"},
    Meaning{"unsupported startup parameter",
            "a pooler stands before PostgreSQL and refuses a parameter; set "
            "ignore_startup_parameters = options there"},
    Meaning{"no password supplied", "PostgreSQL asks for a password; put one into the URL"},
    Meaning{
        "could not translate host name",
        "the host name of the PostgreSQL URL cannot be resolved; correct it or the name service"},
    Meaning{"Connection refused",
            "no server answers at the host and port of the PostgreSQL URL; start the server or "
            "correct them"},
    Meaning{"No such file or directory",
            "there is no PostgreSQL at the socket of the URL; start the server or name its host"},
    Meaning{"timeout expired",
            "the host of the PostgreSQL URL does not answer; check host, port and firewall"},
    Meaning{"No route to host",
            "the host of the PostgreSQL URL cannot be reached; check host and network"},
    Meaning{"Network is unreachable",
            "the host of the PostgreSQL URL cannot be reached; check host and network"},
    Meaning{"closed the connection unexpectedly", kClosed},
    Meaning{"could not receive data", kClosed},
    Meaning{"could not send", kClosed},
    Meaning{"read-only", kReadOnly},
    Meaning{"received invalid response", kNoPostgres},
    Meaning{"expected authentication request", kNoPostgres},
    Meaning{"certificate",
            "the TLS certificate of PostgreSQL is not accepted; check sslmode and sslrootcert"},
    Meaning{"SSL", "PostgreSQL and the URL do not agree about TLS; check sslmode"},
    Meaning{"invalid ",
            "a parameter of the PostgreSQL URL has a value that libpq does not know; correct it"},
};

constexpr std::array kOutages{
    Meaning{"08", "the connection to PostgreSQL is broken"},
    Meaning{"25006", kReadOnly},
    Meaning{"26000", kForgetful},
    Meaning{"42P05", kForgetful},
    Meaning{"40", "PostgreSQL gave up a transaction that stood in another's way; try again"},
    Meaning{"53100", "the disk of PostgreSQL is full; make room there"},
    Meaning{"53", "PostgreSQL is out of memory, disk or connections; its log says of what"},
    Meaning{"55P03", "PostgreSQL waited too long for a lock; its pg_locks says who holds it"},
    Meaning{"57014",
            "PostgreSQL took too long for a statement; its load or its plans are to be looked at"},
    Meaning{"57P", "PostgreSQL is shutting down or starting up"},
    Meaning{"58", "PostgreSQL cannot read or write its files; its log says which"},
};

backends::LogPace<kOutages.size() + 1> log_pace;

}  // namespace

Error unavailable(std::string message) {
    return Error::unavailable(std::move(message), kRetryAfter);
}

Error connection_lost() { return unavailable("PostgreSQL does not answer"); }

Error statement_error(std::string_view sqlstate, std::string_view message) {
    for (std::size_t kind = 0; kind < kOutages.size(); ++kind) {
        const Meaning& outage = kOutages[kind];
        if (!sqlstate.starts_with(outage.sign)) continue;
        if (log_pace.is_time(kind))
            log::warn("postgres sqlstate={} error=\"{}\"", sqlstate, message);
        return unavailable(std::string(outage.words));
    }
    // Each read of a damaged value says so again.
    if (!sqlstate.starts_with("XX") || log_pace.is_time(kOutages.size()))
        log::error("postgres sqlstate={} error=\"{}\"", sqlstate, message);
    return Error{ErrorCode::kInternal, "PostgreSQL refused a statement", nullptr};
}

bool ends_connection(std::string_view sqlstate) { return sqlstate == "25006"; }

void log_notice(void*, const char* message) {
    std::string_view text(message);
    while (text.ends_with('\n')) text.remove_suffix(1);
    log::debug("postgres notice=\"{}\"", text);
}

Error connection_error(std::string_view message) {
    for (const Meaning& failure : kConnectionFailures) {
        if (message.find(failure.sign) != std::string_view::npos)
            return unavailable(std::string(failure.words));
    }
    return unavailable("PostgreSQL cannot be reached; check the URL and the server's log");
}

}  // namespace a2akit::postgres
