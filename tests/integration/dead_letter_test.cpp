#include "backends/sqlite/sqlite_ports.hpp"
#include "support/answer_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gtest/gtest.h>
#include <a2akit/testing/memory_ports.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {
namespace {

using test_support::answer_of;
using test_support::HttpClient;
using test_support::test_options;
using test_support::TestAgent;
using test_support::text_of;

const std::string kToken = "an-operator-of-this-agent";
const OwnerScope kAlice{"alice", "acme", false};

Ports sqlite_ports_in(const std::string& directory) {
    const Ports local = testing::memory_ports();
    return sqlite::sqlite_ports({.url = "sqlite:" + directory + "/a2akit.db",
                                 .local_bus = local.event_bus,
                                 .local_cancels = local.cancel_registry})
        .value_or_throw();
}

/// Over ports that answer a thread without a loop at once: in memory, and in a file.
class DeadLetterTest : public ::testing::TestWithParam<const char*> {
protected:
    void start(bool with_token = true) {
        ServerOptions options = test_options(agent);
        options.ports = ports;
        if (with_token) options.settings.admin_token = kToken;
        server = std::make_unique<Server>(std::move(options));
        ASSERT_TRUE(server->start());
    }

    /// A task that failed because its turn was given up.
    TaskId give_up(const std::string& text) {
        Message message;
        message.message_id = "m-" + text;
        message.role = Role::kUser;
        message.parts.push_back(Part::from_text(text));
        TaskUpdate begin;
        begin.id = WriteId::next();
        begin.status = TaskStatus{TaskState::kSubmitted, std::nullopt, std::nullopt};
        begin.turn.emplace().message = Shared<Message>(std::move(message));
        const TaskId task = TaskId::generate();
        (void)answer_of(
            ports.storage->create({task, "the context", true}, kAlice, std::move(begin)))
            .value();
        TaskUpdate end;
        end.id = WriteId::next();
        end.status = TaskStatus{TaskState::kFailed, std::nullopt, std::nullopt};
        end.dead_letter = "gave up after 4 attempts";
        (void)answer_of(ports.storage->append(task, OwnerScope::everything(), std::move(end)))
            .value();
        return task;
    }

    HttpClient::Response ask(const std::string& method, const std::string& path,
                             const std::string& authorization = "Bearer " + kToken) {
        HttpClient client(server->port());
        return client.exchange(method, path, {}, "Authorization: " + authorization + "\r\n");
    }

    std::shared_ptr<TestAgent> agent = std::make_shared<TestAgent>();
    const test_support::TemporaryDirectory directory;
    Ports ports = GetParam() == std::string("sqlite") ? sqlite_ports_in(directory.path())
                                                      : testing::memory_ports();
    std::unique_ptr<Server> server;
};

INSTANTIATE_TEST_SUITE_P(Backends, DeadLetterTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(DeadLetterTest, AreListedWithWhatAnOperatorNeeds) {
    const TaskId task = give_up("work");
    start();
    const auto answer = ask("GET", "/admin/dead-letters");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(text_of(answer.body, "taskId"), task.to_string());
    EXPECT_EQ(text_of(answer.body, "owner"), "alice");
    EXPECT_EQ(text_of(answer.body, "tenant"), "acme");
    EXPECT_EQ(text_of(answer.body, "contextId"), "the context");
    EXPECT_EQ(text_of(answer.body, "messageId"), "m-work");
    EXPECT_EQ(text_of(answer.body, "reason"), "gave up after 4 attempts");
    EXPECT_NE(answer.body.find("\"turn\":1"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.find("redrivenTaskId"), std::string::npos);
    EXPECT_EQ(answer.body.find("\"next\""), std::string::npos);
}

TEST_P(DeadLetterTest, ComeInPages) {
    for (int i = 0; i < 3; ++i) (void)give_up("work");
    start();
    std::vector<std::string> seen;
    std::string after;
    do {
        const auto page =
            ask("GET", "/admin/dead-letters?limit=1" + (after.empty() ? "" : "&after=" + after));
        if (const std::string task = text_of(page.body, "taskId"); !task.empty())
            seen.push_back(task);
        after = text_of(page.body, "next");
    } while (!after.empty());
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_P(DeadLetterTest, ARedriveMakesOneNewTaskHoweverOftenItIsAsked) {
    const TaskId task = give_up("work");
    start();
    const auto first = ask("POST", "/admin/dead-letters/" + task.to_string() + ":redrive");
    EXPECT_EQ(first.status, 200) << first.body;
    const auto made = TaskId::parse(text_of(first.body, "taskId"));
    ASSERT_TRUE(made);
    EXPECT_NE(*made, task);
    EXPECT_EQ(ask("POST", "/admin/dead-letters/" + task.to_string() + ":redrive").body, first.body);
    EXPECT_EQ(text_of(ask("GET", "/admin/dead-letters").body, "redrivenTaskId"), made->to_string());
    std::optional<TaskSnapshot> now;
    test_support::until([&] {
        now = answer_of(ports.storage->load(*made, kAlice)).value();
        return is_terminal(now->status.state);
    });
    EXPECT_EQ(now->status.state, TaskState::kCompleted);
    EXPECT_EQ(now->context_id, "the context");
    EXPECT_EQ(now->history.front()->reference_task_ids, std::vector<std::string>{task.to_string()});
    EXPECT_NE(now->history.front()->message_id, "m-work");
    EXPECT_EQ(agent->started, 1);
}

TEST_P(DeadLetterTest, TheProgramItselfCanListAndRedriveThem) {
    const TaskId task = give_up("work");
    start(false);
    const auto letters = server->dead_letters();
    ASSERT_TRUE(letters);
    ASSERT_EQ(letters->size(), 1U);
    EXPECT_EQ(letters->front().task, task);
    const auto made = server->redrive(task);
    ASSERT_TRUE(made);
    EXPECT_EQ(server->redrive(task).value(), *made);
    EXPECT_EQ(server->dead_letters()->front().redriven, *made);
    EXPECT_TRUE(server->dead_letters(task)->empty());
    EXPECT_EQ(server->redrive(TaskId::generate()).error().code, ErrorCode::kTaskNotFound);
    EXPECT_EQ(server->dead_letters({}, 0).error().code, ErrorCode::kInvalidParams);
    server->stop();
    EXPECT_EQ(server->dead_letters().error().code, ErrorCode::kUnavailable);
}

TEST_P(DeadLetterTest, OnlyTheOperatorMayAsk) {
    const std::string task = give_up("work").to_string();
    start();
    for (const char* given : {"", "Bearer", "Bearer wrong-operator-of-this-agent", "Basic YTpi"}) {
        for (const auto& [method, path] :
             {std::pair<std::string, std::string>("GET", "/admin/dead-letters"),
              {"POST", "/admin/dead-letters/" + task + ":redrive"}}) {
            const auto refused = ask(method, path, given);
            EXPECT_EQ(refused.status, 401) << given;
            EXPECT_TRUE(refused.header("www-authenticate").starts_with("Bearer")) << given;
            EXPECT_EQ(refused.body.find("alice"), std::string::npos);
        }
    }
    EXPECT_FALSE(server->dead_letters()->front().redriven);
}

TEST_P(DeadLetterTest, WithoutATokenThereAreNoSuchPaths) {
    const std::string task = give_up("work").to_string();
    start(false);
    EXPECT_EQ(ask("GET", "/admin/dead-letters", "Bearer ").status, 404);
    EXPECT_EQ(ask("POST", "/admin/dead-letters/" + task + ":redrive", "Bearer ").status, 404);
}

TEST_P(DeadLetterTest, WhatIsWrongIsNamed) {
    start();
    EXPECT_EQ(ask("GET", "/admin/dead-letters?limit=0").status, 400);
    EXPECT_NE(ask("GET", "/admin/dead-letters?limit=many").body.find("from 1 to 1000"),
              std::string::npos);
    EXPECT_EQ(ask("GET", "/admin/dead-letters?after=x").status, 400);
    EXPECT_EQ(ask("POST", "/admin/dead-letters/x:redrive").status, 400);
    EXPECT_EQ(
        ask("POST", "/admin/dead-letters/" + TaskId::generate().to_string() + ":redrive").status,
        404);
    EXPECT_EQ(ask("DELETE", "/admin/dead-letters").status, 405);
    // Everything else there is still a tenant's.
    HttpClient client(server->port());
    EXPECT_EQ(client.exchange("GET", "/admin/tasks").status, 200);
}

}  // namespace
}  // namespace a2akit
