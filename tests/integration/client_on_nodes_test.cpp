// The client library against two servers on one PostgreSQL: each connection of a stream reaches the
// other one.

#include "support/cut_stream.hpp"
#include "support/postgres_server.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace a2akit {
namespace {

class CutStreamOnNodesTest : public ::testing::Test {
protected:
    std::unique_ptr<Server> start() {
        ServerOptions options =
            test_support::test_options(std::make_shared<test_support::CountingAgent>());
        options.settings.storage = url_;
        options.settings.broker = url_;
        options.settings.event_bus = url_;
        options.settings.cancel_registry = url_;
        auto server = std::make_unique<Server>(std::move(options));
        const Result<void> started = server->start();
        EXPECT_TRUE(started) << (started ? "" : started.error().message);
        return server;
    }

    const std::string url_ = test_support::postgres().fresh_schema_url();
};

TEST_F(CutStreamOnNodesTest, IsResumedAtTheOtherNodeAndDeliversEachEventOnce) {
    const auto one = start();
    const auto other = start();
    for (const char* binding : {"JSONRPC", "HTTP+JSON"}) {
        const test_support::CuttingProxy proxy({one->port(), other->port()},
                                               test_support::EachEventOfSse());
        test_support::expect_each_event_once(one->url(), proxy, binding, "1.0");
    }
}

}  // namespace
}  // namespace a2akit
