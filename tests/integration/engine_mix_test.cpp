#include "support/postgres_server.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

// Every mix of engines in the four ports, through the real server: it serves, or says what to
// change.

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using test_support::until;

enum Engine { kMemory, kSqlite, kPostgres, kRedis };
constexpr std::array<Engine, 4> kEngines{kMemory, kSqlite, kPostgres, kRedis};
constexpr std::array<const char*, 4> kNames{"memory", "sqlite", "postgres", "redis"};

const test_support::RedisServer* redis_running = nullptr;

constexpr bool is_shared(Engine engine) { return engine == kPostgres || engine == kRedis; }

struct Mix {
    Engine storage, broker, event_bus, cancel_registry;

    /// Other nodes would take runs of tasks that they do not know.
    [[nodiscard]] bool is_refused() const { return is_shared(broker) && storage != kPostgres; }
    /// What the nodes do not share, though they share the tasks.
    [[nodiscard]] std::vector<std::string> warned_about() const {
        std::vector<std::string> variables;
        if (storage != kPostgres) return variables;
        if (!is_shared(broker)) variables.emplace_back("A2AKIT_BROKER");
        if (!is_shared(event_bus)) variables.emplace_back("A2AKIT_EVENT_BUS");
        if (!is_shared(cancel_registry)) variables.emplace_back("A2AKIT_CANCEL_REGISTRY");
        return variables;
    }
    friend void PrintTo(const Mix& mix, std::ostream* out) {
        *out << kNames[mix.storage] << ", " << kNames[mix.broker] << ", " << kNames[mix.event_bus]
             << ", " << kNames[mix.cancel_registry];
    }
};

std::vector<Mix> all_mixes() {
    std::vector<Mix> all;
    for (const Engine s : kEngines) {
        if (s == kRedis) continue;  // it stores no tasks
        for (const Engine b : kEngines) {
            for (const Engine e : kEngines) {
                for (const Engine c : kEngines) all.push_back({s, b, e, c});
            }
        }
    }
    return all;
}

class EngineMixTest : public ::testing::TestWithParam<Mix> {
protected:
    EngineMixTest() {
        auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_);
        spdlog::set_default_logger(std::make_shared<spdlog::logger>("", std::move(sink)));
        const Mix& mix = GetParam();
        ServerOptions options = test_options(agent_);
        // An error that comes after the first heartbeat would have to be a 200.
        options.settings.heartbeat = std::chrono::seconds(60);
        options.settings.threads = 1;
        options.settings.storage = url(mix.storage);
        options.settings.broker = url(mix.broker);
        options.settings.event_bus = url(mix.event_bus);
        options.settings.cancel_registry = url(mix.cancel_registry);
        server_ = std::make_unique<Server>(std::move(options));
    }
    ~EngineMixTest() override {
        server_.reset();
        spdlog::set_default_logger(former_);
        const std::string schema = postgres_.substr(postgres_.rfind('=') + 1);
        test_support::PostgresServer::sql(
            postgres_,
            "set client_min_messages = error; drop schema if exists " + schema + " cascade");
    }
    [[nodiscard]] std::string url(Engine engine) const {
        if (engine == kMemory) return "memory:";
        if (engine == kRedis) return redis_;
        if (engine == kSqlite) return "sqlite:" + directory_.file("a2akit.db");
        return postgres_;
    }

    std::shared_ptr<spdlog::logger> former_ = spdlog::default_logger();
    std::ostringstream log_;
    test_support::TemporaryDirectory directory_;
    const std::string postgres_ = test_support::postgres().fresh_schema_url();
    const std::string redis_ = redis_running->fresh_url();
    std::shared_ptr<TestAgent> agent_ = std::make_shared<TestAgent>();
    std::unique_ptr<Server> server_;
};

TEST_P(EngineMixTest, ServesOrSaysWhatToChange) {
    const Result<void> started = server_->start();
    if (GetParam().is_refused()) {
        ASSERT_FALSE(started);
        EXPECT_THAT(started.error().message, ::testing::HasSubstr("A2AKIT_BROKER"));
        EXPECT_THAT(started.error().message,
                    ::testing::HasSubstr("set A2AKIT_STORAGE to a database"));
        return;
    }
    ASSERT_TRUE(started) << started.error().message;
    for (const std::string port : {"A2AKIT_BROKER", "A2AKIT_EVENT_BUS", "A2AKIT_CANCEL_REGISTRY"}) {
        const auto warned = GetParam().warned_about();
        const bool expected = std::find(warned.begin(), warned.end(), port) != warned.end();
        EXPECT_EQ(log_.str().find("settings " + port + " is not shared") != std::string::npos,
                  expected)
            << log_.str();
        EXPECT_EQ(
            log_.str().find("set " + port + " to the URL of A2AKIT_STORAGE") != std::string::npos,
            expected);
    }
    HttpClient client(server_->port());
    EXPECT_THAT(client.exchange("POST", "/message:send", send_body("hi")).body,
                ::testing::HasSubstr("Echo: hi"));
    const auto streamed = client.exchange("POST", "/message:stream", send_body("words"));
    EXPECT_THAT(streamed.body, ::testing::HasSubstr("TASK_STATE_COMPLETED"));
    std::string unattended = send_body("wait");
    unattended.back() = ',';
    unattended += R"("configuration":{"returnImmediately":true}})";
    const auto waiting = client.exchange("POST", "/message:send", unattended);
    until([&] { return agent_->waiting == 1; });
    const auto canceled =
        client.exchange("POST", "/tasks/" + task_id_of(waiting.body) + ":cancel", "{}");
    EXPECT_THAT(canceled.body, ::testing::HasSubstr("TASK_STATE_CANCELED"));
    EXPECT_EQ(client.exchange("GET", "/health/ready").status, 200);
}

INSTANTIATE_TEST_SUITE_P(All, EngineMixTest, ::testing::ValuesIn(all_mixes()),
                         [](const auto& info) {
                             const Mix& mix = info.param;
                             return std::string(kNames[mix.storage]) + "_" + kNames[mix.broker] +
                                    "_" + kNames[mix.event_bus] + "_" + kNames[mix.cancel_registry];
                         });

class RedisOutageTest : public EngineMixTest {
protected:
    void set_password(const std::string& password) {
        redis_client_.run({"CONFIG", "SET", "requirepass", password});
        for (const char* type : {"normal", "pubsub"}) {
            redis_client_.run({"CLIENT", "KILL", "TYPE", type, "SKIPME", "yes"});
        }
    }
    ~RedisOutageTest() override { set_password(""); }
    test_support::RedisClient redis_client_{redis_running->port()};
};

TEST_P(RedisOutageTest, ASendIsAnsweredSoonWhenRedisNoLongerTakesThePassword) {
    ASSERT_TRUE(server_->start());
    HttpClient client(server_->port());
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
    set_password("another one");
    until([&] { return client.exchange("GET", "/health/ready").status == 503; });

    const auto begun = std::chrono::steady_clock::now();
    const auto refused = client.exchange("POST", "/message:send", send_body("hi"));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, ::testing::HasSubstr("the queue that starts it is not available"));
    EXPECT_THAT(refused.body, ::testing::Not(::testing::HasSubstr("Redis")));

    set_password("");
    until([&] { return client.exchange("GET", "/health/ready").status == 200; });
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
}

TEST_P(RedisOutageTest, ASendIsAnsweredSoonWhenRedisAcceptsConnectionsAndNeverAnswers) {
    ASSERT_TRUE(server_->start());
    HttpClient client(server_->port());
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
    redis_running->pause();
    struct Resumed {
        ~Resumed() { redis_running->resume(); }
    } resumed;
    until([&] { return client.exchange("GET", "/health/ready").status == 503; });

    const auto begun = std::chrono::steady_clock::now();
    const auto refused = client.exchange("POST", "/message:send", send_body("hi"));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, ::testing::HasSubstr("the queue that starts it is not available"));

    redis_running->resume();
    until([&] { return client.exchange("GET", "/health/ready").status == 200; });
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("hi")).status, 200);
}

INSTANTIATE_TEST_SUITE_P(Queue, RedisOutageTest,
                         ::testing::Values(Mix{kPostgres, kRedis, kRedis, kRedis}));

}  // namespace
}  // namespace a2akit

int main(int argc, char** argv) {
    const auto redis = a2akit::test_support::RedisServer::start();
    if (!redis) {
        const char* ci = std::getenv("CI");
        const bool required = ci != nullptr && std::string_view(ci) == "true";
        std::fprintf(
            stderr,
            "%s: no Redis server could be started (Debian: redis-server); no mix was tested\n",
            required ? "FAILED" : "SKIPPED");
        return required ? EXIT_FAILURE : 77;
    }
    a2akit::redis_running = &*redis;
    return a2akit::test_support::run_with_postgres(argc, argv);
}
