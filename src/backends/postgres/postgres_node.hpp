#pragma once

#include "backends/common/list_cursor.hpp"
#include "backends/common/node_roles.hpp"
#include "backends/common/unreadable_tasks.hpp"
#include "backends/postgres/pg_pool.hpp"
#include "backends/postgres/pg_statements.hpp"
#include "backends/postgres/postgres_notifier.hpp"
#include "backends/postgres/run_queue.hpp"
#include "net/loop_group.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace a2akit::postgres {

/// The objects that the ports of one process share: one loop on a separate thread, its connections,
/// the statements. Started with the first port and stopped with the last; safe from any thread.
class PostgresNode : public backends::NodeRoles {
public:
    /// `clock` null: the engine's own. Else it overrules the engine's, for tests.
    PostgresNode(PgAddress address, std::shared_ptr<const Clock> clock);
    /// REQUIRES: stopped, or never started.
    ~PostgresNode();
    PostgresNode(const PostgresNode&) = delete;
    PostgresNode& operator=(const PostgresNode&) = delete;

    enum Role : unsigned { kStorage = 1, kBroker = 2, kEventBus = 4, kCancelRegistry = 8 };
    AsyncResult<void> start(Role role) { return start_role(*this, loop(), role); }
    AsyncResult<void> stop(Role role) { return stop_role(*this, loop(), role); }
    /// Storage and Broker both stand here: who makes a turn enqueues it, who receives it has
    /// claimed it.
    [[nodiscard]] bool enqueues() const noexcept { return serves(kStorage) && serves(kBroker); }

    AsyncResult<PgRows> run(const PgStatement& statement, PgParams params) {
        return pool_.run(statement, std::move(params));
    }
    AsyncResult<void> check();
    /// Parameters that begin with the time: null for the engine's own.
    [[nodiscard]] PgParams params() const;

    /// Whether a call is not answered yet, or a notification not sent.
    [[nodiscard]] bool busy() {
        return calls_.load() != 0 || pool_.under_way() != 0 || notifier_.sending();
    }

    [[nodiscard]] const PgStatements& sql() const noexcept { return sql_; }
    [[nodiscard]] PostgresNotifier& notifier() noexcept { return notifier_; }
    [[nodiscard]] RunQueue& queue() noexcept { return queue_; }
    [[nodiscard]] backends::UnreadableTasks& unreadable() noexcept { return unreadable_; }
    [[nodiscard]] net::AsioLoop& loop() noexcept { return loops_[0]; }
    [[nodiscard]] PgLookups& lookups() noexcept { return lookups_; }  ///< On that loop.
    /// REQUIRES: started.
    [[nodiscard]] const backends::CursorCodec& cursors() const noexcept { return *cursors_; }

private:
    friend class backends::NodeRoles;
    AsyncResult<void> open();
    AsyncResult<void> begin(unsigned role, bool first);
    Async<void> end(unsigned role, bool last);

    const PgAddress address_;
    const std::shared_ptr<const Clock> clock_;
    const PgStatements sql_;
    backends::UnreadableTasks unreadable_;
    net::LoopGroup loops_{1};
    PgLookups lookups_;
    PgPool pool_;
    PostgresNotifier notifier_;
    RunQueue queue_;
    std::optional<backends::CursorCodec> cursors_;
    bool notifying_ = false;
};

}  // namespace a2akit::postgres
