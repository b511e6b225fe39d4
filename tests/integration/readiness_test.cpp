#include "integration/server_fixture.hpp"
#include "storage/forwarding_ports.hpp"

#include <a2akit/testing/memory_ports.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::until;

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
    const auto asked = std::chrono::steady_clock::now();
    until([&] { return broker->checks == 1; });
    // Whoever has not been heard by now is answered from what this check finds.
    broker->speak.set();
    for (const auto& asker : askers) EXPECT_EQ(asker->response().status, 200);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - asked;
    EXPECT_LE(broker->checks, 2 + took.count()) << "one more for each second that it took";
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

}  // namespace
}  // namespace a2akit
