#pragma once

#include "backends/common/peer_messages.hpp"
#include "backends/redis/redis_link.hpp"

#include <atomic>
#include <functional>
#include <string>

namespace a2akit::redis {

/// Tells the other nodes what happened here, and hears what happened there: one channel for all
/// nodes, heard on a connection of its own. Messages that arrive while a PUBLISH is under way are
/// gathered, wake-ups per task, and leaves in the next one.
///
/// Handlers are set before `start` and run on the node's loop. `start` and `stop` belong to that
/// loop, the rest may be called from any thread.
class RedisNotifier {
public:
    /// Publishes on `commands`, which it does not own.
    RedisNotifier(net::AsioLoop& loop, const RedisAddress& address, RedisLink& commands,
                  std::string channel);
    RedisNotifier(const RedisNotifier&) = delete;
    RedisNotifier& operator=(const RedisNotifier&) = delete;

    AsyncResult<void> start();
    Async<void> stop();
    /// kUnavailable while nothing is heard. On the node's loop.
    [[nodiscard]] Result<void> state() const { return listener_.state(); }

    void wake(const Wake& wake);
    void cancel(const TaskId& task);
    /// A run gets due that this node may have no room for.
    void offer_delayed();

    /// Whether something is still to be sent.
    [[nodiscard]] bool sending() { return messages_.sending(); }
    /// How many entries this node has told the others, and has heard from them.
    [[nodiscard]] std::uint64_t told() const noexcept { return messages_.told(); }
    [[nodiscard]] std::uint64_t heard() const noexcept { return messages_.heard(); }

    backends::PeerMessages::Handlers handlers;  ///< Runs: one that was delayed gets due.
    std::function<void()>
        listening;  ///< It listens, again: what was told meanwhile has been missed.
    /// For handlers: runs on the node's loop, and `stop` waits for it.
    void spawn(Async<void> coroutine) { handling_.spawn(std::move(coroutine)); }

private:
    AsyncResult<void> subscribe(std::shared_ptr<RedisConnection> connection);
    Async<void> send();
    Async<void> listen_for_life();

    net::AsioLoop& loop_;
    const Duration answer_within_;
    RedisLink& commands_;
    RedisLink listener_;
    backends::PeerMessages messages_{Uuid::generate().to_string(), 'd'};
    const std::string channel_;
    std::atomic<bool> running_{false};

    Signal pending_;
    Signal stop_;
    TaskGroup group_;
    TaskGroup handling_;
};

}  // namespace a2akit::redis
