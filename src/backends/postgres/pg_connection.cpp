#include "backends/postgres/pg_connection.hpp"

#include "backends/postgres/libpq.hpp"
#include "backends/postgres/pg_error.hpp"

#include <array>
#include <utility>

namespace a2akit::postgres {
namespace {

// Times below the deadline after which a connection counts as dead, so that a slow statement does
// not end it. Every statement finds its rows by an index whatever its parameters are; left to
// itself, the server plans some anew each time.
constexpr const char* kOptions =
    "-c statement_timeout=8000 -c lock_timeout=4000 -c client_min_messages=warning "
    "-c plan_cache_mode=force_generic_plan";

// One entry for each address of each server; those whose name has none are left out.
AsyncResult<PgAddress::Servers> find_servers(PgLookups& lookups, PgAddress::Servers asked,
                                             SteadyTime deadline) {
    PgAddress::Servers found;
    found.first = asked.first;
    Result<void> outcome;
    for (std::size_t i = 0; i < asked.hosts.size(); ++i) {
        const auto addresses = co_await lookups.addresses(asked.hosts[i], deadline);
        if (!addresses) outcome = fail(addresses.error());
        if (!addresses) continue;
        for (const std::string& address : *addresses) {
            found.hosts.push_back(asked.hosts[i]);
            found.ports.push_back(asked.ports[i]);
            found.addresses.push_back(address == asked.hosts[i] ? "" : address);
        }
    }
    if (found.hosts.empty() && !outcome) co_return fail(std::move(outcome.error()));
    co_return found;
}

}  // namespace

PgConnection::~PgConnection() { drop(); }

std::optional<SteadyTime> PgConnection::waits_since() const noexcept {
    if (under_way_.empty()) return std::nullopt;
    return sent_at_;
}

AsyncResult<void> PgConnection::wait_until_ready(Wanted wanted, SteadyTime deadline) {
    Signal ready;
    boost::system::error_code error;
    descriptor_.assign(PQsocket(connection_), error);
    if (error) co_return fail(unavailable("the connection to PostgreSQL cannot be watched"));
    const auto kind = wanted == Wanted::kRead ? Descriptor::wait_read : Descriptor::wait_write;
    bool ended = false;
    descriptor_.async_wait(kind, [&ready, &ended](const boost::system::error_code&) {
        ended = true;
        ready.set();
    });
    const bool in_time = co_await ready.wait_until(deadline);
    descriptor_.release();
    if (!ended) {
        ready.reset();
        co_await ready.wait();  // the handler refers to this frame
    }
    if (in_time) co_return Result<void>();
    co_return fail(connection_error("timeout expired"));
}

AsyncResult<void> PgConnection::start_connecting(const PgAddress& address,
                                                 const PgAddress::Servers& servers,
                                                 SteadyTime deadline) {
    const std::string hosts = PgAddress::list(servers.hosts);
    const std::string addresses = PgAddress::list(servers.addresses);
    const std::string ports = PgAddress::list(servers.ports);
    // What stands before the URL is a default; what stands behind overrules it.
    const std::array keywords{"fallback_application_name",
                              "target_session_attrs",
                              "keepalives_idle",
                              "keepalives_interval",
                              "tcp_user_timeout",
                              "dbname",
                              "host",
                              "hostaddr",
                              "port",
                              "client_encoding",
                              address.has_options ? nullptr : "options",
                              static_cast<const char*>(nullptr)};
    const std::array values{"a2akit",      "read-write",      "15",
                            "5",           "10000",           address.url.c_str(),
                            hosts.c_str(), addresses.c_str(), ports.c_str(),
                            "UTF8",        kOptions,          static_cast<const char*>(nullptr)};
    connection_ = PQconnectStartParams(keywords.data(), values.data(), 1);
    if (connection_ == nullptr) co_return fail(ErrorCode::kInternal, "no memory for a connection");
    PQsetErrorVerbosity(connection_,
                        PQERRORS_VERBOSE);  // with the SQLSTATE, which no language changes
    PQsetNoticeProcessor(connection_, &log_notice, nullptr);
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    while (PQstatus(connection_) != CONNECTION_BAD && wanted != PGRES_POLLING_OK &&
           wanted != PGRES_POLLING_FAILED) {
        const auto direction = wanted == PGRES_POLLING_READING ? Wanted::kRead : Wanted::kWrite;
        Result<void> ready = co_await wait_until_ready(direction, deadline);
        if (!ready) co_return ready;
        wanted = PQconnectPoll(connection_);
    }
    if (PQstatus(connection_) != CONNECTION_OK)
        co_return fail(connection_error(PQerrorMessage(connection_)));
    co_return Result<void>();
}

AsyncResult<void> PgConnection::open(const PgAddress& address, PgLookups& lookups,
                                     SteadyTime deadline, std::size_t attempt) {
    const auto keep = shared_from_this();
    PgAddress::Servers asked = address.servers(attempt);
    const Result<PgAddress::Servers> servers =
        co_await find_servers(lookups, std::move(asked), deadline);
    if (!servers) co_return fail(servers.error());
    Result<void> connected = co_await start_connecting(address, *servers, deadline);
    if (!connected) {
        drop();
        co_return connected;
    }
    boost::system::error_code error;
    descriptor_.assign(PQsocket(connection_), error);
    if (error || PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
        drop();
        co_return fail(unavailable("the connection to PostgreSQL cannot be used"));
    }
    address.note_success(*servers);
    pipelining_ = true;
    heard_at_ = loop_.now();
    await_readable();
    co_return Result<void>();
}

void PgConnection::send_one(PgRequest& request) {
    const PgStatement& statement = request.statement;
    if (prepared_.size() <= statement.index) prepared_.resize(statement.index + 1);
    request.prepares = !prepared_[statement.index];
    if (request.prepares) {
        prepared_[statement.index] = true;
        PQsendPrepare(connection_, statement.name.c_str(), statement.sql.c_str(), 0, nullptr);
    }
    const auto values = request.params.values();
    const std::vector<int> formats(values.size(), 1);
    PQsendQueryPrepared(connection_, statement.name.c_str(), request.params.count(), values.data(),
                        request.params.lengths(), formats.data(), 1);
}

void PgConnection::send(PgRequestQueue requests) {
    under_way_ = requests;
    sent_at_ = loop_.now();
    for (PgRequest* request = requests.front(); request != nullptr; request = request->behind)
        send_one(*request);
    current_ = requests.front();
    commands_left_ = current_->prepares ? 2 : 1;
    // What libpq could not take before shows here.
    if (PQpipelineSync(connection_) != 1) return close(connection_lost());
    if (flush_.keep == nullptr) {
        flush_.keep = shared_from_this();
        loop_.post(flush_);
    }
}

AsyncResult<PgRows> PgConnection::run(const PgStatement& statement) {
    struct Reply {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiter) noexcept {
            request.waiter = waiter;
            request.home = Loop::current();
            PgRequestQueue only;
            only.push(request);
            connection->send(only);
        }
        Result<PgRows> await_resume() noexcept { return std::move(request.outcome); }
        std::shared_ptr<PgConnection> connection;
        PgRequest& request;
    };
    PgRequest request(statement, PgParams());
    Reply reply{shared_from_this(), request};
    co_return co_await reply;
}

void PgConnection::flush() noexcept {
    if (connection_ == nullptr || writing_) return;
    const int left = PQflush(connection_);
    if (left < 0) return close(connection_lost());
    if (left > 0) await_writable();
}

void PgConnection::await_writable() {
    writing_ = true;
    descriptor_.async_wait(Descriptor::wait_write,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               self->writing_ = false;
                               if (!error) self->flush();
                           });
}

void PgConnection::await_readable() {
    descriptor_.async_wait(Descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               if (error || self->connection_ == nullptr) return;
                               self->read();
                               if (self->connection_ != nullptr) self->await_readable();
                           });
}

void PgConnection::read() {
    heard_at_ = loop_.now();
    const bool alive = PQconsumeInput(connection_) == 1;
    take_results();
    take_notifications();
    if (!alive || PQstatus(connection_) == CONNECTION_BAD) return close(connection_lost());
    flush();
}

void PgConnection::take_results() {
    constexpr int kMostGaps = 2;
    int gaps = 0;
    while (!under_way_.empty() && PQisBusy(connection_) == 0) {
        PGresult* result = PQgetResult(connection_);
        if (result == nullptr) {
            if (current_ != nullptr)
                end_command();
            else if (++gaps > kMostGaps)
                return;
            continue;
        }
        PgRows rows(result);
        switch (PQresultStatus(result)) {
            case PGRES_TUPLES_OK:
                if (current_ != nullptr) current_->rows = std::move(rows);
                break;
            case PGRES_FATAL_ERROR:
            case PGRES_BAD_RESPONSE: {
                const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
                const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
                failure_ = state == nullptr ? connection_lost()
                                            : statement_error(state, text == nullptr ? "" : text);
                ends_ = ends_ || (state != nullptr && ends_connection(state));
                current_failed_ = true;
                break;
            }
            case PGRES_PIPELINE_SYNC:
                end_transaction();
                break;
            // skipped, since one before it failed
            case PGRES_PIPELINE_ABORTED:
                current_failed_ = true;
                break;
            // of a PREPARE, or of a statement without rows
            default:
                break;
        }
    }
}

void PgConnection::end_command() {
    const bool was_prepare = commands_left_ == 2;
    // Its statement is as unknown as before.
    if (was_prepare && current_failed_) prepared_[current_->statement.index] = false;
    current_failed_ = false;
    if (--commands_left_ > 0) return;
    current_ = current_->behind;
    if (current_ != nullptr) commands_left_ = current_->prepares ? 2 : 1;
}

void PgConnection::end_transaction() {
    PgRequestQueue ended = std::exchange(under_way_, PgRequestQueue());
    const auto failure = std::exchange(failure_, std::nullopt);
    current_ = nullptr;
    PgRequestQueue again;
    const bool several = ended.size() > 1;
    while (PgRequest* request = ended.pop()) {
        if (!failure) {
            PgRows rows = std::move(request->rows);
            request->finish(std::move(rows));
        } else if (several) {
            request->rows = PgRows();
            request->alone = true;
            again.push(*request);
        } else {
            request->finish(fail(*failure));
        }
    }
    if (ends_ && failure) close(*failure);  // before what has to be run again comes back to it
    if (on_idle_) on_idle_(again);
}

void PgConnection::take_notifications() {
    while (PGnotify* notification = PQnotifies(connection_)) {
        if (on_notify_) on_notify_(notification->extra);
        PQfreemem(notification);
    }
}

void PgConnection::close(Error error) {
    if (connection_ == nullptr) return;
    drop();
    current_ = nullptr;
    while (PgRequest* request = under_way_.pop()) request->finish(fail(error));
    closed_.set();
}

void PgConnection::drop() {
    pipelining_ = false;
    if (connection_ == nullptr) return;
    if (descriptor_.is_open()) descriptor_.release();
    PQfinish(std::exchange(connection_, nullptr));
}

}  // namespace a2akit::postgres
