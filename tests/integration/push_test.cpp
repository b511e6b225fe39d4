#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"
#include "support/webhook_receiver.hpp"

#include <gtest/gtest.h>
#include <a2akit/push/receiver.hpp>

#include <atomic>
#include <mutex>
#include <set>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::Received;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using test_support::text_of;
using test_support::WebhookReceiver;

bool has_ended(const std::vector<Received>& all) {
    return !all.empty() && all.back().body.find("TASK_STATE_COMPLETED") != std::string::npos;
}

class PushTest : public ::testing::Test {
protected:
    static ServerOptions options_of(std::shared_ptr<Worker> worker) {
        ServerOptions options = test_options(std::move(worker));
        options.card.push_notifications = true;
        options.settings.push_allow_http = true;
        options.settings.push_allow_networks = "127.0.0.0/8";
        options.settings.push_retry_delay = Duration(1);
        return options;
    }
    void start(ServerOptions options) {
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    void start() { start(options_of(agent)); }

    std::string rpc(const std::string& method, const std::string& params,
                    const std::string& headers = "Content-Type: application/json\r\n") {
        HttpClient client(server->port());
        return client
            .exchange(
                "POST", "/",
                R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}",
                headers)
            .body;
    }
    HttpClient::Response ask_0_3(const std::string& method, const std::string& target,
                                 const std::string& body = {}) {
        HttpClient client(server->port());
        client.send(method + " " + target +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
        return client.response(false);
    }
    std::string rpc_0_3(const std::string& method, const std::string& params) {
        return ask_0_3("POST", "/",
                       R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" +
                           params + "}")
            .body;
    }
    /// A send with a configuration, for a task that is not waited for.
    std::string send_with_config(const std::string& text, const std::string& config) {
        std::string params = send_body(text);
        params.pop_back();
        params += R"(,"configuration":{"returnImmediately":true,"taskPushNotificationConfig":)";
        return rpc("SendMessage", params + config + "}}");
    }

    std::shared_ptr<TestAgent> agent = std::make_shared<TestAgent>();
    WebhookReceiver hook;
    std::unique_ptr<Server> server;
};

TEST_F(PushTest, AWebhookGetsTheEventsOfATaskInOrder) {
    start();
    const std::string answer = send_with_config(
        "words", R"({"url":")" + hook.url() +
                     R"(","token":"t0ken",)"
                     R"("authentication":{"scheme":"Bearer","credentials":"s3cret"}})");
    const std::string task = task_id_of(answer);
    ASSERT_FALSE(task.empty()) << answer;
    const std::vector<Received> got = hook.wait_for(has_ended);
    std::string words;
    std::set<std::string> ids;
    for (const Received& each : got) {
        EXPECT_EQ(each.target, "/hook");
        EXPECT_EQ(each.header("content-type"), "application/a2a+json");
        EXPECT_EQ(each.header("authorization"), "Bearer s3cret");
        EXPECT_EQ(each.header("x-a2a-notification-token"), "t0ken");
        EXPECT_EQ(each.header("a2a-notification-token"), "t0ken");
        EXPECT_EQ(each.header("webhook-id").find('.'), std::string::npos);
        EXPECT_FALSE(each.header("webhook-timestamp").empty());
        EXPECT_EQ(text_of(each.body, "taskId"), task);
        EXPECT_FALSE(text_of(each.body, "contextId").empty());
        ids.insert(each.header("webhook-id"));
        words += text_of(each.body, "text");
    }
    EXPECT_EQ(ids.size(), got.size());
    EXPECT_NE(got.front().body.find("TASK_STATE_SUBMITTED"), std::string::npos);
    EXPECT_NE(got.at(1).body.find("TASK_STATE_WORKING"), std::string::npos);
    EXPECT_EQ(words, "one two threeEcho: words");
}

TEST_F(PushTest, ConfigurationsAreMadeReadListedAndDeletedIn1_0) {
    start();
    const std::string task = task_id_of(rpc("SendMessage", send_body("hi")));
    const std::string created =
        rpc("CreateTaskPushNotificationConfig",
            R"({"taskId":")" + task + R"(","url":")" + hook.url() +
                R"(","token":"t0ken",)"
                R"("authentication":{"scheme":"Bearer","credentials":"s3cret"}})");
    const std::string id = text_of(created, "id");
    ASSERT_FALSE(id.empty()) << created;
    const std::string named = R"({"taskId":")" + task + R"(","id":")" + id + "\"}";
    for (const std::string& read :
         {rpc("GetTaskPushNotificationConfig", named),
          rpc("ListTaskPushNotificationConfigs", R"({"taskId":")" + task + "\"}")}) {
        EXPECT_NE(read.find(hook.url()), std::string::npos) << read;
        EXPECT_NE(read.find(id), std::string::npos) << read;
        EXPECT_NE(read.find("Bearer"), std::string::npos) << read;
        EXPECT_EQ(read.find("t0ken"), std::string::npos) << read;
        EXPECT_EQ(read.find("s3cret"), std::string::npos) << read;
    }
    for (int i = 0; i < 2; ++i) {
        const std::string deleted = rpc("DeleteTaskPushNotificationConfig", named);
        EXPECT_NE(deleted.find("\"result\""), std::string::npos) << deleted;
    }
    const std::string gone = rpc("GetTaskPushNotificationConfig", named);
    EXPECT_NE(gone.find("-32001"), std::string::npos) << gone;
}

TEST_F(PushTest, ConfigurationsAreServedOverHttpJson) {
    start();
    HttpClient client(server->port());
    const std::string task =
        task_id_of(client.exchange("POST", "/message:send", send_body("hi")).body);
    const std::string path = "/tasks/" + task + "/pushNotificationConfigs";
    const auto created =
        client.exchange("POST", path, R"({"id":"mine","url":")" + hook.url() + "\"}");
    EXPECT_EQ(created.status, 200) << created.body;
    EXPECT_NE(client.exchange("GET", path + "/mine").body.find(hook.url()), std::string::npos);
    EXPECT_NE(client.exchange("GET", path).body.find("\"configs\""), std::string::npos);
    EXPECT_EQ(client.exchange("DELETE", path + "/mine").status, 200);
    EXPECT_EQ(client.exchange("GET", path + "/mine").status, 404);
}

TEST_F(PushTest, AWebhookOf0_3GetsTheTaskAsJson) {
    start();
    rpc_0_3("message/send",
            R"({"message":{"kind":"message","messageId":"m","role":"user","parts":[{"kind":"text",)"
            R"("text":"hi"}]},"configuration":{"blocking":true,"pushNotificationConfig":{"url":")" +
                hook.url() + R"(","token":"t"}}})");
    const std::vector<Received> got = hook.wait_for([](const std::vector<Received>& all) {
        return !all.empty() && all.back().body.find(R"("completed")") != std::string::npos;
    });
    EXPECT_EQ(got.back().header("content-type"), "application/json");
    EXPECT_NE(got.back().body.find(R"("kind":"task")"), std::string::npos) << got.back().body;
    EXPECT_EQ(got.back().header("x-a2a-notification-token"), "t");
}

TEST_F(PushTest, ConfigurationsAreServedIn0_3) {
    start();
    const std::string task = task_id_of(rpc("SendMessage", send_body("hi")));
    const std::string named = R"({"id":")" + task + "\"}";
    const std::string set = rpc_0_3(
        "tasks/pushNotificationConfig/set",
        R"({"taskId":")" + task + R"(","pushNotificationConfig":{"url":")" + hook.url() + R"("}})");
    EXPECT_NE(set.find(hook.url()), std::string::npos) << set;
    const std::string got = rpc_0_3("tasks/pushNotificationConfig/get", named);
    EXPECT_NE(got.find(hook.url()), std::string::npos) << got;
    const std::string listed = rpc_0_3("tasks/pushNotificationConfig/list", named);
    EXPECT_NE(listed.find(hook.url()), std::string::npos) << listed;
    rpc_0_3("tasks/pushNotificationConfig/delete",
            R"({"id":")" + task + R"(","pushNotificationConfigId":")" + task + "\"}");
    EXPECT_EQ(rpc_0_3("tasks/pushNotificationConfig/list", named).find(hook.url()),
              std::string::npos);
    const std::string path = "/v1/tasks/" + task + "/pushNotificationConfigs";
    const auto created =
        ask_0_3("POST", path,
                R"({"parent":"tasks/)" + task +
                    R"(","configId":"c","config":{"pushNotificationConfig":{"url":")" + hook.url() +
                    R"("}}})");
    EXPECT_EQ(created.status, 200) << created.body;
    const auto read = ask_0_3("GET", path + "/c");
    EXPECT_NE(read.body.find("pushNotificationConfigs/c"), std::string::npos) << read.body;
}

TEST_F(PushTest, WithoutTheCapabilityTheOperationsAreNotSupported) {
    start(test_options(agent));
    const std::string task = task_id_of(rpc("SendMessage", send_body("hi")));
    EXPECT_NE(rpc("CreateTaskPushNotificationConfig",
                  R"({"taskId":")" + task + R"(","url":"https://hooks.example.com/"})")
                  .find("-32003"),
              std::string::npos);
    EXPECT_NE(send_with_config("hi", R"({"url":"https://hooks.example.com/"})").find("-32003"),
              std::string::npos);
}

TEST_F(PushTest, AConfigurationThatCannotBeUsedIsRefusedBeforeAnythingHappens) {
    ServerOptions options = options_of(agent);
    options.settings.push_allow_http = false;
    options.settings.push_allow_networks.reset();
    start(std::move(options));
    for (const std::string& config :
         {std::string(R"({"url":"http://hooks.example.com/"})"),
          std::string(R"({"url":"https://127.0.0.1/"})"),
          std::string(R"({"url":"https://[::1]/"})"),
          std::string(R"({"url":"https://hooks.example.com/","token":"a\r\nX-Injected: 1"})"),
          std::string(
              R"({"url":"https://hooks.example.com/","authentication":{"scheme":"Bearer\n",)"
              R"("credentials":"c"}})"),
          std::string(R"({"url":"https://hooks.example.com/","authentication":{"scheme":"Bearer",)"
                      R"("credentials":"c\r\n"}})"),
          R"({"url":"https://hooks.example.com/)" + std::string(3000, 'x') + "\"}",
          R"({"url":"https://hooks.example.com/","token":")" + std::string(5000, 'x') + "\"}"}) {
        const std::string answer = send_with_config("hi", config);
        EXPECT_NE(answer.find("-32602"), std::string::npos) << config << answer;
        EXPECT_NE(answer.find("configuration.taskPushNotificationConfig."), std::string::npos)
            << answer;
    }
    EXPECT_EQ(agent->started, 0);
}

TEST_F(PushTest, ATaskHasAtMostSixteenConfigurations) {
    start();
    const std::string task = task_id_of(rpc("SendMessage", send_body("hi")));
    std::string last;
    for (int i = 0; i < 17; ++i) {
        last = rpc("CreateTaskPushNotificationConfig",
                   R"({"taskId":")" + task + R"(","url":")" + hook.url() + "\"}");
        EXPECT_EQ(last.find("\"error\"") == std::string::npos, i < 16) << last;
    }
    EXPECT_NE(last.find("16 push notification configurations"), std::string::npos) << last;
}

TEST_F(PushTest, AFollowUpsConfigurationGetsTheEventsFromItOn) {
    start();
    const std::string task = task_id_of(rpc("SendMessage", send_body("ask")));
    rpc("SendMessage", R"({"message":{"messageId":"n","taskId":")" + task +
                           R"(","role":"ROLE_USER","parts":[{"text":"this"}]},"configuration":{)"
                           R"("taskPushNotificationConfig":{"url":")" +
                           hook.url() + R"("}}})");
    const std::vector<Received> got = hook.wait_for(has_ended);
    EXPECT_NE(got.front().body.find("TASK_STATE_SUBMITTED"), std::string::npos);
    for (const Received& each : got)
        EXPECT_EQ(each.body.find("TASK_STATE_INPUT_REQUIRED"), std::string::npos) << each.body;
}

TEST_F(PushTest, AMessageThatIsSentAgainIsConfiguredOnce) {
    start();
    const std::string params =
        R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"hi"}]},)"
        R"("configuration":{"taskPushNotificationConfig":{"url":")" +
        hook.url() + R"("}}})";
    const std::string headers = "Content-Type: application/json\r\nIdempotency-Key: k\r\n";
    const std::string task = task_id_of(rpc("SendMessage", params, headers));
    hook.wait_for(has_ended);
    EXPECT_EQ(task_id_of(rpc("SendMessage", params, headers)), task);
    const std::string list =
        rpc("ListTaskPushNotificationConfigs", R"({"taskId":")" + task + "\"}");
    EXPECT_EQ(list.find(hook.url()), list.rfind(hook.url())) << list;
    std::set<std::string> ids;
    for (const Received& each : hook.received())
        EXPECT_TRUE(ids.insert(each.header("webhook-id")).second) << "told twice";
}

TEST_F(PushTest, AFinishedTaskIsToldAsItStandsWhereThatIsWanted) {
    ServerOptions options = options_of(agent);
    options.settings.push_task_first = true;
    start(std::move(options));
    const std::string task = task_id_of(rpc("SendMessage", send_body("hi")));
    rpc("CreateTaskPushNotificationConfig",
        R"({"taskId":")" + task + R"(","url":")" + hook.url() + "\"}");
    const std::vector<Received> got = hook.wait_for(1);
    EXPECT_EQ(got[0].body.find(R"({"task":{)"), 0U) << got[0].body;
    EXPECT_EQ(text_of(got[0].body, "id"), task);
}

TEST_F(PushTest, WhatWasNotDeliveredIsDeliveredAfterARestart) {
    test_support::TemporaryDirectory directory;
    bool open = false;
    std::mutex mutex;
    WebhookReceiver closed_first([&](const Received&) {
        const std::lock_guard lock(mutex);
        return open ? WebhookReceiver::ok() : WebhookReceiver::status("503 Service Unavailable");
    });
    ServerOptions options = options_of(agent);
    options.settings.data_dir = directory.file("data");
    options.settings.push_retry_delay = Duration(100);
    start(options);
    send_with_config("words", R"({"url":")" + closed_first.url() + "\"}");
    const std::vector<Received> before = closed_first.wait_for(1);
    server.reset();
    {
        const std::lock_guard lock(mutex);
        open = true;
    }
    start(options);
    const std::vector<Received> got = closed_first.wait_for(has_ended);
    EXPECT_EQ(got.back().header("webhook-id").substr(0, 40),
              before.front().header("webhook-id").substr(0, 40));
}

TEST_F(PushTest, DeadLettersAreListedAndRedriven) {
    std::atomic<bool> open{false};
    WebhookReceiver broken([&](const Received&) {
        return open ? WebhookReceiver::ok() : WebhookReceiver::status("500 Internal Server Error");
    });
    ServerOptions options = options_of(agent);
    options.settings.push_max_retries = 0;
    start(std::move(options));
    send_with_config("hi", R"({"id":"c","url":")" + broken.url() + "\"}");
    std::vector<PushDeadLetter> letters;
    test_support::until([&] {
        letters = server->push_dead_letters().value_or_throw();
        return !letters.empty();
    });
    EXPECT_EQ(letters[0].config_id, "c");
    EXPECT_EQ(letters[0].reason, "the webhook answered with status 500");
    open = true;
    ASSERT_TRUE(server->redrive_push(letters[0].key));
    broken.wait_for(has_ended);
    EXPECT_TRUE(server->push_dead_letters().value_or_throw().empty());
}

TEST_F(PushTest, OperatorsListAndRedriveDeadLettersOverHttp) {
    std::atomic<bool> open{false};
    WebhookReceiver broken([&](const Received&) {
        return open ? WebhookReceiver::ok() : WebhookReceiver::status("500 Internal Server Error");
    });
    ServerOptions options = options_of(agent);
    options.settings.push_max_retries = 0;
    options.settings.admin_token = "0123456789abcdef";
    start(std::move(options));
    HttpClient client(server->port());
    const auto ask = [&](const char* method, const std::string& path,
                         const char* token = "0123456789abcdef") {
        return client.exchange(method, path, {},
                               std::string("Authorization: Bearer ") + token + "\r\n");
    };
    const std::string task =
        task_id_of(send_with_config("hi", R"({"id":"c","url":")" + broken.url() + "\"}"));
    std::string list;
    test_support::until([&] {
        list = ask("GET", "/admin/push-dead-letters").body;
        return list.find("taskId") != std::string::npos;
    });
    EXPECT_EQ(text_of(list, "taskId"), task);
    EXPECT_EQ(text_of(list, "configId"), "c");
    EXPECT_EQ(text_of(list, "reason"), "the webhook answered with status 500");
    const std::string path = "/admin/push-dead-letters/" + text_of(list, "id");
    EXPECT_EQ(ask("GET", "/admin/push-dead-letters", "wrong").status, 401);
    EXPECT_EQ(ask("POST", path + ":redrive", "wrong").status, 401);
    EXPECT_EQ(ask("GET", "/admin/push-dead-letters?after=x").status, 400);
    EXPECT_EQ(ask("POST", "/admin/push-dead-letters/x:redrive").status, 400);
    EXPECT_EQ(ask("POST", "/admin/push-dead-letters/" + task + ":redrive").status, 404);
    open = true;
    EXPECT_EQ(ask("POST", path + ":redrive").status, 200);
    broken.wait_for(has_ended);
    EXPECT_EQ(ask("GET", "/admin/push-dead-letters").body, R"({"deadLetters":[]})");
}

TEST_F(PushTest, PublicKeysAreServedWhereThereAreAny) {
    start();
    EXPECT_EQ(HttpClient(server->port()).exchange("GET", "/.well-known/jwks.json").status, 404);
    ServerOptions options = options_of(agent);
    options.settings.push_signing_key = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    start(std::move(options));
    const auto keys = HttpClient(server->port()).exchange("GET", "/.well-known/jwks.json");
    EXPECT_EQ(keys.header("content-type"), "application/jwk-set+json");
    const std::string x = text_of(keys.body, "x");
    EXPECT_EQ(x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo") << keys.body;
    send_with_config("hi", R"({"url":")" + hook.url() + "\"}");
    PushReceiver receiver({.public_keys = {"whpk_" + x}});
    for (const Received& each : hook.wait_for(has_ended))
        EXPECT_TRUE(receiver.receive({each.headers.begin(), each.headers.end()}, each.body));
}

TEST_F(PushTest, DeliveriesAreSigned) {
    ServerOptions options = options_of(agent);
    options.settings.push_signing_key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    start(std::move(options));
    send_with_config("words", R"({"url":")" + hook.url() + "\"}");
    PushReceiver receiver({.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}});
    for (const Received& each : hook.wait_for(has_ended)) {
        const auto got = receiver.receive({each.headers.begin(), each.headers.end()}, each.body);
        ASSERT_TRUE(got) << got.error().message;
        EXPECT_FALSE(got->repeated);
    }
}

}  // namespace
}  // namespace a2akit
