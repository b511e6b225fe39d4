#include "support/postgres_server.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Several agents on one PostgreSQL, which keeps neither the agent nor the owner of a queue entry.

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;

class NamedWorker final : public Worker {
public:
    explicit NamedWorker(std::string name) : name_(std::move(name)) {}
    Async<void> handle(TaskContext& ctx) override {
        ++runs;
        co_await ctx.complete(name_ + ": " + std::string(ctx.user_text()));
    }
    std::atomic<int> runs{0};

private:
    const std::string name_;
};

class AgentsOnNodesTest : public ::testing::Test {
protected:
    AgentOptions agent(const std::string& name, std::shared_ptr<Worker> worker) {
        AgentOptions options;
        options.name = name;
        options.worker = std::move(worker);
        options.card = {.name = name, .description = "For tests.", .version = "1"};
        return options;
    }
    std::unique_ptr<Server> start(std::vector<AgentOptions> agents) {
        ServerOptions options;
        options.agents = std::move(agents);
        options.settings.port = 0;
        options.settings.drain_timeout = std::chrono::milliseconds(50);
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
    std::shared_ptr<NamedWorker> alphas_ = std::make_shared<NamedWorker>("alpha");
    std::shared_ptr<NamedWorker> betas_ = std::make_shared<NamedWorker>("beta");
};

TEST_F(AgentsOnNodesTest, AnAgentDoesNotSeeTheTasksOfAnother) {
    const auto server = start({agent("alpha", alphas_), agent("beta", betas_)});
    HttpClient client(server->port());
    const auto sent = client.exchange("POST", "/alpha/message:send", send_body("hi"));
    EXPECT_NE(sent.body.find("alpha: hi"), std::string::npos) << sent.body;
    const std::string task = task_id_of(sent.body);
    EXPECT_EQ(client.exchange("GET", "/alpha/tasks/" + task).status, 200);
    EXPECT_EQ(client.exchange("GET", "/beta/tasks/" + task).status, 404);
    EXPECT_EQ(client.exchange("GET", "/beta/tasks").body.find(task), std::string::npos);
    EXPECT_EQ(betas_->runs, 0);
}

TEST_F(AgentsOnNodesTest, ATurnIsRunByTheServerThatHasItsAgent) {
    const auto one = start({agent("alpha", alphas_)});
    const auto other = start({agent("beta", betas_)});
    HttpClient to_one(one->port());
    HttpClient to_other(other->port());
    for (int i = 0; i < 5; ++i) {
        const auto alpha = to_one.exchange("POST", "/alpha/message:send", send_body("hi"));
        EXPECT_NE(alpha.body.find("alpha: hi"), std::string::npos) << alpha.body;
        const auto beta = to_other.exchange("POST", "/beta/message:send", send_body("hi"));
        EXPECT_NE(beta.body.find("beta: hi"), std::string::npos) << beta.body;
    }
    EXPECT_EQ(alphas_->runs, 5);
    EXPECT_EQ(betas_->runs, 5);
}

}  // namespace
}  // namespace a2akit
