#include "backends/postgres/pg_error.hpp"

#include "core/log.hpp"

#include <array>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr std::chrono::milliseconds kRetryAfter(1000);

struct Meaning {
    std::string_view sign;  ///< A part of the server's message, or how an SQLSTATE begins.
    std::string_view words;
};

constexpr std::array kConnectionFailures{
    Meaning{"password authentication failed",
            "PostgreSQL refuses the credentials; check user and password in the URL"},
    Meaning{"no password supplied", "PostgreSQL asks for a password; put one into the URL"},
    Meaning{"no pg_hba.conf entry",
            "PostgreSQL lets nobody in from this host; add a line to its pg_hba.conf or use TLS (sslmode=require)"},
    Meaning{"role \"", "PostgreSQL does not know the user of the URL; create it or correct the URL"},
    Meaning{"database \"", "PostgreSQL has no database of the URL's name; create it or correct the URL"},
    Meaning{"could not translate host name",
            "the host name of the PostgreSQL URL cannot be resolved; correct it or the name service"},
    Meaning{"Connection refused",
            "nobody answers at the host and port of the PostgreSQL URL; start the server or correct them"},
    Meaning{"No such file or directory",
            "there is no PostgreSQL at the socket of the URL; start the server or name its host"},
    Meaning{"timeout expired", "the host of the PostgreSQL URL does not answer; check host, port and firewall"},
    Meaning{"No route to host", "the host of the PostgreSQL URL cannot be reached; check host and network"},
    Meaning{"Network is unreachable", "the host of the PostgreSQL URL cannot be reached; check host and network"},
    Meaning{"read-only", "PostgreSQL takes no writes: it is a read-only replica; name the primary in the URL"},
    Meaning{"starting up", "PostgreSQL is starting up"},
    Meaning{"shutting down", "PostgreSQL is shutting down"},
    Meaning{"too many clients", "PostgreSQL has no connection left; raise its max_connections or lower `connections`"},
    Meaning{"remaining connection slots",
            "PostgreSQL has no connection left; raise its max_connections or lower `connections`"},
    Meaning{"certificate", "the TLS certificate of PostgreSQL is not accepted; check sslmode and sslrootcert"},
    Meaning{"SSL", "PostgreSQL and the URL do not agree about TLS; check sslmode"},
    Meaning{"invalid URI", "the PostgreSQL URL cannot be read; write postgresql://user:password@host:port/database"},
};

constexpr std::array kOutages{
    Meaning{"08", "the connection to PostgreSQL is broken"},
    Meaning{"25006", "PostgreSQL takes no writes: it is a read-only replica; name the primary in the URL"},
    Meaning{"26000", "PostgreSQL could not prepare a statement"},
    Meaning{"40", "PostgreSQL gave up a transaction that stood in another's way"},
    Meaning{"53100", "the disk of PostgreSQL is full"},
    Meaning{"53", "PostgreSQL is out of memory, disk or connections"},
    Meaning{"55P03", "PostgreSQL waited too long for a lock"},
    Meaning{"57014", "PostgreSQL took too long"},
    Meaning{"57P", "PostgreSQL is shutting down or starting up"},
    Meaning{"58", "PostgreSQL cannot read or write its files"},
};

}  // namespace

Error unavailable(std::string message) { return Error::unavailable(std::move(message), kRetryAfter); }

Error connection_lost() { return unavailable("PostgreSQL does not answer"); }

Error statement_error(std::string_view sqlstate, std::string_view message) {
    for (const Meaning& outage : kOutages) {
        if (sqlstate.starts_with(outage.sign)) {
            log::warn("postgres sqlstate={} error=\"{}\"", sqlstate, message);
            return unavailable(std::string(outage.words));
        }
    }
    log::error("postgres sqlstate={} error=\"{}\"", sqlstate, message);
    return Error{ErrorCode::kInternal, "PostgreSQL refused a statement", nullptr};
}

Error connection_error(std::string_view message) {
    for (const Meaning& failure : kConnectionFailures) {
        if (message.find(failure.sign) != std::string_view::npos) return unavailable(std::string(failure.words));
    }
    return unavailable("PostgreSQL cannot be reached; check the URL and the server's log");
}

}  // namespace a2akit::postgres
