#include "backends/postgres/pg_session.hpp"

#include "backends/postgres/libpq.hpp"
#include "backends/postgres/pg_error.hpp"
#include "backends/postgres/pg_statements.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr auto kConnectWithin = std::chrono::seconds(5);

}  // namespace

Error refused(std::string message) {
    return Error{ErrorCode::kInvalidParams, std::move(message), nullptr};
}

void PgSession::finish(pg_conn* connection) noexcept { PQfinish(connection); }

Result<void> PgSession::connect() {
    Result<void> connected;
    std::size_t attempt = 0;
    do {
        const PgAddress::Servers servers = address_.servers(attempt);
        connected = connect(servers);
        if (connected) address_.note_success(servers);
    } while (!connected && ++attempt < address_.hosts.size());
    return connected;
}

int PgSession::server_version() const { return PQserverVersion(connection_.get()); }

Result<std::optional<std::string>> PgSession::run(std::string_view sql,
                                                  std::chrono::seconds within) {
    const Deadline deadline = std::chrono::steady_clock::now() + within;
    found_damage_ = false;
    const std::string text = in_schema(sql, address_.schema);
    if (PQsendQuery(connection_.get(), text.c_str()) != 1) return fail(connection_lost());
    Result<std::optional<std::string>> answer;
    for (;;) {
        if (!wait_for_result(deadline)) return fail(connection_lost());
        PGresult* result = PQgetResult(connection_.get());
        if (result == nullptr) return answer;
        const PgRows rows(result);
        const auto status = PQresultStatus(result);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            answer = fail(error_of(result));
            continue;
        }
        answer = std::nullopt;
        if (PQntuples(result) != 0 && PQgetisnull(result, 0, 0) == 0)
            answer = PQgetvalue(result, 0, 0);
    }
}

Result<void> PgSession::each_row(std::string_view sql, const PgParams& params,
                                 std::chrono::seconds within, const UseRow& use) {
    found_damage_ = false;
    const std::string text = in_schema(sql, address_.schema);
    const std::vector<const char*> values = params.values();
    const std::vector<int> formats(values.size(), 1);
    if (PQsendQueryParams(connection_.get(), text.c_str(), params.count(), nullptr, values.data(),
                          params.lengths(), formats.data(), 1) != 1 ||
        PQsetSingleRowMode(connection_.get()) != 1) {
        return fail(connection_lost());
    }
    Result<void> done;
    for (;;) {
        if (!wait_for_result(std::chrono::steady_clock::now() + within))
            return fail(connection_lost());
        PGresult* result = PQgetResult(connection_.get());
        if (result == nullptr) return done;
        const PgRows rows(result);
        const auto status = PQresultStatus(result);
        if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
            done = fail(error_of(result));
        for (int i = 0; done && i < rows.size(); ++i) use(rows[i]);
    }
}

Result<void> PgSession::connect(const PgAddress::Servers& servers) {
    const std::string hosts = PgAddress::list(servers.hosts);
    const std::string ports = PgAddress::list(servers.ports);
    const std::array keywords{
        "fallback_application_name",      "target_session_attrs", "dbname", "host", "port",
        static_cast<const char*>(nullptr)};
    const std::array values{"a2akit",      "read-write",  address_.url.c_str(),
                            hosts.c_str(), ports.c_str(), static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    const Deadline deadline = std::chrono::steady_clock::now() + kConnectWithin;
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(connection_.get(), &log_notice, nullptr);
    for (auto wanted = PGRES_POLLING_WRITING; wanted != PGRES_POLLING_OK;) {
        if (wanted == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
            return fail(connection_error(PQerrorMessage(connection_.get())));
        }
        if (!wait(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
            return fail(connection_error("timeout expired"));
        }
        wanted = PQconnectPoll(connection_.get());
    }
    return {};
}

bool PgSession::wait(short events, Deadline deadline) const {
    for (;;) {
        pollfd socket{PQsocket(connection_.get()), events, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        const int ready = ::poll(&socket, 1, static_cast<int>(left.count()));
        if (ready >= 0 || errno != EINTR) return ready > 0;
    }
}

bool PgSession::wait_for_result(Deadline deadline) {
    while (PQisBusy(connection_.get()) != 0) {
        if (!wait(POLLIN, deadline) || PQconsumeInput(connection_.get()) != 1) return false;
    }
    return true;
}

Error PgSession::error_of(const pg_result* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == nullptr) return connection_lost();
    found_damage_ = std::strncmp(state, "XX", 2) == 0;
    const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (std::strcmp(state, "42501") == 0) {
        return refused(
            "the user of the PostgreSQL URL may not make or use the schema; grant it CREATE on the "
            "database, or make the schema and give it to the user");
    }
    if (std::strcmp(state, "55P03") == 0) {
        return unavailable(
            "another node has been making or upgrading the schema for 30 s; pg_locks says who "
            "holds the lock: wait for it or end it, and start again");
    }
    return statement_error(state, text == nullptr ? "" : text);
}

}  // namespace a2akit::postgres
