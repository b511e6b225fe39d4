#include "server/backend_registry.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

// What awaiting a call of the TaskContext means on every engine
// (docs/adr/0016-awaiting-a-write.md).

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::test_options;

/// Runs one handler, which looks at its own task in Storage meanwhile.
class WritingAgent final : public Worker {
public:
    using Handler = std::function<Async<void>(WritingAgent& agent, TaskContext& ctx)>;
    Async<void> handle(TaskContext& ctx) override { return handler(*this, ctx); }

    /// As a reader finds the task now.
    Async<TaskSnapshot> stored(std::string id) {
        auto found = co_await storage->load(*TaskId::parse(id), OwnerScope::everything());
        co_return std::move(found).value_or_throw();
    }

    std::shared_ptr<Storage> storage;
    Handler handler;
};

class AwaitedWritesTest : public ::testing::TestWithParam<std::string> {
protected:
    ~AwaitedWritesTest() override {
        server_.reset();
        const std::string schema = postgres_.substr(postgres_.rfind('=') + 1);
        test_support::PostgresServer::sql(
            postgres_,
            "set client_min_messages = error; drop schema if exists " + schema + " cascade");
    }
    /// Sends one message to the handler. The response.
    std::string run(WritingAgent::Handler handler) {
        agent_->handler = std::move(handler);
        ServerOptions options = test_options(agent_);
        Settings& settings = options.settings;
        settings.max_retries = 0;
        settings.data_dir = directory_.path();
        if (GetParam() != "sqlite") {
            const std::string url = GetParam() == "memory" ? "memory:" : postgres_;
            settings.storage = settings.broker = settings.event_bus = settings.cancel_registry =
                url;
        }
        const Settings resolved = settings.resolved([](auto) { return std::nullopt; }).value();
        options.ports = BackendRegistry::standard().open({}, resolved).value();
        agent_->storage = options.ports.storage;
        server_ = std::make_unique<Server>(std::move(options));
        const Result<void> started = server_->start();
        EXPECT_TRUE(started) << (started ? "" : started.error().message);
        if (!started) return {};
        HttpClient client(server_->port());
        return client.exchange("POST", "/message:send", send_body("write")).body;
    }

    test_support::TemporaryDirectory directory_;
    const std::string postgres_ = test_support::postgres().fresh_schema_url();
    std::shared_ptr<WritingAgent> agent_ = std::make_shared<WritingAgent>();
    std::unique_ptr<Server> server_;
};

std::string text_of(const TaskStatus& status) {
    return status.message ? (*status.message)->text() : std::string();
}

Async<void> write_and_look(WritingAgent& agent, TaskContext& ctx) {
    co_await ctx.send_status("one");
    TaskSnapshot now = co_await agent.stored(ctx.task_id());
    EXPECT_EQ(text_of(now.status), "one");
    co_await ctx.emit_text_artifact("part", "a");
    now = co_await agent.stored(ctx.task_id());
    EXPECT_EQ(now.artifacts.size(), 1U);
    co_await ctx.save_checkpoint(Json(7));
    now = co_await agent.stored(ctx.task_id());
    EXPECT_EQ(now.checkpoint.text(), "7");
    co_await ctx.complete("done");
    now = co_await agent.stored(ctx.task_id());
    EXPECT_EQ(now.status.state, TaskState::kCompleted);
}

TEST_P(AwaitedWritesTest, ACallThatHasReturnedIsWhatEveryReaderFinds) {
    const std::string response = run(write_and_look);
    EXPECT_NE(response.find("TASK_STATE_COMPLETED"), std::string::npos) << response;
}

Async<void> await_later(WritingAgent& agent, TaskContext& ctx) {
    Async<void> first = ctx.send_status("first");
    (void)co_await agent.stored(ctx.task_id());
    co_await std::move(first);
    const TaskSnapshot before = co_await agent.stored(ctx.task_id());
    EXPECT_EQ(text_of(before.status), "first");
    const Sequence written = before.last_sequence;
    co_await ctx.send_status("second");
    const TaskSnapshot after = co_await agent.stored(ctx.task_id());
    EXPECT_EQ(text_of(after.status), "second");
    EXPECT_EQ(after.last_sequence, written + 1) << "one await is one write";
    co_await ctx.complete("done");
}

TEST_P(AwaitedWritesTest, ACallThatIsAwaitedLaterHasWrittenOnceByThen) {
    const std::string response = run(await_later);
    EXPECT_NE(response.find("TASK_STATE_COMPLETED"), std::string::npos) << response;
}

INSTANTIATE_TEST_SUITE_P(Engines, AwaitedWritesTest,
                         ::testing::Values("memory", "sqlite", "postgres"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace a2akit
