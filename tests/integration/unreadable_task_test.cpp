#include "backends/sqlite/connection.hpp"
#include "backends/sqlite/sqlite_ports.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <a2akit/testing/memory_ports.hpp>

#include <memory>
#include <string>

// A stored task whose contents were damaged: what its owner and the others see of it.

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class UnreadableTaskTest : public ::testing::Test {
protected:
    void start() {
        const Ports local = testing::memory_ports();
        ServerOptions options = test_options(std::make_shared<TestAgent>());
        options.settings.max_retries = 0;
        options.settings.admin_token = "an-operator-of-this-agent";
        options.ports = sqlite::sqlite_ports({.url = "sqlite:" + path_,
                                              .local_bus = local.event_bus,
                                              .local_cancels = local.cancel_registry})
                            .value_or_throw();
        server_ = std::make_unique<Server>(std::move(options));
        ASSERT_TRUE(server_->start());
    }
    void damage(const char* sql) {
        server_->stop();
        server_.reset();
        sqlite::Connection(path_, sqlite::Connection::Mode::kReadWrite).execute(sql);
        start();
    }
    HttpClient::Response ask(const std::string& method, const std::string& path,
                             const std::string& body = {}) {
        HttpClient client(server_->port());
        return client.exchange(method, path, body,
                               "A2A-Version: 1.0\r\nContent-Type: application/json\r\n");
    }
    std::string send(const std::string& text) {
        return task_id_of(ask("POST", "/message:send", send_body(text)).body);
    }

    const test_support::TemporaryDirectory directory_;
    const std::string path_ = directory_.file("a2akit.db");
    std::unique_ptr<Server> server_;
};

TEST_F(UnreadableTaskTest, IsListedAndCanceledAndFailsOnlyWhatNeedsItsContents) {
    start();
    const std::string sound = send("hello");
    const std::string damaged = send("ask");
    ASSERT_FALSE(damaged.empty());
    damage("UPDATE messages SET body = x'01FF' WHERE key >> 24 = 2");

    const auto list = ask("GET", "/tasks?includeArtifacts=true");
    EXPECT_EQ(list.status, 200);
    EXPECT_THAT(list.body, AllOf(HasSubstr(sound), HasSubstr(damaged), HasSubstr("\"totalSize\":2"),
                                 HasSubstr("Echo: hello"), HasSubstr("TASK_STATE_INPUT_REQUIRED")));
    const auto got = ask("GET", "/tasks/" + damaged);
    EXPECT_EQ(got.status, 500);
    EXPECT_THAT(got.body, AllOf(HasSubstr("internal error"), Not(HasSubstr("stored"))));
    EXPECT_EQ(ask("GET", "/tasks/" + sound).status, 200);
    const std::string follow_up = send_body("the red one", R"(,"taskId":")" + damaged + '"');
    EXPECT_EQ(ask("POST", "/message:send", follow_up).status, 500);

    const auto canceled = ask("POST", "/tasks/" + damaged + ":cancel", "{}");
    EXPECT_EQ(canceled.status, 200);
    EXPECT_THAT(canceled.body, HasSubstr("TASK_STATE_CANCELED"));
    EXPECT_THAT(ask("GET", "/tasks").body, HasSubstr("TASK_STATE_CANCELED"));
}

TEST_F(UnreadableTaskTest, ATurnOfItIsGivenUpAndItsDeadLetterIsNotRedriven) {
    start();
    const std::string task = task_id_of(
        ask("POST", "/message:send",
            R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"wait"}]},)"
            R"("configuration":{"returnImmediately":true}})")
            .body);
    ASSERT_FALSE(task.empty());
    damage("UPDATE messages SET body = x'01FF'");
    // A sweep finds the turn a second later, and gives it up at the next look.
    test_support::until(
        [&] { return ask("GET", "/tasks").body.find("TASK_STATE_FAILED") != std::string::npos; });
    HttpClient client(server_->port());
    const std::string operator_only = "Authorization: Bearer an-operator-of-this-agent\r\n";
    EXPECT_THAT(client.exchange("GET", "/admin/dead-letters", {}, operator_only).body,
                AllOf(HasSubstr(task), HasSubstr(R"("messageId":"")")));
    EXPECT_EQ(client.exchange("POST", "/admin/dead-letters/" + task + ":redrive", {}, operator_only)
                  .status,
              400);
}

}  // namespace
}  // namespace a2akit
