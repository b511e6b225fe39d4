#include "unit/runtime/task_context_fixture.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

// What a handler reads: its task, what it remembers, and the lines that it logs.

namespace a2akit {
namespace {

Async<void> looks_at_everything(TaskContext& ctx) {
    EXPECT_EQ(ctx.user_text(), "hello\nthere");
    EXPECT_EQ(ctx.message_id(), "m-hello");
    EXPECT_EQ(ctx.context_id(), "context");
    EXPECT_EQ(ctx.parts().size(), 5U);
    EXPECT_EQ(ctx.metadata().text(), R"({"k":1})");
    EXPECT_EQ(ctx.principal().name, "ann");
    EXPECT_EQ(ctx.tenant(), "acme");
    EXPECT_EQ(ctx.reference_task_ids(), std::vector<std::string>{"earlier"});
    EXPECT_EQ(ctx.message_extensions(), std::vector<std::string>{"urn:m"});
    EXPECT_EQ(ctx.extensions(), std::vector<std::string>{"urn:x"});
    EXPECT_EQ(ctx.request_context().value("token"), "secret");
    EXPECT_TRUE(ctx.history().empty()) << "the message itself is not history";
    EXPECT_EQ(ctx.attempt(), 1);
    EXPECT_FALSE(ctx.is_cancelled());
    EXPECT_FALSE(ctx.deadline());
    EXPECT_TRUE(ctx.checkpoint().empty());
    EXPECT_TRUE(ctx.accepts("text/plain"));
    EXPECT_TRUE(ctx.accepts("image/png"));
    EXPECT_FALSE(ctx.accepts("application/json"));
    EXPECT_EQ(ctx.accepted_output_modes(), (std::vector<std::string>{"text/plain", "image/*"}));
    const auto files = ctx.files();
    if (files.size() == 2) {
        EXPECT_EQ(files[0].bytes, "PNG");
        EXPECT_EQ(files[0].filename, "a.png");
        EXPECT_EQ(files[1].url, "https://example.com/b");
        EXPECT_EQ(files[1].media_type, "text/csv");
    } else {
        ADD_FAILURE() << files.size() << " files";
    }
    EXPECT_EQ(ctx.data_parts(), std::vector<RawJson>{RawJson("[1,2]")});
    EXPECT_THROW((void)ctx.dependencies().get<int>(), Exception);
    EXPECT_FALSE(ctx.turn_ended());
    co_await ctx.complete();
    EXPECT_TRUE(ctx.turn_ended());
}

TEST_F(TaskContextTest, KnowsItsTaskAndMessage) {
    Message message = user_message("hello");
    message.parts.push_back(Part::from_text("there"));
    message.parts.push_back(Part::from_bytes("PNG", "image/png", "a.png"));
    message.parts.push_back(Part::from_url("https://example.com/b", "text/csv"));
    message.parts.push_back(Part::from_data(RawJson("[1,2]")));
    message.reference_task_ids = {"earlier"};
    message.extensions = {"urn:m"};
    TaskUpdate update = turn_of(std::move(message));
    update.turn->metadata = RawJson(R"({"k":1})");
    update.turn->accepted_output_modes = {"text/plain", "image/*"};
    update.turn->extensions = {"urn:x"};
    RequestContext context;
    context.values["token"] = "secret";
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    const TaskId task = run(looks_at_everything, std::move(update));
    EXPECT_EQ(log(task), "SUBMITTED WORKING COMPLETED ");
}

Async<void> notes_who_asks(Principal& who, TaskContext& ctx) {
    who = ctx.principal();
    co_await ctx.complete();
}

TEST_F(TaskContextTest, KnowsWhoSentTheMessageOrElseWhoseTaskItIs) {
    Principal who;
    const auto body = [&](TaskContext& ctx) { return notes_who_asks(who, ctx); };
    TaskUpdate update = turn_of(user_message("hello"));
    RequestContext context;
    context.sender = Principal{"bob", {"orders.write"}};
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    run(body, std::move(update));
    EXPECT_EQ(who.name, "bob");
    EXPECT_EQ(who.scopes, std::vector<std::string>{"orders.write"});
    run(body);
    EXPECT_EQ(who.name, "ann");
    EXPECT_TRUE(who.scopes.empty());
}

Async<void> counts(TaskContext& ctx) {
    const RawJson before = co_await ctx.load_context();
    const int count = before.empty() ? 1 : std::stoi(before.text()) + 1;
    co_await ctx.update_context(RawJson(std::to_string(count)));
    co_await ctx.save_checkpoint(RawJson("7"));
    EXPECT_EQ(ctx.checkpoint().text(), "7");
    co_await ctx.complete(std::to_string(count));
}

TEST_F(TaskContextTest, TheContextIsRememberedFromTaskToTask) {
    run(counts);
    EXPECT_EQ(to_task(load(run(counts))).text(), "2");
}

TEST_F(TaskContextTest, TheContextIsTheOwnersWhoeverSentTheMessage) {
    run(counts);
    TaskUpdate update = turn_of(user_message("hello"));
    RequestContext context;
    context.sender = Principal{"bob", {}};
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    EXPECT_EQ(to_task(load(run(counts, std::move(update)))).text(), "2");
}

Async<void> logs(TaskContext& ctx) {
    ctx.logger().info("counted {}", 3);
    co_await ctx.complete();
}

TEST_F(TaskContextTest, LogLinesNameTaskAndRequest) {
    std::ostringstream lines;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines)));
    TaskUpdate update = turn_of(user_message("hello"));
    RequestContext context;
    context.request_id = "r-1";
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    const TaskId task = run(logs, std::move(update));
    spdlog::set_default_logger(before);
    EXPECT_NE(
        lines.str().find("task=" + task.to_string() + " turn=1 request_id=r-1 msg=\"counted 3\""),
        std::string::npos)
        << lines.str();
}

}  // namespace
}  // namespace a2akit
