#pragma once

#include "backends/common/peer_messages.hpp"
#include "backends/postgres/pg_pool.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

namespace a2akit::postgres {

class PostgresNode;

/// Tells the other nodes what happened here, and hears what happened there: NOTIFY and LISTEN, each
/// on a connection of its own. Wake-ups are gathered per task and leave in one NOTIFY, never inside
/// a transaction that writes a task, and only while other nodes live, which the heartbeat rows say.
///
/// Handlers are set before `start` and run on the node's loop. `start` and `stop` belong to that
/// loop, the rest may be called from any thread.
class PostgresNotifier {
public:
    PostgresNotifier(PostgresNode& node, const PgAddress& address);
    PostgresNotifier(const PostgresNotifier&) = delete;
    PostgresNotifier& operator=(const PostgresNotifier&) = delete;

    Async<void> start();
    Async<void> stop();

    void wake(const Wake& wake);
    /// Something can be received that this node has no room for.
    void offer_runs();
    [[nodiscard]] bool has_others() const noexcept { return others_.load() != 0; }

    /// Whether something is still to be sent.
    [[nodiscard]] bool sending() { return messages_.sending(); }
    /// How many entries this node has told the others, and has heard from them.
    [[nodiscard]] std::uint64_t told() const noexcept { return messages_.told(); }
    [[nodiscard]] std::uint64_t heard() const noexcept { return messages_.heard(); }
    [[nodiscard]] std::int64_t others() const noexcept { return others_.load(); }

    /// For a cancel, which is told in the statement that stores it.
    [[nodiscard]] std::string cancel_payload(const TaskId& task) {
        return messages_.of_cancel(task);
    }
    [[nodiscard]] const std::string& channel() const noexcept { return channel_; }

    backends::PeerMessages::Handlers handlers;
    /// It listens, again: what was told meanwhile has been missed.
    std::function<Async<void>()> listening;
    /// For handlers: runs on the node's loop, and `stop` waits for it.
    void spawn(Async<void> coroutine) { group_.spawn(std::move(coroutine)); }

private:
    Async<void> listen();
    AsyncResult<void> start_listening(std::shared_ptr<PgConnection> connection,
                                      std::size_t attempt);
    Async<void> send();
    Async<void> beat();
    Async<void> beat_once();
    Async<void> notify(std::string payload);
    void hear(std::string_view payload);

    PostgresNode& node_;
    const PgAddress& address_;
    const PgAddress own_address_;  ///< With one connection.
    PgPool pool_;                  ///< Of the connection that notifies.
    const NodeId id_ = NodeId::generate();
    backends::PeerMessages messages_{id_.to_string(), 'q'};
    const std::string channel_;
    std::atomic<std::int64_t> others_{0};
    std::atomic<bool> running_{false};

    Signal pending_;

    std::shared_ptr<PgConnection> listener_;
    Signal stop_listening_;
    Signal stop_beating_;
    TaskGroup group_;
};

}  // namespace a2akit::postgres
