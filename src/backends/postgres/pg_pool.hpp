#pragma once

#include "backends/postgres/pg_connection.hpp"
#include "backends/postgres/pg_error.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::postgres {

/// Some connections that requests share. A request that finds one idle is sent at once; what comes
/// while all are busy is sent together by the next that gets idle, as one transaction: one commit
/// for many, and no write can fail another, since those of a failed transaction are run again
/// alone. Connections that break are made anew, with back-off and jitter; one that has been quiet
/// for a while is asked whether its server still answers.
///
/// While no connection stands, requests wait for one for a moment and then fail with kUnavailable;
/// so does what a connection does not answer in time, and the connection is given up. Belongs to
/// one loop, but for `run`, which is safe from any thread.
class PgPool {
public:
    /// `quiet`: another pool tells the log of the server's outages.
    /// REQUIRES: the address, the lookups, and the statement that asks whether a server answers,
    /// outlive it.
    PgPool(net::AsioLoop& loop, const PgAddress& address, PgLookups& lookups,
           const PgStatement& alive, bool quiet)
        : loop_(loop), address_(address), lookups_(lookups), alive_(alive), quiet_(quiet) {}
    PgPool(const PgPool&) = delete;
    PgPool& operator=(const PgPool&) = delete;

    /// Returns when the first connection stands, or could not be made.
    AsyncResult<void> start();
    Async<void> stop();

    /// Runs a statement and resumes on the caller's loop.
    AsyncResult<PgRows> run(const PgStatement& statement, PgParams params);
    /// Statements whose callers have not gone on yet.
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.load(); }

private:
    struct Slot {
        std::shared_ptr<PgConnection> connection;  ///< null: being made
        Signal stop;
    };
    template <class, class>
    friend class backends::Submission;

    Async<void> keep(Slot& slot);
    void tell_log(const std::string& problem);
    Async<void> watch();
    void submit(PgRequest& request);
    void send_waiting();
    [[nodiscard]] PgRequestQueue next_transaction(std::size_t idle);
    void fail_waiting();
    [[nodiscard]] bool is_up() const noexcept;

    net::AsioLoop& loop_;
    const PgAddress& address_;
    PgLookups& lookups_;
    const PgStatement& alive_;
    const bool quiet_;
    std::vector<std::unique_ptr<Slot>> slots_;
    PgRequestQueue waiting_;
    TaskGroup group_;
    Signal first_outcome_;
    Signal stop_watching_;
    /// Why the last attempt failed; or what to say before there was one.
    Error down_ = connection_lost();
    std::string logged_;                    ///< What the log says to be wrong; empty: nothing.
    std::optional<SteadyTime> down_since_;  ///< No connection stands since then.
    bool stopping_ = true;
    std::atomic<std::size_t> under_way_{0};
};

/// How long to wait before the next attempt: doubling to some seconds, and different on every node.
[[nodiscard]] Duration backoff(int attempt);

/// Gives up a connection that does not answer in time, and asks one that has been quiet whether its
/// server still answers: a server that went silently would else be noticed by the next request
/// only, or, by who listens, never. On the connection's loop. REQUIRES: `alive` lives until `group`
/// is joined.
void look_after(const std::shared_ptr<PgConnection>& connection, const PgStatement& alive,
                SteadyTime now, TaskGroup& group);

}  // namespace a2akit::postgres
