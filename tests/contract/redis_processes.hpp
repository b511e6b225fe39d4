#pragma once

#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "backends/redis/redis_broker.hpp"
#include "backends/redis/redis_cancel_registry.hpp"
#include "backends/redis/redis_event_bus.hpp"
#include "contract/patient_redis.hpp"
#include "net/loop_group.hpp"
#include "support/redis_server.hpp"

#include <a2akit/testing/contract_case.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::testing {

/// A process: its ports on the node's one set of connections, in real time. Used from the test's
/// thread.
class RedisProcess {
    net::LoopGroup loops_{1};  // outlives the node, whose thread posts to it

public:
    explicit RedisProcess(redis::RedisAddress address, redis::RedisNames names = {})
        : node(std::make_shared<redis::RedisNode>(std::move(address), std::move(names), nullptr)),
          broker(node),
          bus(node, std::make_shared<MemoryEventBus>()),
          cancels(node, std::make_shared<MemoryCancelRegistry>()) {}
    ~RedisProcess() { net::run_on(loops_[0], drop(std::move(receiver_))); }
    RedisProcess(const RedisProcess&) = delete;
    RedisProcess& operator=(const RedisProcess&) = delete;

    template <class T>
    T call(Async<T> coroutine) {
        return net::run_on(loops_[0], std::move(coroutine));
    }
    void enqueue(RunOperation operation) {
        EXPECT_TRUE(ok(call(broker.enqueue(operation, std::nullopt))));
    }
    std::unique_ptr<Delivery> receive() { return start_receiving()->get(); }
    /// Receives in the background.
    std::unique_ptr<std::future<std::unique_ptr<Delivery>>> start_receiving() {
        return std::make_unique<std::future<std::unique_ptr<Delivery>>>(
            std::async(std::launch::async, [this] { return call(receive_one()); }));
    }
    void close_receiver() { net::run_on(loops_[0], close_it()); }

    const std::shared_ptr<redis::RedisNode> node;
    redis::RedisBroker broker;
    redis::RedisEventBus bus;
    redis::RedisCancelRegistry cancels;

private:
    Async<std::unique_ptr<Delivery>> receive_one() {
        if (!receiver_)
            receiver_ = broker.receiver(NodeId::generate(), std::chrono::seconds(15), 0);
        co_return co_await receiver_->receive();
    }
    Async<void> close_it() {
        receiver_->close();
        co_return;
    }
    static Async<void> drop(std::unique_ptr<Broker::Receiver> receiver) {
        receiver.reset();
        co_return;
    }

    std::unique_ptr<Broker::Receiver> receiver_;
};

class RedisProcesses : public ::testing::Test {
protected:
    void TearDown() override {
        for (const auto& one : processes_) {
            (void)one->call(one->broker.stop({}));
            (void)one->call(one->cancels.stop({}));
            (void)one->call(one->bus.stop({}));
        }
    }
    /// A new process, started.
    RedisProcess& process(const std::string& url) {
        RedisProcess& made =
            *processes_.emplace_back(std::make_unique<RedisProcess>(patient(url), names));
        EXPECT_TRUE(ok(made.call(made.bus.start())));
        EXPECT_TRUE(ok(made.call(made.cancels.start())));
        EXPECT_TRUE(ok(made.call(made.broker.start())));
        return made;
    }
    test_support::RedisClient& client() {
        if (!client_)
            client_ =
                std::make_unique<test_support::RedisClient>(test_support::redis_server().port());
        return *client_;
    }
    /// Waits, really, for what happens elsewhere.
    template <class Condition>
    static void wait_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "it did not happen";
            std::this_thread::yield();
        }
    }

    redis::RedisNames names;  ///< Of the processes made from now on.

private:
    std::vector<std::unique_ptr<RedisProcess>> processes_;
    std::unique_ptr<test_support::RedisClient> client_;
};

}  // namespace a2akit::testing
