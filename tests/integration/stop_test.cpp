#include "storage/forwarding_ports.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <a2akit/testing/memory_ports.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <sstream>
#include <vector>

// A server whose parts do not stop.

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::test_options;
using test_support::TestAgent;

/// Does not stop before it is released.
class HangingBus final : public ForwardingEventBus<> {
public:
    using ForwardingEventBus::ForwardingEventBus;
    AsyncResult<void> stop(SteadyTime deadline) override {
        co_await released.wait();
        co_return co_await inner_->stop(deadline);
    }
    void wake_local(Wake wake, bool erased) override { inner_->wake_local(wake, erased); }

    Signal released;
};

TEST(StopTest, APartThatDoesNotStopIsNamedAndKeepsTheServerFromStoppingForSecondsOnly) {
    const auto former = spdlog::default_logger();
    std::ostringstream log;
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    ServerOptions options = test_options(std::make_shared<TestAgent>());
    options.settings.drain_timeout = std::chrono::milliseconds(100);
    options.ports = testing::memory_ports();
    const auto bus = std::make_shared<HangingBus>(options.ports.event_bus);
    options.ports.event_bus = bus;
    {
        Server server(std::move(options));
        ASSERT_TRUE(server.start());
        HttpClient client(server.port());
        EXPECT_THAT(client.exchange("POST", "/message:send", send_body("hi")).body,
                    ::testing::HasSubstr("Echo: hi"));
        const auto begun = std::chrono::steady_clock::now();
        server.stop();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
    }
    spdlog::set_default_logger(former);
    EXPECT_THAT(log.str(), ::testing::HasSubstr("stop component=\"event bus\" error=\"it did not "
                                                "stop in time and is left behind\""));
    EXPECT_THAT(log.str(), ::testing::HasSubstr("stopped"));
    bus->released.set();
}

/// Sends the server's log elsewhere for a while.
class LogOf {
public:
    LogOf() {
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(
            "", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
    }
    LogOf(const LogOf&) = delete;
    LogOf& operator=(const LogOf&) = delete;
    ~LogOf() { spdlog::set_default_logger(former_); }

private:
    const std::shared_ptr<spdlog::logger> former_ = spdlog::default_logger();
    std::ostringstream text_;
};

/// Its handler returns when `released` is set, and not before: neither cancel nor stop moves it.
class StubbornWorker final : public Worker {
public:
    struct State {
        std::atomic<bool> blocks_thread{false};
        std::atomic<bool> started{false};
        Signal released;
        std::promise<void> unblocked;
        std::atomic<bool> write_refused{false};
    };
    explicit StubbornWorker(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Async<void> handle(TaskContext& ctx) override {
        const std::shared_ptr<State> state = state_;
        state->started = true;
        if (state->blocks_thread)
            state->unblocked.get_future().wait();
        else
            co_await state->released.wait();
        try {
            co_await ctx.complete("too late");
        } catch (const std::exception&) {
            state->write_refused = true;
        }
    }

private:
    const std::shared_ptr<State> state_;
};

class StubbornHandlerTest : public ::testing::TestWithParam<bool> {};

TEST_P(StubbornHandlerTest, IsLeftBehindByAStopAndItsServerEndsWhenItReturns) {
    const LogOf log;
    const auto state = std::make_shared<StubbornWorker::State>();
    state->blocks_thread = GetParam();
    auto worker = std::make_shared<StubbornWorker>(state);
    const std::weak_ptr<Worker> alive = worker;
    {
        Server server(test_options(std::move(worker)));
        ASSERT_TRUE(server.start());
        HttpClient client(server.port());
        EXPECT_EQ(client
                      .exchange("POST", "/message:send",
                                send_body("hi", R"(},"configuration":{"returnImmediately":true)"))
                      .status,
                  200);
        test_support::until([&] { return state->started.load(); });
        server.stop();
        server.stop();  // is over immediately
        EXPECT_FALSE(server.resume(TaskId::generate()));
    }
    EXPECT_FALSE(alive.expired()) << "the handler runs on";
    EXPECT_FALSE(state->write_refused);
    state->released.set();
    state->unblocked.set_value();
    test_support::until([&] { return alive.expired(); });
    EXPECT_EQ(state->write_refused, !GetParam())
        << "a run is handed back on the thread of its handler, unless that is blocked";
}

INSTANTIATE_TEST_SUITE_P(Kinds, StubbornHandlerTest, ::testing::Bool(), [](const auto& kind) {
    return kind.param ? "BlocksItsThread" : "NeverResumes";
});

}  // namespace
}  // namespace a2akit
