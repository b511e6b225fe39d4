#pragma once

#include "backends/common/node_roles.hpp"
#include "backends/redis/redis_link.hpp"
#include "backends/redis/redis_notifier.hpp"
#include "backends/redis/redis_queue.hpp"
#include "backends/redis/redis_scripts.hpp"
#include "net/loop_group.hpp"

#include <a2akit/core/clock.hpp>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace a2akit::redis {

/// Options besides the URL; names are without the key prefix.
struct RedisNames {
    /// In braces, so that the keys beside it stand in one slot of a cluster.
    std::string stream = "{broker}";
    std::string group = "workers";
    std::string consumer_prefix = "node-";
    Duration block = std::chrono::seconds(5);  ///< How long one look into the stream waits.
    Duration claim_timeout = std::chrono::seconds(10);  ///< An entry not kept alive goes to others.
    std::string channel = "events";
    std::string cancel = "cancel:";
    Duration cancel_lifetime = std::chrono::hours(24);
};

/// The objects that the ports of one process share: one loop on a separate thread, the connections
/// on it (one for commands, one that waits for entries, one that listens), the scripts. Started
/// with the first port and stopped with the last; safe from any thread.
class RedisNode : public backends::NodeRoles {
public:
    /// `clock` null: the engine's own. Else it overrules the engine's, for tests.
    RedisNode(RedisAddress address, RedisNames names, std::shared_ptr<const Clock> clock);
    /// REQUIRES: stopped, or never started.
    ~RedisNode();
    RedisNode(const RedisNode&) = delete;
    RedisNode& operator=(const RedisNode&) = delete;

    enum Role : unsigned { kBroker = 1, kEventBus = 2, kCancelRegistry = 4 };
    AsyncResult<void> start(Role role) { return start_role(*this, loop(), role); }
    AsyncResult<void> stop(Role role) { return stop_role(*this, loop(), role); }
    AsyncResult<void> check();
    /// The same, and whether something can be written.
    AsyncResult<void> check_writes();

    /// The server's errors are errors. Resumes on the caller's loop, like the next.
    AsyncResult<RedisReply> run(RedisCommand command);
    /// Runs a script; a server that does not know it (any more) is told.
    AsyncResult<RedisReply> run(const RedisScript& script, std::vector<std::string> keys,
                                std::vector<std::string> args);

    /// `name` below the key prefix.
    [[nodiscard]] std::string key(std::string_view name) const {
        return address_.prefix.value_or("a2akit:") + std::string(name);
    }
    /// The time that scripts use; empty: the engine's own.
    [[nodiscard]] std::string now() const;

    /// Whether a call is not answered yet, or a notification not sent.
    [[nodiscard]] bool busy() {
        return calls_.load() != 0 || commands_.under_way() != 0 || notifier_.sending() ||
               queue_.tidying();
    }
    /// Commands that were sent so far, but for those that wait for entries.
    [[nodiscard]] std::uint64_t sent() const noexcept { return commands_.sent(); }

    [[nodiscard]] const RedisAddress& address() const noexcept { return address_; }
    [[nodiscard]] const RedisNames& names() const noexcept { return names_; }
    [[nodiscard]] const RedisScripts& scripts() const noexcept { return scripts_; }
    [[nodiscard]] RedisNotifier& notifier() noexcept { return notifier_; }
    [[nodiscard]] RedisQueue& queue() noexcept { return queue_; }
    [[nodiscard]] net::AsioLoop& loop() noexcept { return loops_[0]; }

private:
    friend class backends::NodeRoles;
    AsyncResult<void> begin(unsigned role, bool first);
    Async<void> end(unsigned role, bool last);
    AsyncResult<void> inspect(std::shared_ptr<RedisConnection> connection);
    Result<void> state();

    const RedisAddress address_;
    const RedisNames names_;
    const std::shared_ptr<const Clock> clock_;
    const RedisScripts scripts_;
    net::LoopGroup loops_{1};
    RedisLink commands_;
    RedisNotifier notifier_;
    RedisQueue queue_;
    bool warned_of_eviction_ = false;
};

}  // namespace a2akit::redis
