#pragma once

#include "support/test_agent.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace a2akit {

/// A server with a TestAgent behind it.
class ServerTest : public ::testing::Test {
protected:
    void start(ServerOptions options) {
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    void start() { start(test_support::test_options(agent)); }

    std::shared_ptr<test_support::TestAgent> agent = std::make_shared<test_support::TestAgent>();
    std::unique_ptr<Server> server;
};

}  // namespace a2akit
