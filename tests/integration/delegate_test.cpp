// Agents that have other agents do part of their work.

#include "client/stream_beginning.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <a2akit/client/client.hpp>
#include <a2akit/client/delegate.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::until;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

constexpr const char* kWorking =
    R"({"result":{"task":{"id":"theirs","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}}})";
constexpr const char* kCanceled =
    R"({"result":{"id":"theirs","contextId":"c","status":{"state":"TASK_STATE_CANCELED"}}})";
constexpr const char* kCompleted =
    R"({"result":{"task":{"id":"theirs","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}}}})";
constexpr const char* kCompletedTask =
    R"({"result":{"id":"theirs","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}}})";

/// Its worker runs what the test says, and shows the context to the script of the other agent.
class Delegating final : public Worker {
public:
    explicit Delegating(std::function<Async<void>(TaskContext&)> handle)
        : handle_(std::move(handle)) {}
    Async<void> handle(TaskContext& ctx) override {
        context_ = &ctx;
        try {
            co_await handle_(ctx);
        } catch (const Cancelled&) {
            ++stopped;
            throw;
        }
    }
    /// REQUIRES: a handler waits for the other agent.
    [[nodiscard]] bool is_asked_to_stop() const { return context_.load()->is_cancelled(); }

    std::atomic<int> stopped{0};

private:
    std::function<Async<void>(TaskContext&)> handle_;
    std::atomic<TaskContext*> context_{nullptr};
};

class DelegateTest : public ::testing::Test {
protected:
    void start(std::function<Async<void>(TaskContext&)> handle,
               std::chrono::seconds cancel_force_timeout = std::chrono::minutes(1)) {
        worker_ = std::make_shared<Delegating>(std::move(handle));
        ServerOptions options = test_options(worker_);
        options.settings.cancel_wait = std::chrono::seconds(20);
        options.settings.cancel_force_timeout = cancel_force_timeout;
        server_ = std::make_unique<Server>(std::move(options));
        const auto started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    /// The ID of a task whose handler works.
    [[nodiscard]] std::string begin() const {
        std::string body = send_body("hi");
        body.insert(1, R"("configuration":{"returnImmediately":true},)");
        HttpClient client(server_->port());
        return task_id_of(client.exchange("POST", "/message:send", body).body);
    }
    [[nodiscard]] std::string send(const std::string& headers = {}) const {
        HttpClient client(server_->port());
        return client
            .exchange("POST", "/message:send", send_body("hi"),
                      "Content-Type: application/json\r\n" + headers)
            .body;
    }
    [[nodiscard]] std::string cancel(const std::string& task) const {
        HttpClient client(server_->port());
        return client.exchange("POST", "/tasks/" + task + ":cancel", "{}").body;
    }

    std::shared_ptr<Delegating> worker_;
    std::unique_ptr<Server> server_;
};

bool answers_card(const ScriptedServer& server, const ScriptedRequest& request,
                  ScriptedConnection& connection) {
    if (!request.line().starts_with("GET ")) return false;
    connection.respond("200 OK", "application/json", server.card());
    return true;
}

TEST_F(DelegateTest,
       ATaskThatWasCancelledBeforeTheOtherAgentSaidWhichOneItHasBegunIsCancelledThere) {
    std::atomic<bool> asked = false;
    std::atomic<bool> cancelled_there = false;
    std::unique_ptr<ScriptedServer> other;
    other = std::make_unique<ScriptedServer>([&](const auto& request, auto& connection) {
        if (answers_card(*other, request, connection)) return;
        if (request.body.find("CancelTask") != std::string::npos) {
            EXPECT_THAT(request.body, HasSubstr(R"("id":"theirs")"));
            cancelled_there = true;
            connection.respond("200 OK", "application/json", kCanceled);
            return;
        }
        connection.begin_stream();
        asked = true;
        until([&] { return worker_->is_asked_to_stop(); });
        connection.send_event("1", kWorking);
        connection.wait_for_close();
    });
    start([&](TaskContext& ctx) -> Async<void> {
        Delegate delegate = (co_await Delegate::connect(ctx, other->url())).value_or_throw();
        (void)co_await delegate.send("hi");
    });
    const std::string task = begin();
    until([&] { return asked.load(); });
    EXPECT_THAT(cancel(task), HasSubstr("TASK_STATE_CANCELED"));
    EXPECT_TRUE(cancelled_there);
    server_.reset();
    EXPECT_EQ(worker_->stopped, 1);
}

TEST_F(DelegateTest,
       AnAgentThatNeverSaysWhichTaskItHasBegunDelaysACancelOnlyForAsLongAsPatienceLasts) {
    std::atomic<bool> asked = false;
    std::unique_ptr<ScriptedServer> other;
    other = std::make_unique<ScriptedServer>([&](const auto& request, auto& connection) {
        if (answers_card(*other, request, connection)) return;
        connection.begin_stream();
        asked = true;
        connection.wait_for_close();
    });
    start([&](TaskContext& ctx) -> Async<void> {
        AsyncClient client = (co_await AsyncClient::connect(other->url())).value_or_throw();
        (void)co_await client::begin_stream(ctx, client.stream("hi"),
                                            std::chrono::milliseconds(20));
    });
    const std::string task = begin();
    until([&] { return asked.load(); });
    EXPECT_THAT(cancel(task), HasSubstr("TASK_STATE_CANCELED"));
    server_.reset();
    EXPECT_EQ(worker_->stopped, 1);
}

TEST_F(DelegateTest, ACancelThatTheOtherAgentDoesNotAnswerLastsNoLongerThanTheHandlersOwn) {
    std::atomic<bool> begun = false;
    std::atomic<bool> given_up = false;
    std::unique_ptr<ScriptedServer> other;
    other = std::make_unique<ScriptedServer>([&](const auto& request, auto& connection) {
        if (answers_card(*other, request, connection)) return;
        if (request.body.find("CancelTask") != std::string::npos) {
            connection.wait_for_close();
            given_up = true;
            return;
        }
        connection.begin_stream();
        connection.send_event("1", kWorking);
        begun = true;
        connection.wait_for_close();
    });
    start(
        [&](TaskContext& ctx) -> Async<void> {
            ClientOptions patient;
            patient.call_timeout = std::chrono::minutes(10);
            Delegate delegate = (co_await Delegate::connect(ctx, other->url(), std::move(patient)))
                                    .value_or_throw();
            (void)co_await delegate.send("hi");
        },
        std::chrono::seconds(1));
    const std::string task = begin();
    until([&] { return begun.load(); });
    EXPECT_THAT(cancel(task), HasSubstr("TASK_STATE_CANCELED"));
    until([&] { return given_up.load(); });
    server_.reset();
    EXPECT_EQ(worker_->stopped, 1);
}

TEST_F(DelegateTest, TheLoserOfARaceIsNotWaitedFor) {
    std::unique_ptr<ScriptedServer> other;
    other = std::make_unique<ScriptedServer>([&](const auto& request, auto& connection) {
        if (answers_card(*other, request, connection)) return;
        connection.begin_stream();
        connection.wait_for_close();
    });
    start([&](TaskContext& ctx) -> Async<void> {
        AsyncClient client = (co_await AsyncClient::connect(other->url())).value_or_throw();
        const auto patience = std::chrono::hours(1);  // only for a task that is cancelled
        const auto first =
            co_await when_any(client::begin_stream(ctx, client.stream("hi"), patience),
                              sleep(std::chrono::milliseconds(20)));
        co_await ctx.complete(first.index() == 1 ? "no answer in time" : "an answer");
    });
    EXPECT_THAT(send(), HasSubstr("no answer in time"));
}

/// What the other agent saw of "traceparent", "tracestate" and "X-A2A-Hops", in every request.
class PassedOnTest : public DelegateTest {
protected:
    void SetUp() override {
        other_ = std::make_unique<ScriptedServer>([this](const auto& request, auto& connection) {
            if (answers_card(*other_, request, connection)) return;
            {
                const std::lock_guard lock(mutex_);
                seen_.push_back(request.header("traceparent") + "|" + request.header("tracestate") +
                                "|" + request.header("x-a2a-hops"));
            }
            if (request.body.find("GetTask") != std::string::npos) {
                connection.respond("200 OK", "application/json", kCompletedTask);
                return;
            }
            connection.begin_stream();
            connection.send_event("1", kCompleted);
        });
        start([this](TaskContext& ctx) -> Async<void> {
            auto delegate = co_await Delegate::connect(ctx, other_->url());
            if (!delegate) co_return co_await ctx.fail(delegate.error().message);
            (void)(co_await delegate->send("hi")).value_or_throw();
            co_await ctx.complete("they have answered");
        });
    }
    [[nodiscard]] std::vector<std::string> seen() {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

    std::mutex mutex_;
    std::vector<std::string> seen_;
    std::unique_ptr<ScriptedServer> other_;
};

TEST_F(PassedOnTest, TheFirstAgentCountsAsOneHop) {
    EXPECT_THAT(send(), HasSubstr("they have answered"));
    EXPECT_THAT(seen(), ElementsAre("||1", "||1"));
}

TEST_F(PassedOnTest, TheTraceGoesOnAndTheHopsAreCounted) {
    const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    EXPECT_THAT(send("traceparent: " + trace + "\r\ntracestate: a=1\r\nX-A2A-Hops: 3\r\n"),
                HasSubstr("they have answered"));
    EXPECT_THAT(seen(), ElementsAre(trace + "|a=1|4", trace + "|a=1|4"));
}

TEST_F(PassedOnTest, HopsThatAreNoNumberCountAsNone) {
    for (const char* hops : {"many", "-7", "", "1e9"}) {
        seen_.clear();
        EXPECT_THAT(send(std::string("X-A2A-Hops: ") + hops + "\r\n"),
                    HasSubstr("they have answered"));
        EXPECT_THAT(seen(), ElementsAre(HasSubstr("||"), HasSubstr("||"))) << hops;
    }
}

TEST_F(PassedOnTest, ARequestThatHasPassedThroughTooManyAgentsIsNotPassedOn) {
    EXPECT_THAT(send("X-A2A-Hops: 15\r\n"), HasSubstr("they have answered"));
    seen_.clear();
    for (const char* hops : {"16", "17", "2147483647"}) {
        EXPECT_THAT(send(std::string("X-A2A-Hops: ") + hops + "\r\n"),
                    HasSubstr("has passed through 16 agents"))
            << hops;
    }
    EXPECT_TRUE(seen().empty());
}

TEST_F(DelegateTest, AnAgentThatCallsItselfComesToAnEnd) {
    std::atomic<int> runs = 0;
    start([&](TaskContext& ctx) -> Async<void> {
        ++runs;
        auto itself = co_await Delegate::connect(ctx, server_->url());
        if (!itself) co_return co_await ctx.fail(itself.error().message);
        const SendResult result = (co_await itself->send("hi")).value_or_throw();
        co_await ctx.fail(result.text());
    });
    EXPECT_THAT(send(), HasSubstr("do they call each other in a circle?"));
    EXPECT_EQ(runs, Delegate::kMaxHops + 1);
}

}  // namespace
}  // namespace a2akit
