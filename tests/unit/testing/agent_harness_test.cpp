#include <a2akit/testing/agent_harness.hpp>
#include <a2akit/testing/scripted_worker.hpp>

#include <a2akit/worker/blocking_worker.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace a2akit::testing {
namespace {

using namespace std::chrono_literals;

ErrorCode code_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
}

std::shared_ptr<ScriptedWorker> scripted(Script script, ScriptedWorker::Options options = {}) {
    return std::make_shared<ScriptedWorker>(std::move(script), options);
}

TEST(AgentHarnessTest, AnswersASendWithTheFinishedTask) {
    AgentHarness agent(scripted({Step::complete("Echo")}));
    const Task task = agent.send("hi");
    EXPECT_EQ(task.status.state, TaskState::kCompleted);
    EXPECT_EQ(task.text(), "Echo");
    EXPECT_EQ(agent.get_task(task.id).text(), "Echo");
    EXPECT_EQ(agent.client().list_tasks().total_size, 1);
}

TEST(AgentHarnessTest, StreamsEveryChunk) {
    AgentHarness agent(
        scripted({Step::emit("one "), Step::yield(), Step::emit("two"), Step::complete()}));
    const std::vector<StreamItem> items = agent.stream("go");
    ASSERT_FALSE(items.empty());
    EXPECT_TRUE(std::holds_alternative<Task>(items.front().response.payload));
    EXPECT_EQ(text_of(items), "one two");
    const auto* last = std::get_if<TaskStatusUpdateEvent>(&items.back().response.payload);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->status.state, TaskState::kCompleted);
}

/// Says everything with views of text that has gone when the call is awaited.
class ViewingWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        auto words = std::make_unique<std::string>(ctx.user_text());
        const std::string_view view = *words;
        const std::string_view kind = ctx.user_text().substr(0, ctx.user_text().find(' '));
        std::vector<Async<void>> calls;
        calls.push_back(ctx.send_status(view));
        calls.push_back(ctx.emit_text_artifact(view, "piece", false, true));
        if (kind == "complete") calls.push_back(ctx.complete(view));
        if (kind == "respond") calls.push_back(ctx.respond(view));
        if (kind == "reply") calls.push_back(ctx.reply_directly(view));
        if (kind == "fail") calls.push_back(ctx.fail(view));
        if (kind == "reject") calls.push_back(ctx.reject(view));
        if (kind == "ask") calls.push_back(ctx.request_input(view, RawJson("1")));
        std::fill(words->begin(), words->end(), 'x');
        words.reset();
        for (auto& call : calls) co_await std::move(call);
    }
    [[nodiscard]] bool may_reply_directly() const noexcept override { return true; }
};

TEST(AgentHarnessTest, ATextMayBeAViewThatEndsBeforeTheCallIsAwaited) {
    AgentHarness agent(std::make_shared<ViewingWorker>());
    const std::string words = " with more words than a short string has room for";
    for (const std::string kind : {"complete", "respond", "reply", "fail", "reject", "ask"}) {
        const std::string text = kind + words;
        const Task task = agent.send(text);
        ASSERT_FALSE(task.artifacts.empty()) << kind;
        EXPECT_EQ(task.artifacts.front()->artifact_id, "piece");
        EXPECT_EQ(task.artifacts.front()->text(), text);
        EXPECT_EQ(
            kind == "complete" ? task.artifacts.back()->text() : (*task.status.message)->text(),
            text);
    }
}

TEST(AgentHarnessTest, AnHourOfWaitingTakesNoTime) {
    AgentHarness agent(scripted({Step::sleep(1h), Step::complete("done")}));
    const Task task = agent.start("wait");
    EXPECT_NE(agent.get_task(task.id).status.state, TaskState::kCompleted);
    agent.advance(61min);
    EXPECT_EQ(agent.get_task(task.id).text(), "done");
}

TEST(AgentHarnessTest, RepliesToAPausedTask) {
    auto worker = scripted({Step::complete("Hello, Ada!")});
    worker->then({Step::request_input("Who are you?")});
    AgentHarness agent(worker);
    const Task asked = agent.send("hi");
    EXPECT_EQ(asked.status.state, TaskState::kInputRequired);
    const Task done = agent.reply(asked, "Ada");
    EXPECT_EQ(done.id, asked.id);
    EXPECT_EQ(done.text(), "Hello, Ada!");
}

TEST(AgentHarnessTest, ResumesATaskWhoseCredentialsArrived) {
    const auto worker = scripted({Step::complete("Sent")});
    worker->then({Step::request_auth("Log in first.")});
    AgentHarness agent(worker);
    const Task paused = agent.send("a letter");
    EXPECT_EQ(paused.status.state, TaskState::kAuthRequired);
    agent.resume(paused);
    agent.loop().run_ready();
    EXPECT_EQ(agent.get_task(paused.id).text(), "Sent");
    EXPECT_EQ(worker->seen().back().text, "a letter");
    EXPECT_EQ(code_of([&] { agent.resume(paused); }), ErrorCode::kUnsupportedOperation);
}

TEST(AgentHarnessTest, CancelsARunningTask) {
    auto worker = scripted({Step::until_cancelled()});
    AgentHarness agent(worker);
    const Task task = agent.start("wait");
    InProcessStream watched = agent.client().subscribe(task.id);
    EXPECT_EQ(agent.cancel(task.id).status.state, TaskState::kCanceled);
    EXPECT_FALSE(watched.rest().empty());
    EXPECT_TRUE(worker->seen().at(0).cancelled);
}

TEST(AgentHarnessTest, HandsOutADirectReply) {
    AgentHarness agent(scripted({Step::reply_directly("Hi.")}, {.may_reply_directly = true}));
    EXPECT_EQ(agent.client().send_for_message("hi").text(), "Hi.");
    EXPECT_THROW((void)agent.send("hi"), std::logic_error);
}

TEST(AgentHarnessTest, KeepsTheTasksOfPrincipalsApart) {
    AgentHarness agent(scripted({Step::complete("secret")}));
    agent.client().principal.name = "ann";
    const Task task = agent.send("hi");
    agent.client().principal.name = "bob";
    EXPECT_EQ(code_of([&] { (void)agent.get_task(task.id); }), ErrorCode::kTaskNotFound);
}

TEST(AgentHarnessTest, LetsMiddlewaresSeeEveryRequest) {
    HarnessOptions options;
    std::map<std::string, Principal> keys{{"k1", Principal{"ann", {}}}};
    options.middlewares.push_back(std::make_shared<ApiKeyMiddleware>(std::move(keys)));
    AgentHarness agent(scripted({Step::complete("ok")}), std::move(options));
    EXPECT_EQ(code_of([&] { (void)agent.send("hi"); }), ErrorCode::kUnauthenticated);
    agent.client().context.headers = {{"x-api-key", "k1"}};
    EXPECT_EQ(agent.send("hi").text(), "ok");
}

// -- Workers with threads of their own

class BlockingFunction final : public BlockingWorker {
public:
    explicit BlockingFunction(std::function<void(BlockingTaskContext&)> body,
                              std::size_t threads = 1)
        : BlockingWorker(threads), body_(std::move(body)) {}
    void handle(BlockingTaskContext& ctx) override { body_(ctx); }

private:
    std::function<void(BlockingTaskContext&)> body_;
};

std::shared_ptr<BlockingFunction> blocking(std::function<void(BlockingTaskContext&)> body,
                                           std::size_t threads = 1) {
    return std::make_shared<BlockingFunction>(std::move(body), threads);
}

TEST(AgentHarnessTest, WaitsForTheThreadsOfABlockingWorker) {
    AgentHarness agent(blocking([](BlockingTaskContext& ctx) {
        ctx.send_status("on it");
        std::this_thread::sleep_for(5ms);
        ctx.complete("Echo: " + std::string(ctx.user_text()));
    }));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(agent.send("hi").text(), "Echo: hi");
}

TEST(AgentHarnessTest, TheCallsOfABlockingHandlerTakeVirtualTime) {
    AgentHarness agent(blocking([](BlockingTaskContext& ctx) {
        EXPECT_FALSE(ctx.cancelled_within(1h));
        ctx.complete("done");
    }));
    const Task task = agent.start("wait");
    EXPECT_EQ(agent.get_task(task.id).status.state, TaskState::kWorking);
    agent.advance(61min);
    EXPECT_EQ(agent.get_task(task.id).text(), "done");
}

TEST(AgentHarnessTest, BlockingHandlersShareTheirThreads) {
    AgentHarness agent(blocking(
        [](BlockingTaskContext& ctx) {
            (void)ctx.cancelled_within(1h);
            ctx.complete(std::string(ctx.user_text()));
        },
        2));
    std::vector<Task> tasks;
    for (const char* text : {"one", "two", "three"}) tasks.push_back(agent.start(text));
    agent.advance(61min);
    EXPECT_EQ(agent.get_task(tasks[0].id).text(), "one");
    EXPECT_EQ(agent.get_task(tasks[1].id).text(), "two");
    EXPECT_EQ(agent.get_task(tasks[2].id).status.state, TaskState::kWorking);
    agent.advance(1h);
    EXPECT_EQ(agent.get_task(tasks[2].id).text(), "three");
}

TEST(AgentHarnessTest, CancelsABlockingHandlerThatLooksWhetherItIs) {
    AgentHarness agent(blocking([](BlockingTaskContext& ctx) {
        while (!ctx.is_cancelled()) std::this_thread::sleep_for(1ms);
    }));
    const Task task = agent.start("work");
    EXPECT_EQ(agent.get_task(task.id).status.state, TaskState::kWorking);
    EXPECT_EQ(agent.cancel(task.id).status.state, TaskState::kCanceled);
}

// -- The end of a test

class CoroutineFunction final : public Worker {
public:
    explicit CoroutineFunction(std::function<Async<void>(TaskContext&)> body)
        : body_(std::move(body)) {}
    Async<void> handle(TaskContext& ctx) override { return body_(ctx); }

private:
    std::function<Async<void>(TaskContext&)> body_;
};

Async<void> wait_for_good(Signal& never) { co_await never.wait(); }

TEST(AgentHarnessTest, EndsWhileAHandlerSleepsWhateverThatOneDoes) {
    auto worker = scripted({Step::sleep(5h), Step::complete("too late")});
    {
        AgentHarness agent(worker);
        (void)agent.start("sleep");
    }
    EXPECT_EQ(worker->running(), 0U);
    std::atomic<bool> returned{false};
    {
        AgentHarness agent(blocking([&](BlockingTaskContext& ctx) {
            while (!ctx.is_cancelled()) std::this_thread::sleep_for(1ms);
            returned = true;
        }));
        (void)agent.start("work");
    }
    EXPECT_TRUE(returned);
}

TEST(AgentHarnessTest, ASendThatNobodyAnswersThrowsAndTheTestGoesOn) {
    Signal gate;
    {
        AgentHarness agent(
            std::make_shared<CoroutineFunction>([&](TaskContext&) { return wait_for_good(gate); }));
        EXPECT_THROW((void)agent.send("wait"), std::runtime_error);
        gate.set();
    }
    AgentHarness next(scripted({Step::complete("ok")}));
    EXPECT_EQ(next.send("hi").text(), "ok");
}

TEST(AgentHarnessTest, AHandlerThatNeverReturnsIsToldOfAndEndsNoTest) {
    static Signal& never = *new Signal;  // outlives who waits for it, to the end of the process
    ::testing::internal::CaptureStderr();
    {
        AgentHarness agent(std::make_shared<CoroutineFunction>(
            [&](TaskContext&) { return wait_for_good(never); }));
        (void)agent.start("wait");
    }
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("a handler has not returned"),
              std::string::npos);
    AgentHarness next(scripted({Step::complete("ok")}));
    EXPECT_EQ(next.send("hi").text(), "ok");
}

TEST(AgentHarnessTest, StopsAWorkerThatStillWaits) {
    auto worker = scripted({Step::until_cancelled()});
    {
        AgentHarness agent(worker);
        (void)agent.start("wait");
    }
    EXPECT_EQ(worker->running(), 0U);
}

}  // namespace
}  // namespace a2akit::testing
