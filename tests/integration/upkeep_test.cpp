#include "server/backend_registry.hpp"
#include "storage/forwarding_ports.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <vector>

// What keeps a node alive goes on while the application's code holds the loops, on every engine.

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::until;
using ::testing::HasSubstr;

/// A number that grows, and for which a thread can wait.
class Count {
public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    /// False: not within half a minute.
    bool await_further(int times) {
        std::unique_lock lock(mutex_);
        const int end = count_ + times;
        return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return count_ >= end; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

/// Counts the renewals that have succeeded.
class WatchedStorage final : public ForwardingStorage<> {
public:
    WatchedStorage(std::shared_ptr<Storage> inner, Count& renewals)
        : ForwardingStorage(std::move(inner)), renewals_(renewals) {}

    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override {
        auto renewed = co_await inner_->renew(node, lease);
        if (renewed) renewals_.add();
        co_return renewed;
    }

private:
    Count& renewals_;
};

/// "wait" suspends until it is released, at the latest by "block", which holds the thread of its
/// loop for more than two leases. "hold" holds it until `let_go`; "done" does nothing. "hurry"
/// holds it until its client has been answered, twice: it asks in between.
class CarelessAgent final : public Worker {
public:
    explicit CarelessAgent(Count& r) : renewals(r) {}

    Async<void> handle(TaskContext& ctx) override {
        ++started;
        if (ctx.user_text() == "hurry") {
            const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
            until([&] { return answered || std::chrono::steady_clock::now() > give_up; });
            if (answered.exchange(false)) ++answered_first;
            if (ctx.history().empty()) {
                co_await ctx.request_input("and now?");
                co_return;
            }
        } else if (ctx.user_text() == "block") {
            was_renewed = renewals.await_further(8);
            release();
        } else if (ctx.user_text() == "hold") {
            co_await ctx.send_status("about to block");
            co_await sleep_for(Duration(1));
            held = ctx.task_id();
            holding = true;
            let_go.get_future().wait();
        } else if (ctx.user_text() == "wait") {
            Signal released;
            {
                const std::lock_guard lock(mutex);
                waiting.push_back(&released);
            }
            co_await released.wait();
        }
        co_await ctx.complete("done");
    }
    void release() {
        const std::lock_guard lock(mutex);
        for (Signal* one : waiting) one->set();
    }
    std::size_t suspended() {
        const std::lock_guard lock(mutex);
        return waiting.size();
    }

    Count& renewals;
    std::mutex mutex;
    std::vector<Signal*> waiting;
    std::atomic<int> started{0};
    std::atomic<bool> was_renewed{false};
    std::atomic<bool> holding{false};
    std::string held;  ///< Once it holds: the task.
    std::promise<void> let_go;
    std::atomic<bool> answered{false};
    std::atomic<int> answered_first{0};
};

class UpkeepTest : public ::testing::TestWithParam<std::string> {
protected:
    explicit UpkeepTest(int threads = 1) {
        ServerOptions options = test_options(agent_);
        Settings& settings = options.settings;
        settings.threads = threads;
        settings.lease = Duration(300);
        settings.max_retries = 0;
        settings.drain_timeout = std::chrono::seconds(60);
        settings.data_dir = directory_.path();
        if (GetParam() != "sqlite") {
            const std::string url = GetParam() == "memory" ? "memory:" : postgres_;
            settings.storage = settings.broker = settings.event_bus = settings.cancel_registry =
                url;
        }
        const Settings resolved = settings.resolved([](auto) { return std::nullopt; }).value();
        options.ports = BackendRegistry::standard().open({}, resolved).value();
        options.ports.storage = std::make_shared<WatchedStorage>(options.ports.storage, renewals_);
        server_ = std::make_unique<Server>(std::move(options));
    }
    ~UpkeepTest() override {
        server_.reset();
        const std::string schema = postgres_.substr(postgres_.rfind('=') + 1);
        test_support::PostgresServer::sql(
            postgres_,
            "set client_min_messages = error; drop schema if exists " + schema + " cascade");
    }

    test_support::TemporaryDirectory directory_;
    const std::string postgres_ = test_support::postgres().fresh_schema_url();
    Count renewals_;
    std::shared_ptr<CarelessAgent> agent_ = std::make_shared<CarelessAgent>(renewals_);
    std::unique_ptr<Server> server_;
};

TEST_P(UpkeepTest, AHandlerThatBlocksItsThreadCostsNobodyALease) {
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    HttpClient client(server_->port());
    std::vector<std::string> tasks;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string body =
            send_body("wait", R"(},"configuration":{"returnImmediately":true)");
        tasks.push_back(task_id_of(client.exchange("POST", "/message:send", body).body));
    }
    until([&] { return agent_->suspended() == 3; });
    const auto blocked = client.exchange("POST", "/message:send", send_body("block"));
    EXPECT_TRUE(agent_->was_renewed);
    EXPECT_THAT(blocked.body, HasSubstr("TASK_STATE_COMPLETED"));
    for (const std::string& task : tasks) {
        std::string now;
        until([&] {
            now = client.exchange("GET", "/tasks/" + task).body;
            return now.find("TASK_STATE_WORKING") == std::string::npos;
        });
        EXPECT_THAT(now, HasSubstr("TASK_STATE_COMPLETED"));
    }
    EXPECT_EQ(agent_->started, 4) << "none of them ran twice";
}

TEST_P(UpkeepTest, ASendThatDoesNotWaitIsAnsweredBeforeItsHandlerStarts) {
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    HttpClient client(server_->port());
    const auto send = [&](const std::string& more) {
        const std::string body =
            send_body("hurry", more + R"(},"configuration":{"returnImmediately":true)");
        const std::string answer = client.exchange("POST", "/message:send", body).body;
        EXPECT_THAT(answer, HasSubstr("\"task\""));
        agent_->answered = true;
        return task_id_of(answer);
    };
    const auto await = [&](const std::string& task, const std::string& state) {
        until([&] {
            const auto now = client.exchange("GET", "/tasks/" + task).body;
            return now.find(state) != std::string::npos;
        });
    };
    constexpr int kTasks = 5;
    for (int i = 0; i < kTasks; ++i) {
        const std::string task = send("");
        await(task, "TASK_STATE_INPUT_REQUIRED");
        send(R"(,"taskId":")" + task + "\"");
        await(task, "TASK_STATE_COMPLETED");
    }
    EXPECT_EQ(agent_->answered_first, 2 * kTasks);
}

TEST_P(UpkeepTest, AStopServesWhoWaitsUntilItsTaskHasEnded) {
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    HttpClient waiting(server_->port());
    waiting.request("POST", "/message:send", send_body("wait"));
    HttpClient streaming(server_->port());
    streaming.request("POST", "/message:stream", send_body("wait"));
    until([&] { return agent_->suspended() == 2; });
    std::jthread stopper([this] { server_->stop(); });
    until([&] {
        return HttpClient(server_->port()).exchange("GET", "/health/ready").body.find("draining") !=
               std::string::npos;
    });
    HttpClient late(server_->port());
    EXPECT_EQ(late.exchange("POST", "/message:send", send_body("wait")).status, 503)
        << "nothing new is accepted";
    agent_->release();
    EXPECT_THAT(waiting.response().body, HasSubstr("TASK_STATE_COMPLETED"));
    EXPECT_THAT(streaming.response().body,
                ::testing::AllOf(HasSubstr("TASK_STATE_COMPLETED"),
                                 ::testing::Not(HasSubstr("the server is stopping"))));
}

class TwoLoopsTest : public UpkeepTest {
protected:
    TwoLoopsTest() : UpkeepTest(2) {}
};

TEST_P(TwoLoopsTest, NewConnectionsAreServedWhileAHandlerHoldsALoop) {
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    HttpClient holding(server_->port());
    holding.request("POST", "/message:send", send_body("hold"));
    until([&] { return agent_->holding.load(); });
    for (int i = 0; i < 6; ++i) {
        HttpClient client(server_->port());
        EXPECT_EQ(client.exchange("GET", "/health").status, 200);
        EXPECT_EQ(client.exchange("GET", "/health/ready").status, 200);
        EXPECT_THAT(client.exchange("GET", "/tasks").body, HasSubstr("TASK_STATE_"));
        EXPECT_THAT(client.exchange("POST", "/message:send", send_body("done")).body,
                    HasSubstr("TASK_STATE_COMPLETED"));
    }
    agent_->let_go.set_value();
    EXPECT_THAT(holding.response().body, HasSubstr("TASK_STATE_COMPLETED"));
}

class LogLines final : public spdlog::sinks::base_sink<std::mutex> {
public:
    /// How many lines contain all of these words.
    std::size_t count(const std::vector<std::string>& words) {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
                return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
                    return line.find(word) != std::string::npos;
                });
            }));
    }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        lines_.emplace_back(message.payload.data(), message.payload.size());
    }
    void flush_() override {}
    std::vector<std::string> lines_;
};

TEST_P(UpkeepTest, ATaskWhoseHandlerHoldsALoopIsNamedOnceAndAgainWhenItIsFree) {
    const auto former = spdlog::default_logger();
    const auto log = std::make_shared<LogLines>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", log));
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    HttpClient client(server_->port());
    client.request("POST", "/message:send", send_body("hold"));
    until([&] { return agent_->holding.load(); });
    const std::string task = "task=" + agent_->held;
    const std::vector<std::string> held{"holds an event loop", "loop=0", task, "held_ms="};
    until([&] { return log->count(held) != 0; });
    EXPECT_TRUE(renewals_.await_further(5)) << "it is looked at again meanwhile";
    agent_->let_go.set_value();
    EXPECT_THAT(client.response().body, HasSubstr("TASK_STATE_COMPLETED"));
    until([&] { return log->count({"is free again", "loop=0", task, "held_ms="}) != 0; });
    EXPECT_EQ(log->count(held), 1);
    EXPECT_EQ(log->count({"is free again", task}), 1);
    server_->stop();
    spdlog::set_default_logger(former);
}

const auto kEngines = ::testing::Values("memory", "sqlite", "postgres");
INSTANTIATE_TEST_SUITE_P(Engines, TwoLoopsTest, kEngines,
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Engines, UpkeepTest, kEngines,
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace a2akit

int main(int argc, char** argv) { return a2akit::test_support::run_with_postgres(argc, argv); }
