#include "runtime/agent_runtime.hpp"
#include "runtime/agent_scope.hpp"

#include <a2akit/testing/in_process_client.hpp>
#include <a2akit/testing/manual_loop.hpp>
#include <a2akit/testing/memory_ports.hpp>
#include <a2akit/testing/scripted_worker.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
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

AgentCard open_card() {
    AgentCard card;
    card.capabilities.streaming = true;
    card.default_input_modes = {"*/*"};
    return card;
}

class CountingHooks final : public LifecycleHooks {
public:
    Async<void> on_terminal(StateChange change) override {
        ended.push_back(change.after);
        co_return;
    }
    std::vector<TaskState> ended;
};

/// One process on the test's loop: a runtime, and a client for each of its agents.
class Process {
public:
    Process(ManualLoop& loop, const Ports& ports, std::vector<AgentSpec> agents,
            AgentRuntimeOptions options = {})
        : loop_(loop), runtime({&loop}, loop, ports, agents, std::move(options)) {
        for (std::size_t i = 0; i < agents.size(); ++i)
            clients_.try_emplace(agents[i].name, loop, runtime.handler(i));
        loop_.await(runtime.start()).value_or_throw();
    }
    ~Process() { stop(); }
    void stop() {
        if (std::exchange(stopped_, true)) return;
        loop_.await(runtime.serve_out(loop_.now()));
        loop_.await(runtime.join_runs());
        loop_.await(runtime.stop(loop_.now()));
    }
    [[nodiscard]] InProcessClient& client(const std::string& agent) { return clients_.at(agent); }

private:
    ManualLoop& loop_;
    bool stopped_ = false;

public:
    AgentRuntime runtime;

private:
    std::map<std::string, InProcessClient> clients_;
};

class AgentRuntimeTest : public ::testing::Test {
protected:
    static AgentSpec agent(std::string name, std::shared_ptr<Worker> worker) {
        AgentSpec spec;
        spec.name = std::move(name);
        spec.worker = std::move(worker);
        spec.card = open_card();
        return spec;
    }
    static std::shared_ptr<ScriptedWorker> answering(std::string text) {
        return std::make_shared<ScriptedWorker>(Script{Step::complete(std::move(text))});
    }

    std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
    ManualLoop loop{clock};
    Ports ports = memory_ports({.clock = clock});
    std::shared_ptr<ScriptedWorker> alphas = answering("from alpha");
    std::shared_ptr<ScriptedWorker> betas = answering("from beta");
};

TEST_F(AgentRuntimeTest, EachAgentRunsItsOwnWorker) {
    Process process(loop, ports, {agent("alpha", alphas), agent("beta", betas)});
    EXPECT_EQ(process.client("alpha").send("hi").text(), "from alpha");
    EXPECT_EQ(process.client("beta").send("hi").text(), "from beta");
    EXPECT_EQ(alphas->seen().size(), 1U);
    EXPECT_EQ(betas->seen().size(), 1U);
}

TEST_F(AgentRuntimeTest, AnAgentDoesNotSeeTheTasksOfAnother) {
    Process process(loop, ports, {agent("alpha", alphas), agent("beta", betas)});
    const Task task = process.client("alpha").send("hi");
    InProcessClient& beta = process.client("beta");
    EXPECT_EQ(code_of([&] { (void)beta.get_task(task.id); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(code_of([&] { (void)beta.cancel(task.id); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(code_of([&] { (void)beta.subscribe(task.id); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(code_of([&] { (void)beta.reply(task, "more"); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(beta.list_tasks().total_size, 0);
    EXPECT_EQ(process.client("alpha").list_tasks().total_size, 1);
}

TEST_F(AgentRuntimeTest, AnIdempotencyKeyCountsWithinItsAgent) {
    Process process(loop, ports, {agent("alpha", alphas), agent("beta", betas)});
    const SendMessageRequest request = text_request("once");
    const auto task_of = [&](const char* name) {
        return std::get<Task>(process.client(name).send(request, "key").payload).id;
    };
    const std::string first = task_of("alpha");
    EXPECT_NE(task_of("beta"), first);
    EXPECT_EQ(task_of("alpha"), first);
}

Async<void> remember_caller(TaskContext& ctx) {
    const RawJson known = co_await ctx.load_context();
    co_await ctx.update_context(RawJson("\"seen\""));
    co_await ctx.complete(ctx.principal().name + (known.empty() ? ": new" : ": known"));
}

TEST_F(AgentRuntimeTest, AHandlerSeesThePrincipalWithoutTheAgentAndAContextOfItsAgent) {
    const auto remembering = std::make_shared<ScriptedWorker>(
        Script{Step::call([](TaskContext& ctx) { return remember_caller(ctx); })});
    Process process(loop, ports, {agent("alpha", remembering), agent("beta", remembering)});
    SendMessageRequest request = text_request("hi");
    request.message.context_id = "conversation";
    const auto send = [&](const char* name) {
        InProcessClient& client = process.client(name);
        client.principal.name = "ann";
        request.message.message_id += "x";
        return std::get<Task>(client.send(request).payload).text();
    };
    EXPECT_EQ(send("alpha"), "ann: new");
    EXPECT_EQ(send("alpha"), "ann: known");
    EXPECT_EQ(send("beta"), "ann: new");
}

TEST_F(AgentRuntimeTest, ATurnReachesTheProcessThatServesItsAgent) {
    Process one(loop, ports, {agent("alpha", alphas)});
    Process other(loop, ports, {agent("beta", betas)});
    std::vector<std::string> tasks;
    for (int i = 0; i < 8; ++i) {
        tasks.push_back(one.client("alpha").start("hi").id);
        tasks.push_back(other.client("beta").start("hi").id);
    }
    loop.advance(10s);
    EXPECT_EQ(alphas->seen().size(), 8U);
    EXPECT_EQ(betas->seen().size(), 8U);
    for (std::size_t i = 0; i < tasks.size(); i += 2) {
        EXPECT_EQ(one.client("alpha").get_task(tasks[i]).text(), "from alpha");
        EXPECT_EQ(other.client("beta").get_task(tasks[i + 1]).text(), "from beta");
    }
}

TEST_F(AgentRuntimeTest, ATurnWhoseAgentNobodyServesWaitsWithoutUsingUpItsAttempts) {
    const auto cut_off = std::make_shared<ScriptedWorker>(Script{Step::until_cancelled()});
    std::string task;
    {
        Process before(loop, ports, {agent("beta", cut_off)});
        task = before.client("beta").start("hi").id;
        loop.run_ready();
        before.stop();
    }
    Process without(loop, ports, {agent("alpha", alphas)});
    loop.advance(1h);
    EXPECT_TRUE(alphas->seen().empty());
    Process again(loop, ports, {agent("beta", betas)});
    loop.advance(1min);
    EXPECT_EQ(again.client("beta").get_task(task).text(), "from beta");
    ASSERT_EQ(betas->seen().size(), 1U);
    EXPECT_EQ(betas->seen().front().attempt, 1);
}

TEST_F(AgentRuntimeTest, AForcedEndCallsTheHooksOfItsAgentOnly) {
    const auto deaf = std::make_shared<ScriptedWorker>(Script{Step::wait_at("gate")});
    AgentSpec alpha = agent("alpha", alphas);
    AgentSpec beta = agent("beta", deaf);
    const auto hooks_of_alpha = std::make_shared<CountingHooks>();
    const auto hooks_of_beta = std::make_shared<CountingHooks>();
    alpha.hooks = hooks_of_alpha;
    beta.hooks = hooks_of_beta;
    Process process(loop, ports, {alpha, beta});
    const Task task = process.client("beta").start("hi");
    loop.run_ready();
    (void)process.client("beta").cancel(task.id);
    loop.advance(2min);  // the cancel is overdue then
    EXPECT_EQ(process.client("beta").get_task(task.id).status.state, TaskState::kCanceled);
    EXPECT_EQ(hooks_of_beta->ended, std::vector{TaskState::kCanceled});
    EXPECT_TRUE(hooks_of_alpha->ended.empty());
    deaf->open("gate");
}

TEST_F(AgentRuntimeTest, ResumeContinuesATaskWithItsAgent) {
    betas->then({Step::request_auth("log in")});
    Process process(loop, ports, {agent("alpha", alphas), agent("beta", betas)});
    const Task task = process.client("beta").send("hi");
    ASSERT_EQ(task.status.state, TaskState::kAuthRequired);
    ASSERT_TRUE(loop.await(process.runtime.resume(TaskId::parse(task.id).value())));
    loop.run_ready();
    EXPECT_EQ(process.client("beta").get_task(task.id).text(), "from beta");
    EXPECT_TRUE(alphas->seen().empty());
}

TEST_F(AgentRuntimeTest, ATaskOfAnAgentThatIsNotServedIsNotResumed) {
    std::string task;
    {
        betas->then({Step::request_auth("log in")});
        Process before(loop, ports, {agent("beta", betas)});
        task = before.client("beta").send("hi").id;
    }
    Process process(loop, ports, {agent("alpha", alphas)});
    const auto resumed = loop.await(process.runtime.resume(TaskId::parse(task).value()));
    ASSERT_FALSE(resumed);
    EXPECT_EQ(resumed.error().code, ErrorCode::kUnsupportedOperation);
    EXPECT_NE(resumed.error().message.find("\"beta\""), std::string::npos);
}

TEST_F(AgentRuntimeTest, ADeadLetterIsRedrivenByItsAgent) {
    betas->then({Step::until_cancelled()});
    Process process(loop, ports, {agent("alpha", alphas), agent("beta", betas)});
    const Task lost = process.client("beta").start("hi");
    loop.run_ready();
    TaskUpdate update;
    update.id = WriteId::next();
    update.raise_epoch = true;
    update.status = TaskStatus{TaskState::kFailed, std::nullopt, std::nullopt};
    update.dead_letter = "given up";
    ASSERT_TRUE(loop.await(ports.storage->append(TaskId::parse(lost.id).value(),
                                                 OwnerScope::everything(), std::move(update))));
    const auto letters = loop.await(ports.maintenance->dead_letters(std::nullopt, 10));
    ASSERT_EQ(letters.value().size(), 1U);
    const auto made = loop.await(process.runtime.redrive(letters->front()));
    ASSERT_TRUE(made);
    loop.advance(1min);
    EXPECT_EQ(process.client("beta").get_task(made->to_string()).text(), "from beta");
    EXPECT_TRUE(alphas->seen().empty());
}

TEST_F(AgentRuntimeTest, NoNameOfAPrincipalReachesTheTasksOfANamedAgent) {
    AgentSpec unnamed = agent("", betas);
    Process named(loop, ports, {agent("alpha", alphas)});
    Process process(loop, ports, {unnamed});
    named.client("alpha").principal.name = "bob";
    const Task task = named.client("alpha").start("hi");
    const OwnerScope bobs{owner_with_agent("alpha", "bob"), {}, false};
    InProcessClient& attacker = process.client("");
    attacker.principal.name = bobs.owner;
    EXPECT_EQ(code_of([&] { (void)attacker.get_task(task.id); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(attacker.list_tasks().total_size, 0);
    loop.advance(5s);
}

TEST(AgentScopeTest, TheNamesComeBackAsTheyWere) {
    const std::vector<std::string> agents{"", "alpha", "beta-2"};
    const std::vector<std::string> principals{"", "ann", "\x1f",
                                              "\x1f"
                                              "alpha\x1f"
                                              "ann",
                                              "a\x1f"};
    std::vector<std::string> owners;
    for (const std::string& name : agents) {
        for (const std::string& principal : principals) {
            const OwnerScope scope{owner_with_agent(name, principal), {}, false};
            EXPECT_EQ(agent_of(scope), name);
            EXPECT_EQ(principal_of(scope), principal);
            EXPECT_EQ(std::count(owners.begin(), owners.end(), scope.owner), 0);
            owners.push_back(scope.owner);
        }
    }
}

TEST(AgentScopeTest, AnAgentWithoutANameLeavesOwnersAsTheyAre) {
    EXPECT_EQ(owner_with_agent("", "ann"), "ann");
    EXPECT_EQ(owner_with_agent("", ""), "");
}

TEST(AgentScopeTest, TheKeyOfANameIsTheSameInEveryProcess) {
    EXPECT_EQ(agent_key(""), 0xcbf29ce484222325ULL);
    EXPECT_EQ(agent_key("a"), 0xaf63dc4c8601ec8dULL);  // FNV-1a, with the lowest bit set
    EXPECT_NE(agent_key("alpha"), agent_key("beta"));
}

}  // namespace
}  // namespace a2akit::testing
