// Every aggregate that a user fills in takes designated initialisers that name some of its fields,
// without a warning about the others: this file is compiled with -Wextra -Werror, and with the
// warnings about missing fields.

#include <a2akit/a2akit.hpp>
#include <a2akit/client/client.hpp>
#include <a2akit/testing/agent_harness.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace a2akit {
namespace {

TEST(DesignatedInitializersTest, ServersAndCards) {
    const ServerOptions options{
        .card = {.name = "Echo",
                 .skills = {{.id = "echo", .examples = {"hi"}}},
                 .extensions = {{.uri = "urn:x"}},
                 .security_schemes = {{"oauth",
                                       {.scheme = OAuth2SecurityScheme{.description = "ask us"}}}}},
        .settings = {.port = 0, .drain_timeout = std::chrono::seconds(1), .log_level = "off"}};
    EXPECT_EQ(options.card.skills.at(0).id, "echo");
    EXPECT_EQ(options.settings.port, 0);
    EXPECT_FALSE(options.settings.host);
}

TEST(DesignatedInitializersTest, MessagesAndTasks) {
    const Message message{.role = Role::kUser,
                          .parts = {{.content = TextContent{.text = "hi"}, .filename = "a"}}};
    const Task task{.id = "t", .status = {.state = TaskState::kWorking}, .history = {message}};
    const TaskStatusUpdateEvent status{.status = {.state = TaskState::kCompleted}};
    const TaskArtifactUpdateEvent chunk{.artifact = Artifact{.artifact_id = "a"},
                                        .last_chunk = true};
    const SendMessageRequest request{
        .message = message, .configuration = SendMessageConfiguration{.history_length = 1}};
    const ListTasksRequest list{.page_size = 10};
    EXPECT_EQ(task.history.at(0)->text(), "hi");
    EXPECT_EQ(status.status.state, TaskState::kCompleted);
    EXPECT_EQ(chunk.artifact->artifact_id, "a");
    EXPECT_EQ(request.configuration->history_length, 1);
    EXPECT_EQ(list.page_size, 10);
}

TEST(DesignatedInitializersTest, WhatHandlersSay) {
    const EmitArtifact artifact{.data = Json(1), .part_metadata = Json::object({{"page", 1}})};
    const AgentMessage message{.metadata = Json::object()};
    const AuthRequest auth{.schemes = {"Bearer"}};
    EXPECT_EQ(artifact.artifact_id, "final-answer");
    EXPECT_TRUE(message.parts.empty());
    EXPECT_EQ(auth.schemes.size(), 1U);
}

TEST(DesignatedInitializersTest, ClientsErrorsAndHarnesses) {
    const ClientOptions client{.bearer_token = "secret"};
    const SendOptions send{.idempotency_key = "once"};
    const StreamEvent event{.id = "7"};
    const Error error{.code = ErrorCode::kUnavailable, .message = "later"};
    const Error::Details details{.violations = {{.field = "a"}}, .challenge = "Bearer"};
    const RequestContext context{.headers = {{"a", "b"}}, .sender = Principal{.name = "ann"}};
    const testing::HarnessOptions harness{.card = AgentCard{.name = "Echo"}};
    EXPECT_EQ(client.bindings.size(), 3U);
    EXPECT_EQ(send.idempotency_key, "once");
    EXPECT_EQ(event.id, "7");
    EXPECT_EQ(error.details, nullptr);
    EXPECT_EQ(details.violations.at(0).description, "");
    EXPECT_EQ(context.header("a"), "b");
    EXPECT_EQ(harness.card->name, "Echo");
}

}  // namespace
}  // namespace a2akit
