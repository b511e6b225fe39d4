// Every operation of the client against a server of ours, in each version and binding. Built once
// for the bindings of JSON, and once with gRPC.

#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <a2akit/client/client.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

using test_support::TemporaryDirectory;
using test_support::test_options;
using test_support::TestAgent;
using ::testing::HasSubstr;

#ifdef A2AKIT_TEST_GRPC
constexpr bool kGrpc = true;
#else
constexpr bool kGrpc = false;
#endif

ClientOptions with_binding(const std::string& binding, const std::string& version) {
    ClientOptions options;
    options.bindings = {binding};
    options.versions = {version};
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(20);
    return options;
}

/// Every operation, in each version and binding.
class OperationsTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
protected:
    void SetUp() override {
        const auto started = server_.start();
        ASSERT_TRUE(started) << started.error().message;
    }
    [[nodiscard]] Client connect() const {
        return Client::connect(server_.url(), with_binding(GetParam().first, GetParam().second));
    }
    [[nodiscard]] bool is_1_0() const { return std::string(GetParam().second) == "1.0"; }

    Server server_{[] {
        ServerOptions options = test_options(std::make_shared<TestAgent>());
        if (kGrpc) options.settings.grpc_port = 0;
        options.card.push_notifications = true;
        options.card.extended_agent_card = true;
        options.settings.push_allow_http = true;
        options.settings.push_allow_networks = "127.0.0.0/8";
        return options;
    }()};
};

TEST_P(OperationsTest, SendsReadsAndListsTasks) {
    Client client = connect();
    const SendResult result = client.send("hi");
    EXPECT_EQ(result.text(), "Echo: hi");
    EXPECT_EQ(result.state(), TaskState::kCompleted);
    EXPECT_EQ(client.get_task(result.task_id()).id, result.task_id());
    if (!is_1_0()) {
        EXPECT_THROW((void)client.list_tasks(), Exception) << "0.3 has no such operation";
        return;
    }
    (void)client.send("again");
    int count = 0;
    TaskList tasks = client.tasks({.page_size = 1});
    for (const Task& task : tasks) count += task.id.empty() ? 0 : 1;
    EXPECT_EQ(count, 2);
}

TEST_P(OperationsTest, AnswersAQuestion) {
    Client client = connect();
    const SendResult asked = client.send("ask");
    EXPECT_EQ(asked.state(), TaskState::kInputRequired);
    EXPECT_EQ(asked.text(), "Which one?");
    Message reply = user_message("this one");
    reply.task_id = asked.task_id();
    reply.context_id = asked.context_id();
    const SendResult answered = client.send(std::move(reply));
    EXPECT_EQ(answered.task_id(), asked.task_id());
    EXPECT_EQ(answered.state(), TaskState::kCompleted);
}

TEST_P(OperationsTest, SendsFilesFromDisk) {
    const TemporaryDirectory directory;
    std::string content;
    for (int i = 0; i < 100'000; ++i) content += static_cast<char>(i * 7);
    std::ofstream(directory.file("file.bin"), std::ios::binary) << content;
    Client client = connect();
    const std::vector<OutgoingPart> parts{Part::from_text("hi"),
                                          LocalFile{directory.file("file.bin"), "text/plain"}};
    ClientStream stream = client.stream_parts(parts);
    const auto first = stream.next();
    ASSERT_TRUE(first && first->task() != nullptr);
    while (stream.next()) {
    }
    for (const std::string& id : {client.send_parts(parts).task_id(), first->task()->id}) {
        const Task task = client.get_task(id, 1);
        ASSERT_EQ(task.history.size(), 1U);
        const Part& file = task.history.front()->parts.at(1);
        EXPECT_EQ(file.filename, "file.bin");
        EXPECT_EQ(file.media_type, "text/plain");
        ASSERT_TRUE(std::holds_alternative<RawContent>(file.content));
        EXPECT_TRUE(std::get<RawContent>(file.content).bytes == content);
    }
}

TEST_P(OperationsTest, StreamsAndCancels) {
    Client client = connect();
    EXPECT_THAT(client.stream_text("words"), HasSubstr("one two three"));
    ClientStream stream = client.stream("wait");
    const auto first = stream.next();
    ASSERT_TRUE(first && first->task() != nullptr);
    const std::string id = first->task()->id;
    ClientStream watched = client.subscribe(id);
    (void)client.cancel(id);
    TaskState last = TaskState::kUnspecified;
    while (const auto event = watched.next()) {
        if (event->state() != TaskState::kUnspecified) last = event->state();
    }
    EXPECT_EQ(last, TaskState::kCanceled);
}

TEST_P(OperationsTest, ErrorsHaveTheirCodesInEveryDialect) {
    Client client = connect();
    const auto code_of = [](const std::function<void()>& call) {
        try {
            call();
        } catch (const Exception& exception) {
            return exception.code();
        }
        return ErrorCode::kStopped;
    };
    EXPECT_EQ(code_of([&] { (void)client.get_task("none"); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(code_of([&] { (void)client.subscribe("none").next(); }), ErrorCode::kTaskNotFound);
    const std::string done = client.send("hi").task_id();
    EXPECT_EQ(code_of([&] { (void)client.cancel(done); }), ErrorCode::kTaskNotCancelable);
    EXPECT_EQ(code_of([&] { (void)client.extended_card(); }),
              ErrorCode::kExtendedAgentCardNotConfigured);
}

TEST_P(OperationsTest, KeepsPushConfigurations) {
    Client client = connect();
    const std::string task = client.send("ask").task_id();
    TaskPushNotificationConfig config;
    config.task_id = task;
    config.id = "c1";
    config.url = "http://127.0.0.1:9/hook";
    EXPECT_EQ(client.set_push_config(config).url, config.url);
    const TaskPushNotificationConfig read = client.get_push_config(task, "c1");
    EXPECT_EQ(read.task_id + " " + read.id + " " + read.url, task + " c1 " + config.url);
    EXPECT_EQ(client.list_push_configs(task).size(), 1U);
    client.delete_push_config(task, "c1");
    EXPECT_THROW((void)client.get_push_config(task, "c1"), Exception);
}

#ifdef A2AKIT_TEST_GRPC
INSTANTIATE_TEST_SUITE_P(Grpc, OperationsTest,
                         ::testing::Values(std::pair("GRPC", "1.0"), std::pair("GRPC", "0.3")));
#else
INSTANTIATE_TEST_SUITE_P(Dialects, OperationsTest,
                         ::testing::Values(std::pair("JSONRPC", "1.0"),
                                           std::pair("HTTP+JSON", "1.0"),
                                           std::pair("JSONRPC", "0.3"),
                                           std::pair("HTTP+JSON", "0.3")));
#endif

}  // namespace
}  // namespace a2akit
