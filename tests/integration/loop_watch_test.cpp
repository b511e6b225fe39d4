#include "support/test_agent.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>

// A handler that blocks its loop is named while it does.

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::until;

class Lines final : public spdlog::sinks::base_sink<std::mutex> {
public:
    bool have(const std::string& part) {
        const std::lock_guard lock(mutex_);
        return text_.find(part) != std::string::npos;
    }

private:
    void sink_it_(const spdlog::details::log_msg& line) override {
        text_.append(line.payload.data(), line.payload.size()).append("\n");
    }
    void flush_() override {}
    std::string text_;
};

/// Blocks its thread until the log says that something does.
class BlockingAgent final : public Worker {
public:
    explicit BlockingAgent(std::shared_ptr<Lines> log) : log_(std::move(log)) {}
    Async<void> handle(TaskContext& ctx) override {
        until([this] { return log_->have("code that blocks holds an event loop"); });
        co_await ctx.complete("done");
    }

private:
    const std::shared_ptr<Lines> log_;
};

TEST(LoopWatchTest, TheTaskWhoseHandlerBlocksItsLoopIsNamedAndSoIsTheEndOfThat) {
    const auto former = spdlog::default_logger();
    const auto log = std::make_shared<Lines>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", log));
    {
        ServerOptions options = test_options(std::make_shared<BlockingAgent>(log));
        options.settings.threads = 1;
        Server server(std::move(options));
        ASSERT_TRUE(server.start());
        HttpClient client(server.port());
        const std::string task =
            task_id_of(client.exchange("POST", "/message:send", send_body("go")).body);
        until([&] { return log->have("the event loop is free again"); });
        EXPECT_TRUE(log->have("all that runs there waits loop=0 task=" + task));
        EXPECT_TRUE(log->have("the event loop is free again loop=0 task=" + task));
    }
    spdlog::set_default_logger(former);
}

}  // namespace
}  // namespace a2akit
