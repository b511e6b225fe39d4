#include "integration/server_fixture.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <csignal>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::until;

TEST_F(ServerTest, ABlockingSendAnswersWithTheFinishedTaskOverBothBindings) {
    start();
    HttpClient client(server->port());
    const auto rest = client.exchange("POST", "/message:send", send_body("hi"));
    EXPECT_EQ(rest.status, 200);
    EXPECT_NE(rest.body.find("Echo: hi"), std::string::npos);
    const auto rpc = client.exchange(
        "POST", "/",
        R"({"jsonrpc":"2.0","id":7,"method":"SendMessage","params":)" + send_body("rpc") + "}");
    EXPECT_NE(rpc.body.find("Echo: rpc"), std::string::npos) << rpc.body;
    EXPECT_NE(rpc.body.find("\"id\":7"), std::string::npos);
}

TEST_F(ServerTest, GrpcIsRefusedByAProgramThatWasLinkedWithoutIt) {
    ServerOptions options = test_options(agent);
    options.settings.grpc_port = 0;
    Server without(std::move(options));
    const auto started = without.start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("a2akit::grpc"), std::string::npos)
        << started.error().message;
}

TEST_F(ServerTest, ASlowSendIsKeptAliveUntilADrainAnswersWithTheTaskAsItStands) {
    ServerOptions options = test_options(agent);
    options.settings.heartbeat = Duration(20);
    start(std::move(options));
    HttpClient rest(server->port());
    rest.request("POST", "/message:send", send_body("wait"));
    HttpClient rpc(server->port());
    rpc.request(
        "POST", "/",
        R"({"jsonrpc":"2.0","id":7,"method":"SendMessage","params":)" + send_body("wait") + "}");
    for (HttpClient* client : {&rest, &rpc}) {
        EXPECT_EQ(client->head().status, 200);
        for (int i = 0; i < 3; ++i) EXPECT_EQ(client->chunk(), " ");
    }
    std::jthread stopper([&] { server->stop(); });
    for (HttpClient* client : {&rest, &rpc}) {
        std::string body;
        for (std::string next = client->chunk(); !next.empty(); next = client->chunk())
            body += next;
        EXPECT_NE(body.find("TASK_STATE_WORKING"), std::string::npos) << body;
        EXPECT_EQ(body.find("\"id\":7") != std::string::npos, client == &rpc) << body;
        EXPECT_TRUE(client->closed_by_server());
    }
}

TEST_F(ServerTest, AStreamBeginsWithTheTaskAndEndsWithItsEnd) {
    start();
    HttpClient client(server->port());
    const auto answer = client.exchange("POST", "/message:stream", send_body("words"));
    EXPECT_EQ(answer.header("content-type"), "text/event-stream");
    EXPECT_TRUE(answer.body.starts_with("id: 1\ndata: {\"task\":")) << answer.body;
    EXPECT_LT(answer.body.find("one "), answer.body.find("three"));
    EXPECT_NE(answer.body.find("TASK_STATE_COMPLETED"), std::string::npos);
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_F(ServerTest, AClientThatLeavesItsStreamDoesNotStopTheTask) {
    start();
    std::string task;
    {
        HttpClient client(server->port());
        client.request("POST", "/message:stream", send_body("wait"));
        client.head();
        task = task_id_of(client.chunk());
        until([&] { return agent->waiting == 1; });
        client.reset();
    }
    HttpClient client(server->port());
    const auto found = client.exchange("GET", "/tasks/" + task);
    EXPECT_NE(found.body.find("TASK_STATE_WORKING"), std::string::npos) << found.body;
    EXPECT_EQ(agent->cancelled, 0);
    const auto canceled = client.exchange("POST", "/tasks/" + task + ":cancel", "{}");
    EXPECT_NE(canceled.body.find("TASK_STATE_CANCELED"), std::string::npos) << canceled.body;
}

TEST_F(ServerTest, AFollowUpContinuesAPausedTask) {
    start();
    HttpClient client(server->port());
    const auto paused = client.exchange("POST", "/message:send", send_body("ask"));
    EXPECT_NE(paused.body.find("TASK_STATE_INPUT_REQUIRED"), std::string::npos) << paused.body;
    const std::string task = task_id_of(paused.body);
    const auto answer =
        client.exchange("POST", "/message:send", send_body("this", R"(,"taskId":")" + task + "\""));
    EXPECT_EQ(task_id_of(answer.body), task);
    EXPECT_NE(answer.body.find("Echo: this"), std::string::npos) << answer.body;
}

/// Writes down every change of state, "before>after", under the context it names.
class NotingHooks final : public LifecycleHooks {
public:
    Async<void> on_state_change(StateChange change) override {
        const std::lock_guard lock(mutex);
        notes[change.context_id] +=
            std::string(to_string(change.after).substr(sizeof "TASK_STATE_" - 1)) + ' ';
        return {};
    }
    std::mutex mutex;
    std::map<std::string, std::string> notes;
};

TEST_F(ServerTest, EveryHookNamesTheContextOfItsTask) {
    ServerOptions options = test_options(agent);
    const auto hooks = std::make_shared<NotingHooks>();
    options.hooks = hooks;
    start(std::move(options));
    HttpClient client(server->port());
    const auto send = [&](const std::string& text, const std::string& more) {
        return task_id_of(client.exchange("POST", "/message:send", send_body(text, more)).body);
    };
    const std::string asked = send("ask", R"(,"contextId":"asks")");
    send("hi", R"(,"taskId":")" + asked + '"');
    const std::string paused = send("ask", R"(,"contextId":"cancels")");
    client.exchange("POST", "/tasks/" + paused + ":cancel");
    server->stop();
    EXPECT_EQ(hooks->notes,
              (std::map<std::string, std::string>{
                  {"asks", "SUBMITTED WORKING INPUT_REQUIRED SUBMITTED WORKING COMPLETED "},
                  {"cancels", "SUBMITTED WORKING INPUT_REQUIRED CANCELED "}}));
}

TEST_F(ServerTest, TheListeningCallbackMayStopTheServer) {
    ServerOptions options = test_options(agent);
    options.on_listening = [this](const std::string&) { server->stop(); };
    start(std::move(options));
    EXPECT_THROW(HttpClient(server->port()), std::runtime_error);

    Server own([&] {
        ServerOptions more = test_options(agent);
        more.on_listening = [&own](const std::string&) { own.stop(); };
        return more;
    }());
    EXPECT_EQ(own.run(), 0);
}

TEST_F(ServerTest, AnExceptionOfWhoeverHearsThatItListensStopsIt) {
    for (const bool runs : {false, true}) {
        ServerOptions options = test_options(agent);
        options.on_listening = [](const std::string&) {
            throw std::runtime_error("no supervisor");
        };
        Server own(std::move(options));
        EXPECT_THROW(runs ? (void)own.run() : (void)own.start(), std::runtime_error);
        EXPECT_THROW(HttpClient(own.port()), std::runtime_error);
    }
}

TEST_F(ServerTest, ADependencyThatThrowsNoStdExceptionOnlyKeepsTheServerFromStarting) {
    class Odd final : public Startable {
    public:
        Async<void> startup() override {
            throw 42;
            co_return;
        }
    };
    ServerOptions options = test_options(agent);
    options.dependencies = std::make_shared<Dependencies>();
    options.dependencies->add(std::make_shared<Odd>());
    const auto started = Server(std::move(options)).start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message,
              "a dependency does not start: it threw an exception that is not derived from "
              "std::exception");
}

TEST_F(ServerTest, WhatIsMissingIsNamedAtTheStart) {
    ServerOptions without_worker = test_options(nullptr);
    EXPECT_EQ(Server(std::move(without_worker)).start().error().message,
              "worker: must not be null: it is the agent itself");
    ServerOptions without_name = test_options(agent);
    without_name.card.name.clear();
    EXPECT_TRUE(Server(std::move(without_name)).start().error().message.starts_with("card.name: "));
}

TEST_F(ServerTest, AWorkerThatNeedsItsContextRefusesASharedBrokerWithoutAKey) {
    class Needy final : public Worker {
    public:
        Async<void> handle(TaskContext& ctx) override { return ctx.complete(); }
        [[nodiscard]] bool requires_context() const noexcept override { return true; }
    };
    ServerOptions shared = test_options(std::make_shared<Needy>());
    shared.settings.broker = "redis://localhost";
    EXPECT_EQ(
        Server(std::move(shared)).start().error().message.find("A2AKIT_CONTEXT_KEY: is missing"),
        0U);
    ServerOptions alone = test_options(std::make_shared<Needy>());
    EXPECT_TRUE(Server(std::move(alone)).start());
}

TEST_F(ServerTest, APortInUseIsAClearErrorAndRunReturnsOne) {
    start();
    ServerOptions second = test_options(agent);
    second.settings.port = server->port();
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Server(std::move(second)).run(), 1);
    const std::string message = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(message.find("cannot listen on 127.0.0.1 port " + std::to_string(server->port()) +
                           ": Address already in use"),
              std::string::npos)
        << message;
    HttpClient client(server->port());
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
}

TEST_F(ServerTest, StopAnswersWhoWaitsWithTheTaskAsItStands) {
    start();
    HttpClient waiting(server->port());
    waiting.request("POST", "/message:send", send_body("wait"));
    HttpClient streaming(server->port());
    streaming.request("POST", "/message:stream", send_body("wait"));
    until([&] { return agent->waiting == 2; });
    server->stop();
    const auto answer = waiting.response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.body.find("TASK_STATE_WORKING"), std::string::npos) << answer.body;
    EXPECT_NE(streaming.response().body.find("the server is stopping"), std::string::npos);
    EXPECT_TRUE(streaming.closed_by_server());
    EXPECT_EQ(agent->cancelled, 2);
    server->stop();
}

TEST_F(ServerTest, AStopWaitsForNoTaskThatNobodyCanEnd) {
    ServerOptions options = test_options(agent);
    options.settings.drain_timeout = std::chrono::hours(1);
    start(std::move(options));
    HttpClient client(server->port());
    const std::string paused =
        task_id_of(client.exchange("POST", "/message:send", send_body("ask")).body);
    HttpClient watching(server->port());
    watching.request("POST", "/tasks/" + paused + ":subscribe", "{}");
    watching.head();
    EXPECT_EQ(task_id_of(watching.chunk()), paused);
    server->stop();
    EXPECT_NE(watching.chunk().find("the server is stopping"), std::string::npos);
}

TEST_F(ServerTest, RunServesUntilSigtermAndDrains) {
    std::atomic<std::uint16_t> port{0};
    ServerOptions options = test_options(agent);
    options.settings.log_level = "off";
    options.on_listening = [&](const std::string& url) {
        port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    };
    Server own(std::move(options));
    int status = -1;
    std::jthread runner([&] { status = own.run(); });
    until([&] { return port != 0; });
    EXPECT_EQ(HttpClient(port).exchange("POST", "/message:send", send_body("hi")).status, 200);
    // To the process: this thread, which was there before the server, may get it as well.
    kill(getpid(), SIGTERM);
    runner.join();
    EXPECT_EQ(status, 0);
}

TEST_F(ServerTest, RunEndsWhenAnotherThreadStopsTheServer) {
    std::atomic<bool> listening{false};
    ServerOptions options = test_options(agent);
    options.settings.log_level = "off";
    options.on_listening = [&](const std::string&) { listening = true; };
    Server own(std::move(options));
    int status = -1;
    std::jthread runner([&] { status = own.run(); });
    until([&] { return listening.load(); });
    own.stop();
    runner.join();
    EXPECT_EQ(status, 0);
}

/// Stops its own server, and then ends its task.
class StoppingWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        stop();
        stop();
        co_await ctx.complete("stopping");
    }
    std::function<void()> stop;
};
class StoppingBlockingWorker final : public BlockingWorker {
public:
    void handle(BlockingTaskContext& ctx) override {
        stop();
        stop();
        ctx.complete("stopping");
    }
    std::function<void()> stop;
};

template <class StopsItself>
void expect_stop_in_handler() {
    const auto worker = std::make_shared<StopsItself>();
    std::promise<std::uint16_t> port;
    ServerOptions options = test_options(worker);
    options.settings.log_level = "off";
    options.settings.drain_timeout =
        std::chrono::hours(1);  // it ends when the handler has ended, not when it is due
    options.on_listening = [&](const std::string& url) {
        port.set_value(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    };
    Server own(std::move(options));
    worker->stop = [&own] { own.stop(); };
    int status = -1;
    std::jthread runner([&] { status = own.run(); });
    const auto answer =
        HttpClient(port.get_future().get()).exchange("POST", "/message:send", send_body("hi"));
    EXPECT_NE(answer.body.find("TASK_STATE_COMPLETED"), std::string::npos) << answer.body;
    runner.join();
    EXPECT_EQ(status, 0);
}

TEST_F(ServerTest, AHandlerMayStopItsServer) {
    expect_stop_in_handler<StoppingWorker>();
    expect_stop_in_handler<StoppingBlockingWorker>();
}

TEST_F(ServerTest, AHandlerMayStopAServerThatWasStarted) {
    const auto worker = std::make_shared<StoppingWorker>();
    ServerOptions options = test_options(worker);
    options.settings.drain_timeout = std::chrono::hours(1);
    worker->stop = [this] { server->stop(); };
    start(std::move(options));
    HttpClient client(server->port());
    const auto answer = client.exchange("POST", "/message:send", send_body("hi"));
    EXPECT_NE(answer.body.find("TASK_STATE_COMPLETED"), std::string::npos) << answer.body;
    server->stop();
    EXPECT_THROW(HttpClient(server->port()), std::runtime_error);
}

TEST_F(ServerTest, FourLoopsServeSendsAndStreamsAtOnce) {
    ServerOptions options = test_options(agent);
    options.settings.threads = 4;
    start(std::move(options));
    std::atomic<int> completed{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 25; ++i) {
                HttpClient client(server->port());
                const char* target = (t + i) % 2 == 0 ? "/message:send" : "/message:stream";
                const auto answer = client.exchange("POST", target, send_body("words"));
                if (answer.body.find("TASK_STATE_COMPLETED") != std::string::npos) ++completed;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(completed, 100);
}

}  // namespace
}  // namespace a2akit
