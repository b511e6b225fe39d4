#pragma once

#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "backends/redis/redis_broker.hpp"
#include "backends/redis/redis_cancel_registry.hpp"
#include "backends/redis/redis_event_bus.hpp"
#include "contract/patient_redis.hpp"
#include "support/redis_server.hpp"

#include <a2akit/testing/contract_case.hpp>

#include <memory>
#include <stdexcept>
#include <string>

namespace a2akit::testing {

/// Two nodes below a key prefix of their own, under one fake clock: the tests speak to the first,
/// the other is far away.
template <class Port>
class RedisPorts {
public:
    template <class Make>
    explicit RedisPorts(Make make) : one(make(node_one)), two(make(node_two)) {
        ManualLoop loop(clock, [this] { return node_one->busy() || node_two->busy(); });
        start(loop, *one);
        start(loop, *two);
    }
    ~RedisPorts() {
        ManualLoop loop(clock, [this] { return node_one->busy() || node_two->busy(); });
        (void)loop.await(two->stop(loop.now()));
        (void)loop.await(one->stop(loop.now()));
    }
    RedisPorts(const RedisPorts&) = delete;
    RedisPorts& operator=(const RedisPorts&) = delete;

    /// True until everything that one node told has been heard by the other, and what is due has
    /// reached who waits.
    [[nodiscard]] bool busy() {
        // Twice, since the parts are not looked at in one moment.
        return busy_once() || busy_once();
    }

    const std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();

private:
    const std::string url_ = test_support::redis_server().fresh_url();

    [[nodiscard]] std::shared_ptr<redis::RedisNode> make_node() const {
        return std::make_shared<redis::RedisNode>(patient(url_), redis::RedisNames{}, clock);
    }
    static void start(ManualLoop& loop, Port& port) {
        const Result<void> started = loop.await(port.start());
        if (!started) throw std::runtime_error(started.error().message);
    }
    bool busy_once() {
        auto& here = *node_one;
        auto& there = *node_two;
        if (here.busy() || there.busy()) return true;
        if (here.notifier().told() != there.notifier().heard() ||
            there.notifier().told() != here.notifier().heard()) {
            return true;
        }
        if constexpr (!std::is_same_v<Port, Broker>) return false;
        const std::string stream = here.key(here.names().stream);
        if (client_.number({"EXISTS", stream}) == 0) return false;
        // What the server has handed out has arrived, and what it still has nobody waits for.
        const std::string pending = client_.run({"XPENDING", stream, "workers"});
        if (std::stoull(pending) != here.queue().held() + there.queue().held()) return true;
        if (!here.queue().wants() && !there.queue().wants()) return false;
        return client_.number({"EVAL", kUnread, "1", stream}) != 0;
    }

    static constexpr const char* kUnread =
        "local g = redis.call('XINFO', 'GROUPS', KEYS[1])[1] "
        "for i = 1, #g, 2 do if g[i] == 'last-delivered-id' then "
        "return #redis.call('XRANGE', KEYS[1], '(' .. g[i + 1], '+', 'COUNT', 1) end end";

public:
    std::shared_ptr<redis::RedisNode> node_one = make_node();
    std::shared_ptr<redis::RedisNode> node_two = make_node();

private:
    test_support::RedisClient client_{test_support::redis_server().port()};

public:
    std::unique_ptr<Port> one;
    std::unique_ptr<Port> two;
};

}  // namespace a2akit::testing
