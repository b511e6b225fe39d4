#include "support/test_agent.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using test_support::text_of;
using test_support::until;

constexpr const char* kAlice = "Content-Type: application/json\r\nX-Api-Key: a\r\n";
constexpr const char* kBob = "Content-Type: application/json\r\nX-Api-Key: b\r\n";

/// What holds for clients whatever the binding, on a server with two principals.
class PromisesTest : public ::testing::Test {
protected:
    void start(std::shared_ptr<Worker> worker, Settings settings = {}) {
        ServerOptions options = test_options(std::move(worker));
        settings.port = options.settings.port;
        settings.drain_timeout = options.settings.drain_timeout;
        options.settings = settings;
        const std::map<std::string, Principal> keys{{"a", {"alice"}}, {"b", {"bob"}}};
        options.middlewares = {std::make_shared<ApiKeyMiddleware>(keys)};
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    void start(Settings settings = {}) { start(agent, settings); }

    HttpClient::Response ask(std::string_view method, const std::string& target,
                             const std::string& body, const std::string& headers = kAlice) {
        return HttpClient(server->port()).exchange(method, target, body, headers);
    }
    HttpClient::Response send(const std::string& body, const std::string& headers = kAlice) {
        return ask("POST", "/message:send", body, headers);
    }
    HttpClient::Response rpc(const std::string& method, const std::string& params,
                             const std::string& headers = kAlice) {
        return ask(
            "POST", "/",
            R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}",
            headers);
    }
    /// Answered at once.
    static std::string now(const std::string& text) {
        return send_body(text, R"(},"configuration":{"returnImmediately":true)");
    }
    static std::string in_task(const std::string& task) {
        return send_body("more", R"(,"taskId":")" + task + "\"");
    }

    std::shared_ptr<TestAgent> agent = std::make_shared<TestAgent>();
    std::unique_ptr<Server> server;
};

// -- Idempotency-Key

TEST_F(PromisesTest, ARepeatJoinsWhateverItsBinding) {
    start();
    const std::string alice = std::string(kAlice) + "Idempotency-Key: k\r\n";
    const std::string task = task_id_of(send(send_body("pay"), alice).body);
    ASSERT_FALSE(task.empty());
    EXPECT_EQ(task_id_of(rpc("SendMessage", send_body("pay"), alice).body), task);
    const char* rewritten =
        R"({ "message": {"parts": [{"text":"pay"}], "role":"ROLE_USER", "message_id":"m"} })";
    EXPECT_EQ(task_id_of(send(rewritten, alice).body), task)
        << "it is the request that counts, not how it is written";
    const auto streamed = ask("POST", "/message:stream", send_body("pay"), alice);
    EXPECT_TRUE(streamed.body.starts_with("id: ")) << streamed.body;
    EXPECT_EQ(task_id_of(streamed.body), task);
    EXPECT_EQ(task_id_of(rpc("SendStreamingMessage", send_body("pay"), alice).body), task);
    EXPECT_EQ(agent->started, 1);

    const std::string bob = std::string(kBob) + "Idempotency-Key: k\r\n";
    EXPECT_NE(task_id_of(send(send_body("pay"), bob).body), task)
        << "a key belongs to its principal";
    EXPECT_EQ(agent->started, 2);
}

TEST_F(PromisesTest, AKeyWithAnotherRequestIsRefusedInBothBindings) {
    start();
    const std::string alice = std::string(kAlice) + "Idempotency-Key: k\r\n";
    ASSERT_EQ(send(send_body("pay"), alice).status, 200);
    const auto rest = send(send_body("pay more"), alice);
    EXPECT_EQ(rest.status, 400);
    EXPECT_NE(rest.body.find(R"("field":"Idempotency-Key")"), std::string::npos) << rest.body;
    const auto refused = rpc("SendMessage", send_body("pay more"), alice);
    EXPECT_NE(refused.body.find("-32602"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find(R"("field":"Idempotency-Key")"), std::string::npos) << refused.body;
    EXPECT_EQ(agent->started, 1);
}

TEST_F(PromisesTest, AMessageIdIsAKeyInBothBindingsWhereTheSettingSaysSo) {
    Settings settings;
    settings.repeat_by_message_id = true;
    start(settings);
    const std::string task = task_id_of(send(send_body("pay")).body);
    ASSERT_FALSE(task.empty());
    EXPECT_EQ(task_id_of(rpc("SendMessage", send_body("pay")).body), task);
    EXPECT_EQ(task_id_of(ask("POST", "/message:stream", send_body("pay")).body), task);
    EXPECT_EQ(agent->started, 1);
    const auto rest = send(send_body("pay more"));
    EXPECT_EQ(rest.status, 400);
    EXPECT_NE(rest.body.find(R"("field":"message.messageId")"), std::string::npos) << rest.body;
    const auto refused = rpc("SendMessage", send_body("pay more"));
    EXPECT_NE(refused.body.find("-32602"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find(R"("field":"message.messageId")"), std::string::npos)
        << refused.body;
    EXPECT_EQ(agent->started, 1);
}

// -- Owners

TEST_F(PromisesTest, SomebodyElsesTaskIsNotFoundByAnyOperationOfAnyBinding) {
    start();
    const std::string task = task_id_of(send(send_body("ask")).body);
    const std::string id = R"({"id":")" + task + "\"}";
    const std::vector<std::tuple<const char*, std::string, std::string>> rest{
        {"GET", "/tasks/" + task, ""},
        {"POST", "/tasks/" + task + ":cancel", "{}"},
        {"GET", "/tasks/" + task + ":subscribe", ""},
        {"POST", "/tasks/" + task + ":subscribe", "{}"},
        {"POST", "/message:send", in_task(task)},
        {"POST", "/message:stream", in_task(task)}};
    for (const auto& [method, target, body] : rest) {
        const auto answer = ask(method, target, body, kBob);
        EXPECT_EQ(answer.status, 404) << target << answer.body;
        EXPECT_NE(answer.body.find("TASK_NOT_FOUND"), std::string::npos) << target << answer.body;
    }
    const std::vector<std::pair<const char*, std::string>> calls{
        {"GetTask", id},
        {"CancelTask", id},
        {"SubscribeToTask", id},
        {"SendMessage", in_task(task)},
        {"SendStreamingMessage", in_task(task)}};
    for (const auto& [method, params] : calls) {
        const auto answer = rpc(method, params, kBob);
        EXPECT_NE(answer.body.find("-32001"), std::string::npos) << method << answer.body;
    }
    EXPECT_EQ(ask("GET", "/tasks", "", kBob).body.find(task), std::string::npos);
    EXPECT_EQ(rpc("ListTasks", "{}", kBob).body.find(task), std::string::npos);

    const auto untouched = ask("GET", "/tasks/" + task, "");
    EXPECT_NE(untouched.body.find("TASK_STATE_INPUT_REQUIRED"), std::string::npos)
        << untouched.body;
    EXPECT_NE(rpc("ListTasks", "{}").body.find(task), std::string::npos);
    EXPECT_EQ(agent->started, 1);
}

// -- A full store

TEST_F(PromisesTest, AFullStoreRefusesWithRetryInfoAndFinishedTasksMakeRoom) {
    Settings settings;
    settings.max_stored_tasks = 2;
    settings.threads = 1;
    start(settings);
    const std::string first = task_id_of(send(now("wait")).body);
    ASSERT_FALSE(task_id_of(send(now("wait")).body).empty());
    const auto rest = send(send_body("hi"));
    EXPECT_EQ(rest.status, 503);
    EXPECT_FALSE(rest.header("retry-after").empty());
    EXPECT_NE(rest.body.find("google.rpc.RetryInfo"), std::string::npos) << rest.body;
    const auto refused = rpc("SendMessage", send_body("hi"));
    EXPECT_NE(refused.body.find("-32603"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find("google.rpc.RetryInfo"), std::string::npos) << refused.body;

    until([&] { return agent->waiting == 2; });
    EXPECT_EQ(ask("POST", "/tasks/" + first + ":cancel", "{}").status, 200);
    EXPECT_NE(send(send_body("hi")).body.find("Echo: hi"), std::string::npos);
    EXPECT_EQ(ask("GET", "/tasks/" + first, "").status, 404) << "the finished one went";
}

// -- AUTH_REQUIRED

/// Asks for credentials until they are there.
class CarefulAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        if (has_credentials)
            co_return co_await ctx.complete("Sent: " + std::string(ctx.user_text()));
        AuthRequest request;
        request.details = "Log in first.";
        co_await ctx.request_auth(std::move(request));
    }
    std::atomic<bool> has_credentials{false};
};

TEST_F(PromisesTest, AStreamStaysOpenAtAuthRequiredAndGoesOnWhenItsTaskIsResumed) {
    const auto careful = std::make_shared<CarefulAgent>();
    start(careful);
    HttpClient client(server->port());
    client.request("POST", "/message:stream", send_body("a letter"), kAlice);
    client.head();
    std::string events = client.chunk();
    const std::string task = task_id_of(events);
    while (events.find("TASK_STATE_AUTH_REQUIRED") == std::string::npos) events += client.chunk();

    careful->has_credentials = true;
    const auto resumed = server->resume(*TaskId::parse(task));
    EXPECT_TRUE(resumed) << resumed.error().message;
    std::string rest;
    for (std::string next = client.chunk(); !next.empty(); next = client.chunk()) rest += next;
    EXPECT_NE(rest.find("Sent: a letter"), std::string::npos) << rest;
    EXPECT_NE(rest.find("TASK_STATE_COMPLETED"), std::string::npos) << rest;

    const auto again = server->resume(*TaskId::parse(task));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kUnsupportedOperation);
    EXPECT_EQ(server->resume(TaskId::generate()).error().code, ErrorCode::kTaskNotFound);
}

// -- A worker that blocks

class BlockingAgent final : public BlockingWorker {
public:
    BlockingAgent() : BlockingWorker(1) {}
    void handle(BlockingTaskContext& ctx) override {
        ++started;
        const std::string text(ctx.user_text());
        if (text == "forget") return;
        if (text == "throw") throw std::runtime_error("no model");
        if (text == "wait") {
            ++waiting;
            return ctx.cancelled();
        }
        ctx.complete("done");
        EXPECT_TRUE(ctx.turn_ended());
        if (text == "throw late") throw std::runtime_error("too late to matter");
        if (text == "twice") {
            EXPECT_THROW(ctx.fail("again"), std::logic_error);
        }
    }
    std::atomic<int> started{0};
    std::atomic<int> waiting{0};
};

TEST_F(PromisesTest, ABlockingWorkerIsHeldToTheSameRules) {
    const auto blocking = std::make_shared<BlockingAgent>();
    start(blocking);
    for (const char* text : {"go", "throw late", "twice"}) {
        const auto answer = send(send_body(text));
        EXPECT_NE(answer.body.find("TASK_STATE_COMPLETED"), std::string::npos) << answer.body;
    }
    const auto thrown = send(send_body("throw"));
    EXPECT_NE(thrown.body.find("TASK_STATE_FAILED"), std::string::npos) << thrown.body;
    EXPECT_NE(thrown.body.find("the agent failed"), std::string::npos) << thrown.body;
    const auto forgotten = send(send_body("forget"));
    EXPECT_NE(forgotten.body.find("TASK_STATE_FAILED"), std::string::npos) << forgotten.body;
    EXPECT_NE(forgotten.body.find("exactly one of complete"), std::string::npos) << forgotten.body;
}

TEST_F(PromisesTest, WhatIsCancelledWhileItWaitsForAThreadIsNeverBegun) {
    const auto blocking = std::make_shared<BlockingAgent>();
    Settings settings;
    settings.cancel_wait = Duration(0);
    start(blocking, settings);
    const std::string running = task_id_of(send(now("wait")).body);
    until([&] { return blocking->waiting == 1; });
    const std::string queued = task_id_of(send(now("go")).body);
    until([&] {
        return ask("GET", "/tasks/" + queued, "").body.find("WORKING") != std::string::npos;
    });
    EXPECT_EQ(ask("POST", "/tasks/" + queued + ":cancel", "{}").status, 200);
    EXPECT_EQ(ask("POST", "/tasks/" + running + ":cancel", "{}").status, 200);
    until([&] {
        return ask("GET", "/tasks/" + queued, "").body.find("CANCELED") != std::string::npos;
    });
    EXPECT_EQ(blocking->started, 1);
}

}  // namespace
}  // namespace a2akit
