// The client library against a server of ours, over real sockets.

#include "support/cut_stream.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace a2akit {
namespace {

using test_support::CountingAgent;
using test_support::CuttingProxy;
using test_support::TemporaryDirectory;
using test_support::test_options;

class CutStreamTest : public ::testing::TestWithParam<const char*> {
protected:
    void expect_each_event_once(const std::string& binding, const std::string& version) {
        const CuttingProxy proxy(server_.port(), test_support::EachEventOfSse());
        test_support::expect_each_event_once(server_.url(), proxy, binding, version);
    }

    TemporaryDirectory directory_;
    Server server_{[this] {
        ServerOptions options = test_options(std::make_shared<CountingAgent>());
        if (std::string(GetParam()) == "sqlite")
            options.settings.storage = "sqlite:" + directory_.file("a2akit.db");
        return options;
    }()};
};

TEST_P(CutStreamTest, DeliversEachEventOnceAndInOrder) {
    const auto started = server_.start();
    ASSERT_TRUE(started) << started.error().message;
    expect_each_event_once("JSONRPC", "1.0");
    expect_each_event_once("HTTP+JSON", "1.0");
    expect_each_event_once("JSONRPC", "0.3");
    expect_each_event_once("HTTP+JSON", "0.3");
}

INSTANTIATE_TEST_SUITE_P(Storages, CutStreamTest, ::testing::Values("memory", "sqlite"));

}  // namespace
}  // namespace a2akit
