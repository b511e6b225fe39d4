#include "storage/forwarding_ports.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>
#include <a2akit/testing/memory_ports.hpp>

#include <unistd.h>
#include <csignal>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using test_support::until;

class ServerTest : public ::testing::Test {
protected:
    void start(ServerOptions options) {
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    void start() { start(test_options(agent)); }

    std::shared_ptr<TestAgent> agent = std::make_shared<TestAgent>();
    std::unique_ptr<Server> server;
};

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

TEST_F(ServerTest, TheCardIsServedWithValidators) {
    start();
    HttpClient client(server->port());
    const auto card = client.exchange("GET", "/.well-known/agent-card.json");
    EXPECT_EQ(card.status, 200);
    EXPECT_NE(card.body.find("\"url\":\"" + server->url() + "/\""), std::string::npos) << card.body;
    EXPECT_FALSE(card.header("last-modified").empty());
    EXPECT_FALSE(card.header("cache-control").empty());
    const auto again = client.exchange("GET", "/.well-known/agent-card.json", {},
                                       "If-None-Match: " + card.header("etag") + "\r\n");
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.header("etag"), card.header("etag"));
}

/// The card at `path` for who names `version`; empty: none.
HttpClient::Response card_for(std::uint16_t port, const std::string& path,
                              const std::string& version) {
    HttpClient client(port);
    std::string bytes = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!version.empty()) bytes += "A2A-Version: " + version + "\r\n";
    client.send(bytes + "\r\n");
    return client.response();
}

TEST_F(ServerTest, TheCardHasAFormForEachVersionAndOneForWhoNamesNone) {
    const std::string path = "/.well-known/agent-card.json";
    const auto has_10 = [](const auto& card) {
        return card.body.find("\"supportedInterfaces\"") != std::string::npos;
    };
    const auto has_03 = [](const auto& card) {
        return card.body.find("\"preferredTransport\"") != std::string::npos;
    };
    start();
    std::set<std::string> etags;
    for (const auto& [version, in_10, in_03] :
         std::vector<std::tuple<std::string, bool, bool>>{{"1.0", true, false},
                                                          {"0.3", false, true},
                                                          {"0.3.0", false, true},
                                                          {"", true, true},
                                                          {"9", true, true}}) {
        const auto card = card_for(server->port(), path, version);
        EXPECT_EQ(has_10(card), in_10) << version << card.body;
        EXPECT_EQ(has_03(card), in_03) << version << card.body;
        EXPECT_EQ(card.header("vary"), "A2A-Version");
        etags.insert(card.header("etag"));
        EXPECT_EQ(card_for(server->port(), "/.well-known/agent.json", version).body, card.body);
        EXPECT_EQ(card_for(server->port(), path + "?A2A-Version=" + version, "").body, card.body);
    }
    EXPECT_EQ(etags.size(), 3U);
    for (const auto& [versions, without, in_10, in_03] :
         std::vector<std::tuple<std::string, std::string, bool, bool>>{
             {"0.3,1.0", "1.0", true, false},
             {"0.3,1.0", "0.3", false, true},
             {"1.0", "", true, false},
             {"0.3", "", false, true}}) {
        ServerOptions options = test_options(agent);
        options.settings.versions = versions;
        if (!without.empty()) options.settings.card_without_version = without;
        start(std::move(options));
        const auto card = card_for(server->port(), path, "");
        EXPECT_EQ(has_10(card), in_10) << versions << without << card.body;
        EXPECT_EQ(has_03(card), in_03) << versions << without << card.body;
        const bool names_other =
            card.body.find(versions == "1.0" ? "0.3" : "\"1.0\"") != std::string::npos;
        EXPECT_FALSE(versions.size() == 3 && names_other) << card.body;
    }
}

TEST_F(ServerTest, AVersionThatIsSwitchedOffIsRefused) {
    const std::string body =
        R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"none"}})";
    const std::string head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    for (const auto& [versions, number] :
         {std::pair("0.3,1.0", "-32001"), std::pair("1.0", "-32009")}) {
        ServerOptions options = test_options(agent);
        options.settings.versions = versions;
        start(std::move(options));
        HttpClient client(server->port());
        client.send(head);
        EXPECT_NE(client.response().body.find(number), std::string::npos) << versions;
    }
    ServerOptions options = test_options(agent);
    options.settings.versions = "0.3";
    start(std::move(options));
    HttpClient client(server->port());
    EXPECT_NE(client.exchange("GET", "/tasks/none").body.find("VERSION_NOT_SUPPORTED"),
              std::string::npos);
}

TEST_F(ServerTest, ForwardedHeadersCountOnlyFromATrustedProxy) {
    for (const auto& [trusted, proto] :
         {std::pair(false, "https"), std::pair(true, "https"), std::pair(true, "HTTPS")}) {
        const std::string forwarded =
            std::string("X-Forwarded-Proto: ") + proto + "\r\nX-Forwarded-Host: agents.example\r\n";
        ServerOptions options = test_options(agent);
        options.settings.trust_forwarded = trusted;
        options.settings.base_path = "/a";
        start(std::move(options));
        HttpClient client(server->port());
        const auto card = client.exchange("GET", "/a/.well-known/agent-card.json", {}, forwarded);
        EXPECT_EQ(card.body.find("https://agents.example/a/") != std::string::npos, trusted)
            << card.body;
    }
}

TEST_F(ServerTest, TheCardNamesWhatATrustedProxySaysOfItsClientsAddress) {
    ServerOptions options = test_options(agent);
    options.settings.trust_forwarded = true;
    options.settings.base_path = "/a";
    start(std::move(options));
    HttpClient client(server->port());
    const std::string own = server->url();
    const std::string host = "localhost";  // as the client names it
    for (const auto& [forwarded, url] : std::vector<std::pair<std::string, std::string>>{
             {"X-Forwarded-Proto: https\r\n", "https://" + host + ":8443/a/"},
             {"X-Forwarded-Host: agents.example\r\n", "http://agents.example:8443/a/"},
             {"X-Forwarded-Host: agents.example:9\r\nX-Forwarded-Proto: https\r\n",
              "https://agents.example:9/a/"},
             {"X-Forwarded-Host: [::1]\r\n", "http://[::1]:8443/a/"},
             {"X-Forwarded-Prefix: /some/where/\r\nX-Forwarded-Host: agents.example\r\n",
              "http://agents.example:8443/some/where/a/"},
             {"X-Forwarded-Prefix: /../x\r\nX-Forwarded-Host: agents.example\r\n",
              "http://agents.example:8443/a/"},
             {"X-Forwarded-Host: agents.example\r\nForwarded: host=evil.example\r\n",
              "http://agents.example:8443/a/"}}) {
        const auto card = client.exchange("GET", "/a/.well-known/agent-card.json", {},
                                          forwarded + "X-Forwarded-Port: 8443\r\n");
        EXPECT_NE(card.body.find("\"url\":\"" + url + '"'), std::string::npos)
            << forwarded << card.body;
        EXPECT_NE(card.header("vary").find("Forwarded"), std::string::npos);
    }
    for (const auto& [forwarded, url] : std::vector<std::pair<std::string, std::string>>{
             {"X-Forwarded-Proto: https\r\n", "https://" + host + "/a/"},
             {"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n", "https://" + host + "/a/"},
             {"X-Forwarded-Port: 70000\r\n", own + "/"},
             {"X-Forwarded-Proto: gopher\r\n", own + "/"},
             {"Forwarded: for=1.2.3.4;proto=https;host=\"agents.example:8443\", host=inner\r\n",
              "https://agents.example:8443/a/"},
             {"Forwarded: Host=agents.example ; Proto=https\r\n", "https://agents.example/a/"},
             {"Forwarded: host=\"a\\\"b\"\r\n", own + "/"},
             {"Forwarded: nonsense\r\n", own + "/"},
             {"Forwarded: host=\"\r\n", own + "/"}}) {
        const auto card = client.exchange("GET", "/a/.well-known/agent-card.json", {}, forwarded);
        EXPECT_NE(card.body.find("\"url\":\"" + url + '"'), std::string::npos)
            << forwarded << card.body;
    }
}

TEST_F(ServerTest, APublicUrlStaysWhereAProxyNamesNoHost) {
    ServerOptions options = test_options(agent);
    options.settings.trust_forwarded = true;
    options.settings.public_url = "https://agents.example/x";
    start(std::move(options));
    HttpClient client(server->port());
    const auto card =
        client.exchange("GET", "/.well-known/agent-card.json", {}, "X-Forwarded-Proto: http\r\n");
    EXPECT_NE(card.body.find("\"url\":\"https://agents.example/x/\""), std::string::npos)
        << card.body;
}

TEST_F(ServerTest, UnderABasePathTheCardIsAtTheRootWhereItIsWanted) {
    for (const bool wanted : {false, true}) {
        ServerOptions options = test_options(agent);
        options.settings.base_path = "/a";
        options.settings.card_at_root = wanted;
        start(std::move(options));
        HttpClient client(server->port());
        const auto card = client.exchange("GET", "/.well-known/agent-card.json");
        EXPECT_EQ(card.status, wanted ? 200 : 404);
        EXPECT_EQ(card.body.find("\"url\":\"" + server->url() + "/\"") != std::string::npos, wanted)
            << card.body;
        EXPECT_EQ(client.exchange("GET", "/a/.well-known/agent-card.json").status, 200);
        EXPECT_EQ(client.exchange("GET", "/health").status, 404) << "nothing else is";
    }
}

TEST_F(ServerTest, AForwardedHostThatIsNoneIsIgnored) {
    ServerOptions options = test_options(agent);
    options.settings.trust_forwarded = true;
    start(std::move(options));
    HttpClient client(server->port());
    const auto card =
        client.exchange("GET", "/.well-known/agent-card.json", {}, "X-Forwarded-Host: a\"b\r\n");
    EXPECT_NE(card.body.find("\"url\":\"" + server->url() + "/\""), std::string::npos) << card.body;
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

/// A broker that can be told to be out of order, or to keep silent.
class FragileBroker final : public ForwardingBroker<> {
public:
    using ForwardingBroker::ForwardingBroker;
    AsyncResult<void> start() override {
        if (broken) return fail(ErrorCode::kUnavailable, "no route to the broker");
        return inner_->start();
    }
    AsyncResult<void> check() override {
        if (broken) return fail(ErrorCode::kUnavailable, "no route to the broker");
        ++checks;
        if (silent) return keep_silent();
        return inner_->check();
    }

    std::atomic<bool> broken{false};
    std::atomic<bool> silent{false};
    std::atomic<int> checks{0};
    Signal speak;

private:
    AsyncResult<void> keep_silent() {
        co_await speak.wait();
        co_return Result<void>();
    }
};

/// An event bus whose server has gone.
class LostBus final : public ForwardingEventBus<> {
public:
    using ForwardingEventBus::ForwardingEventBus;
    AsyncResult<void> check() override {
        return fail(ErrorCode::kUnavailable, "no route to the bus");
    }
    void wake_local(Wake wake, bool erased) override { inner_->wake_local(wake, erased); }
};

class FragileServerTest : public ServerTest {
protected:
    ServerOptions fragile_options() {
        ServerOptions options = test_options(agent);
        options.settings.threads = 1;
        options.ports = testing::memory_ports();
        broker = std::make_shared<FragileBroker>(options.ports.broker);
        options.ports.broker = broker;
        return options;
    }
    std::shared_ptr<FragileBroker> broker;
};

TEST_F(FragileServerTest, ReadinessTellsWhatIsWrong) {
    start(fragile_options());
    HttpClient client(server->port());
    EXPECT_EQ(client.exchange("GET", "/health/ready").status, 200);
    broker->broken = true;
    HttpClient::Response broken;
    until([&] { return (broken = client.exchange("GET", "/health/ready")).status == 503; });
    EXPECT_EQ(broken.body, R"({"status":"unavailable","checks":{"storage":"ok","broker":"failed",)"
                           R"("event_bus":"ok","cancel_registry":"ok","run_slots":"ok"}})");
    EXPECT_EQ(client.exchange("GET", "/health").status, 200);
    broker->broken = false;
    until([&] { return client.exchange("GET", "/health/ready").status == 200; });
}

TEST_F(FragileServerTest, HoweverManyAskForReadinessTheBackendsAreAskedOnce) {
    start(fragile_options());
    broker->silent = true;
    std::vector<std::unique_ptr<HttpClient>> askers;
    for (int i = 0; i < 100; ++i) {
        askers.push_back(std::make_unique<HttpClient>(server->port()));
        askers.back()->request("GET", "/health/ready", {});
    }
    until([&] { return broker->checks == 1; });
    // Whoever has not been heard by now is answered from what this check finds.
    broker->speak.set();
    for (const auto& asker : askers) EXPECT_EQ(asker->response().status, 200);
    EXPECT_LE(broker->checks, 2) << "the second one if the answers took a second";
}

TEST_F(FragileServerTest, AHintThatIsDownDegradesANodeAndTakesNoWorkFromIt) {
    ServerOptions options = fragile_options();
    options.ports.event_bus = std::make_shared<LostBus>(options.ports.event_bus);
    start(std::move(options));
    HttpClient client(server->port());
    const auto ready = client.exchange("GET", "/health/ready");
    EXPECT_EQ(ready.status, 200);
    EXPECT_TRUE(ready.body.starts_with(R"({"status":"degraded")")) << ready.body;
    EXPECT_NE(ready.body.find(R"("event_bus":"failed")"), std::string::npos) << ready.body;
}

TEST_F(ServerTest, ANodeWhoseRunSlotsStayTakenIsNotReady) {
    ServerOptions options = test_options(agent);
    options.settings.max_concurrent_tasks = 1;
    start(std::move(options));
    HttpClient client(server->port());
    EXPECT_EQ(client.exchange("GET", "/health/ready").status, 200);
    const auto occupied = send_body("wait", R"(},"configuration":{"returnImmediately":true)");
    const std::string task = task_id_of(client.exchange("POST", "/message:send", occupied).body);
    HttpClient::Response red;
    until([&] { return (red = client.exchange("GET", "/health/ready")).status == 503; });
    EXPECT_NE(red.body.find("\"run_slots\":\"all 1 are taken (A2AKIT_MAX_CONCURRENT_TASKS)\""),
              std::string::npos)
        << red.body;
    client.exchange("POST", "/tasks/" + task + ":cancel", "{}");
    until([&] { return client.exchange("GET", "/health/ready").status == 200; });
}

TEST_F(FragileServerTest, ReadinessTellsWhyWhereFailuresAreShown) {
    ServerOptions options = fragile_options();
    options.settings.show_failures = true;
    start(std::move(options));
    broker->broken = true;
    const auto broken = HttpClient(server->port()).exchange("GET", "/health/ready");
    EXPECT_NE(broken.body.find(R"("broker":"no route to the broker")"), std::string::npos)
        << broken.body;
}

TEST_F(FragileServerTest, APortThatDoesNotAnswerMakesNobodyWaitForLong) {
    start(fragile_options());
    HttpClient client(server->port());
    broker->silent = true;
    const auto silent = client.exchange("GET", "/health/ready");
    EXPECT_EQ(silent.status, 503);
    EXPECT_NE(silent.body.find(R"("broker":"no answer")"), std::string::npos) << silent.body;
    broker->speak.set();
}

TEST_F(FragileServerTest, APortThatDoesNotStartIsNamed) {
    ServerOptions options = fragile_options();
    broker->broken = true;
    Server broken(std::move(options));
    const auto started = broken.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message, "the broker does not start: no route to the broker");
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
