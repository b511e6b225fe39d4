#include "storage/forwarding_ports.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>
#include <a2akit/testing/memory_ports.hpp>

#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using test_support::until;

/// Never lets a task start: its server accepts, the other one runs.
class AcceptingOnly final : public ForwardingBroker<> {
public:
    using ForwardingBroker::ForwardingBroker;
    std::unique_ptr<Receiver> receiver(NodeId, Lease, int) override {
        return std::make_unique<Deaf>();
    }

private:
    struct Deaf final : Receiver {
        Async<std::unique_ptr<Delivery>> receive(int) override {
            co_await closed.wait();
            co_return nullptr;
        }
        void close() noexcept override { closed.set(); }
        Signal closed;
    };
};

/// Two servers over one set of memory ports: the first accepts only, the second runs.
class SharedPortsTest : public ::testing::TestWithParam<int> {
protected:
    void SetUp() override {
        const Ports ports = testing::memory_ports();
        ServerOptions first = test_options(idle);
        first.settings.threads = GetParam();
        first.ports = ports;
        first.ports.broker = std::make_shared<AcceptingOnly>(ports.broker);
        ServerOptions second = test_options(busy);
        second.settings.threads = GetParam();
        second.ports = ports;
        accepting = std::make_unique<Server>(std::move(first));
        running = std::make_unique<Server>(std::move(second));
        ASSERT_TRUE(accepting->start());
        ASSERT_TRUE(running->start());
    }
    void TearDown() override { EXPECT_EQ(idle->started, 0); }

    std::shared_ptr<TestAgent> idle = std::make_shared<TestAgent>();
    std::shared_ptr<TestAgent> busy = std::make_shared<TestAgent>();
    std::unique_ptr<Server> accepting;
    std::unique_ptr<Server> running;
};

TEST_P(SharedPortsTest, OneAcceptsAndTheOtherRuns) {
    HttpClient client(accepting->port());
    for (int i = 0; i < 20; ++i) {
        const auto answer = client.exchange("POST", "/message:send", send_body("hi"));
        EXPECT_NE(answer.body.find("Echo: hi"), std::string::npos) << answer.body;
    }
    EXPECT_EQ(busy->started, 20);
}

TEST_P(SharedPortsTest, AStreamIsWatchedOnTheServerThatDoesNotRunTheTask) {
    HttpClient client(accepting->port());
    const auto answer = client.exchange("POST", "/message:stream", send_body("words"));
    EXPECT_LT(answer.body.find("one "), answer.body.find("two "));
    EXPECT_NE(answer.body.find("TASK_STATE_COMPLETED"), std::string::npos) << answer.body;
}

TEST_P(SharedPortsTest, ATaskIsWatchedFromBothAndCanceledFromEither) {
    int expected = 0;
    for (Server* canceling : {accepting.get(), running.get()}) {
        HttpClient first(accepting->port());
        first.request("POST", "/message:stream", send_body("wait"));
        first.head();
        const std::string task = task_id_of(first.chunk());
        ++expected;
        until([&] { return busy->waiting == expected; });
        HttpClient second(running->port());
        second.request("GET", "/tasks/" + task + ":subscribe");
        second.head();
        EXPECT_EQ(task_id_of(second.chunk()), task);
        HttpClient canceler(canceling->port());
        const auto canceled = canceler.exchange("POST", "/tasks/" + task + ":cancel", "{}");
        EXPECT_NE(canceled.body.find("TASK_STATE_CANCELED"), std::string::npos) << canceled.body;
        for (HttpClient* watcher : {&first, &second}) {
            std::string rest;
            for (std::string next = watcher->chunk(); !next.empty(); next = watcher->chunk())
                rest += next;
            EXPECT_NE(rest.find("TASK_STATE_CANCELED"), std::string::npos) << rest;
        }
    }
    EXPECT_EQ(busy->cancelled, 2);
}

TEST_P(SharedPortsTest, StoppingOneLeavesTheOtherAtWork) {
    accepting->stop();
    HttpClient client(running->port());
    EXPECT_NE(client.exchange("POST", "/message:send", send_body("hi")).body.find("Echo: hi"),
              std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Threads, SharedPortsTest, ::testing::Values(1, 4));

}  // namespace
}  // namespace a2akit
