#pragma once

#include "backends/postgres/pg_address.hpp"
#include "backends/postgres/pg_lookup.hpp"
#include "backends/postgres/pg_request.hpp"
#include "net/asio_loop.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace a2akit::postgres {

/// One connection in pipeline mode. Statements that are sent together are one transaction, with one
/// commit for all: answers count only when it is committed. Belongs to one loop; made as a
/// shared_ptr, which what is under way holds.
class PgConnection : public std::enable_shared_from_this<PgConnection> {
public:
    explicit PgConnection(net::AsioLoop& loop)
        : loop_(loop), descriptor_(loop.context().get_executor()) {}
    PgConnection(const PgConnection&) = delete;
    PgConnection& operator=(const PgConnection&) = delete;
    ~PgConnection();

    /// kUnavailable, in words for an operator. Once. `attempt`: how many have failed before.
    AsyncResult<void> open(const PgAddress& address, PgLookups& lookups, SteadyTime deadline,
                           std::size_t attempt);
    /// Runs the requests as one transaction. When one of several fails, none has happened, and
    /// `idle` gets them all back, to be run alone. REQUIRES: open; nothing is under way; not empty.
    void send(PgRequestQueue requests);
    /// Runs one statement by itself, on this connection. REQUIRES: as `send`; called on the
    /// connection's loop.
    AsyncResult<PgRows> run(const PgStatement& statement);
    /// Called whenever nothing is under way any more, with what has to be run again.
    using OnIdle = std::function<void(PgRequestQueue again)>;
    void on_idle(OnIdle on_idle) { on_idle_ = std::move(on_idle); }
    /// Ends it; what is under way fails with `error`, and `closed` is raised.
    void close(Error error);

    [[nodiscard]] bool is_open() const noexcept { return connection_ != nullptr && pipelining_; }
    [[nodiscard]] Signal& closed() noexcept { return closed_; }
    [[nodiscard]] bool is_idle() const noexcept { return under_way_.empty(); }
    /// Since when what is under way waits for its answer.
    [[nodiscard]] std::optional<SteadyTime> waits_since() const noexcept;
    /// When the server last said something.
    [[nodiscard]] SteadyTime heard_at() const noexcept { return heard_at_; }

    using OnNotify = std::function<void(std::string_view payload)>;
    void on_notify(OnNotify on_notify) { on_notify_ = std::move(on_notify); }

private:
    using Descriptor = boost::asio::posix::basic_stream_descriptor<net::AsioLoop::Executor>;
    enum class Wanted { kRead, kWrite };
    struct Flush : Work {
        explicit Flush(PgConnection& c) noexcept
            : Work([](Work& work) noexcept {
                  const auto self = std::move(static_cast<Flush&>(work).keep);
                  self->flush();
              }),
              connection(c) {}
        PgConnection& connection;
        std::shared_ptr<PgConnection> keep;  ///< Set while posted.
    };

    AsyncResult<void> wait_until_ready(Wanted wanted, SteadyTime deadline);
    AsyncResult<void> start_connecting(const PgAddress& address, const PgAddress::Servers& servers,
                                       SteadyTime deadline);
    void flush() noexcept;
    void await_readable();
    void await_writable();
    void read();
    void take_results();
    void take_notifications();
    void send_one(PgRequest& request);
    void end_command();
    void end_transaction();
    void drop();

    net::AsioLoop& loop_;
    Descriptor descriptor_;
    pg_conn* connection_ = nullptr;
    bool pipelining_ = false;
    bool writing_ = false;
    SteadyTime heard_at_{};
    SteadyTime sent_at_{};
    PgRequestQueue under_way_;
    /// Of those under way, whose results are read; null: the commit.
    PgRequest* current_ = nullptr;
    int commands_left_ = 0;  ///< Of the current one: its PREPARE, itself.
    bool ends_ = false;      ///< Once nothing is under way any more.
    bool current_failed_ = false;
    std::optional<Error> failure_;  ///< Of the transaction.
    std::vector<bool> prepared_;
    Flush flush_{*this};
    Signal closed_;
    OnNotify on_notify_;
    OnIdle on_idle_;
};

}  // namespace a2akit::postgres
