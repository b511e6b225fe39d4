// The client library against a server of ours, over real sockets.

#include "support/cutting_proxy.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <a2akit/client/client.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace a2akit {
namespace {

using test_support::CuttingProxy;
using test_support::TemporaryDirectory;
using test_support::test_options;

constexpr int kChunks = 197;  // with the task, its states and its end: 200 events

/// Emits kChunks numbers, one per event.
class CountingAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        for (int i = 0; i < kChunks; ++i) {
            co_await ctx.emit_text_artifact(std::to_string(i) + " ", "count", true);
            co_await yield();
        }
        co_await ctx.complete();
    }
};

ClientOptions with_binding(const std::string& binding, const std::string& version = "1.0") {
    ClientOptions options;
    options.bindings = {binding};
    options.versions = {version};
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(20);
    return options;
}

class CutStreamTest : public ::testing::TestWithParam<const char*> {
protected:
    void expect_each_event_once(const std::string& binding, const std::string& version) {
        SCOPED_TRACE(binding + " " + version);
        CuttingProxy proxy(server_.port(), test_support::EachEventOfSse());
        const AgentCard card =
            test_support::moved_to(fetch_card(server_.url()).card, server_.url(), proxy.url());
        Client client(card, with_binding(binding, version));
        std::string text;
        std::set<std::string> ids;
        int events = 0;
        bool ended = false;
        ClientStream stream = client.stream("count");
        for (const StreamEvent& event : stream) {
            ++events;
            EXPECT_FALSE(event.after_gap) << events;
            EXPECT_TRUE(ids.insert(event.id).second) << "twice: " << event.id;
            EXPECT_FALSE(ended);
            ended = event.is_final();
            text += event.text();
        }
        std::string expected;
        for (int i = 0; i < kChunks; ++i) expected += std::to_string(i) + " ";
        EXPECT_EQ(text, expected);
        EXPECT_TRUE(ended);
        EXPECT_EQ(events, 200);
        EXPECT_GE(stream.resumptions(), 198) << "the stream was cut at each event";
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
