#include "storage/forwarding_ports.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <a2akit/testing/memory_ports.hpp>

#include <chrono>
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

}  // namespace
}  // namespace a2akit
