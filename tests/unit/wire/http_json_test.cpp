#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string kSend =
    R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"hi"}]}})";

TEST(HttpJson, SendsAreReadFromTheBody) {
    const Call call = post("/message:send", kSend).call();
    EXPECT_FALSE(call.json_rpc);
    EXPECT_EQ(call.envelope.operation, Operation::kSendMessage);
    EXPECT_EQ(std::get<SendMessageRequest>(call.envelope.params).message.text(), "hi");
    EXPECT_EQ(post("/message:stream", kSend).call().envelope.operation,
              Operation::kSendStreamingMessage);
}

TEST(HttpJson, BothBindingsReadTheSameRequest) {
    const Call rest = post("/acme/message:send", kSend).call();
    const Call json_rpc =
        rpc(R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"tenant":"acme",)" +
            kSend.substr(1) + "}")
            .call();
    const auto& a = std::get<SendMessageRequest>(rest.envelope.params);
    const auto& b = std::get<SendMessageRequest>(json_rpc.envelope.params);
    EXPECT_EQ(a.tenant, b.tenant);
    EXPECT_EQ(a.message, b.message);
    EXPECT_EQ(rest.envelope.tenant, json_rpc.envelope.tenant);
}

TEST(HttpJson, IdsComeFromThePathAndNeedNotBeRepeated) {
    EXPECT_EQ(std::get<GetTaskRequest>(get("/tasks/t").call().envelope.params).id, "t");
    EXPECT_EQ(std::get<SubscribeToTaskRequest>(get("/tasks/t:subscribe").call().envelope.params).id,
              "t");
    for (const std::string body : {"", "{}", R"({"id":"t"})"}) {
        EXPECT_EQ(
            std::get<CancelTaskRequest>(post("/tasks/t:cancel", body).call().envelope.params).id,
            "t");
        EXPECT_EQ(std::get<SubscribeToTaskRequest>(
                      post("/tasks/t:subscribe", body).call().envelope.params)
                      .id,
                  "t");
    }
    const Call created =
        post("/tasks/t/pushNotificationConfigs", R"({"id":"c","url":"http://x"})").call();
    EXPECT_EQ(std::get<TaskPushNotificationConfig>(created.envelope.params).task_id, "t");
    EXPECT_EQ(std::get<TaskPushNotificationConfig>(created.envelope.params).id, "c");
    const Call got = get("/tasks/t/pushNotificationConfigs/c").call();
    EXPECT_EQ(std::get<GetTaskPushNotificationConfigRequest>(got.envelope.params).task_id, "t");
    EXPECT_EQ(std::get<GetTaskPushNotificationConfigRequest>(got.envelope.params).id, "c");
    TestRequest deletion{"DELETE", "/tasks/t/pushNotificationConfigs/c"};
    const Call deleted = deletion.call();
    EXPECT_EQ(std::get<DeleteTaskPushNotificationConfigRequest>(deleted.envelope.params).task_id,
              "t");
    EXPECT_EQ(std::get<DeleteTaskPushNotificationConfigRequest>(deleted.envelope.params).id, "c");
    const Call listed = get("/tasks/t/pushNotificationConfigs?pageSize=3&pageToken=p").call();
    EXPECT_EQ(std::get<ListTaskPushNotificationConfigsRequest>(listed.envelope.params).task_id,
              "t");
    EXPECT_EQ(std::get<ListTaskPushNotificationConfigsRequest>(listed.envelope.params).page_size,
              3);
    EXPECT_EQ(std::get<ListTaskPushNotificationConfigsRequest>(listed.envelope.params).page_token,
              "p");
}

TEST(HttpJson, AnIdThatContradictsThePathIsRefused) {
    for (TestRequest request :
         {post("/tasks/t:cancel", R"({"id":"u"})"), post("/tasks/t:subscribe", R"({"id":"u"})"),
          get("/tasks/t?id=u"), get("/tasks/t/pushNotificationConfigs/c?id=d")}) {
        const HttpResponse response = request.refusal();
        EXPECT_EQ(response.status, 400) << request.target;
        EXPECT_THAT(response.body, HasSubstr(R"("field":"id")"));
    }
    TestRequest config =
        post("/tasks/t/pushNotificationConfigs", R"({"taskId":"u","url":"http://x"})");
    EXPECT_THAT(config.refusal().body, HasSubstr(R"("field":"taskId")"));
}

TEST(HttpJson, TheTenantOfPathAndBodyMustBeTheSame) {
    const std::string with_tenant = R"({"tenant":"acme",)" + kSend.substr(1);
    EXPECT_EQ(post("/message:send", kSend).call().envelope.tenant, "");
    EXPECT_EQ(post("/message:send", with_tenant).call().envelope.tenant, "acme");
    EXPECT_EQ(post("/acme/message:send", with_tenant).call().envelope.tenant, "acme");
    EXPECT_EQ(get("/tasks?tenant=acme").call().envelope.tenant, "acme");
    const Call from_path = get("/acme/tasks").call();
    EXPECT_EQ(from_path.envelope.tenant, "acme");
    EXPECT_EQ(std::get<ListTasksRequest>(from_path.envelope.params).tenant, "acme");
    const HttpResponse response = post("/other/message:send", with_tenant).refusal();
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr(R"("field":"tenant")"));
}

TEST(HttpJson, ATenantIsBounded) {
    const std::string fits(kMaxNameBytes, 'x');
    const std::string too_long(kMaxNameBytes + 1, 'x');
    EXPECT_EQ(get("/" + fits + "/tasks").call().envelope.tenant, fits);
    for (const std::string& target : {"/" + too_long + "/tasks", "/tasks?tenant=" + too_long}) {
        const HttpResponse response = get(target).refusal();
        EXPECT_EQ(response.status, 400);
        EXPECT_THAT(response.body,
                    HasSubstr(R"("field":"tenant","description":"is longer than 256 bytes")"));
    }
}

TEST(HttpJson, AWordOfThePathsIsNoTenant) {
    for (const std::string word : {"tasks", "v1", "health", "chat", ".well-known", "message:send",
                                   "message:stream", "extendedAgentCard"}) {
        const std::string text =
            R"({"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"tenant":")" + word + "\"}}";
        const HttpResponse by_query = get("/tasks?tenant=" + word).refusal();
        EXPECT_EQ(by_query.status, 400) << word;
        EXPECT_THAT(by_query.body, HasSubstr(R"("field":"tenant")"));
        EXPECT_THAT(rpc(text).refusal().body, HasSubstr(R"("field":"tenant")")) << word;
    }
    EXPECT_EQ(get("/tasks?tenant=admin").call().envelope.tenant, "admin");
}

TEST(HttpJson, AQueryIsReadInBothSpellings) {
    for (const std::string query :
         {"contextId=c%20d&status=TASK_STATE_WORKING&pageSize=7&pageToken=a%2Bb&historyLength=0&"
          "statusTimestampAfter=2025-10-28T10:30:00Z&includeArtifacts=true",
          "context_id=c+d&status=TASK_STATE_WORKING&page_size=7&page_token=a%2bb&history_length=0&"
          "status_timestamp_after=2025-10-28T10%3A30%3A00.000Z&include_artifacts=true&unknown=x&&"
          "A2A-Version=1.0"}) {
        const Call call = get("/tasks?" + query).call();
        const auto& list = std::get<ListTasksRequest>(call.envelope.params);
        EXPECT_EQ(list.context_id, "c d");
        EXPECT_EQ(list.status, TaskState::kWorking);
        EXPECT_EQ(list.page_size, 7);
        EXPECT_EQ(list.page_token, "a+b");
        EXPECT_EQ(list.history_length, 0);
        EXPECT_EQ(list.status_timestamp_after, Timestamp(1761647400000ms));
        EXPECT_EQ(list.include_artifacts, true);
    }
    EXPECT_EQ(std::get<GetTaskRequest>(get("/tasks/t?historyLength=10").call().envelope.params)
                  .history_length,
              10);
    EXPECT_EQ(std::get<GetTaskRequest>(get("/tasks/t").call().envelope.params).history_length,
              std::nullopt);
}

TEST(HttpJson, TheTimeOfAFilterIsRoundedUp) {
    const auto read = [](const std::string& text) {
        const Call by_query = get("/tasks?statusTimestampAfter=" + text).call();
        const std::string params = R"({"statusTimestampAfter":")" + text + "\"}";
        const Call by_body =
            rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks","params":)" + params + "}").call();
        const auto time =
            std::get<ListTasksRequest>(by_query.envelope.params).status_timestamp_after;
        EXPECT_EQ(std::get<ListTasksRequest>(by_body.envelope.params).status_timestamp_after, time);
        return time;
    };
    EXPECT_EQ(read("2025-10-28T10:30:00.000000000Z"), Timestamp(1761647400000ms));
    EXPECT_EQ(read("2025-10-28T10:30:00.000000001Z"), Timestamp(1761647400001ms));
    EXPECT_EQ(read("2025-10-28T10:29:59.9991Z"), Timestamp(1761647400000ms));
}

TEST(HttpJson, EveryWrongParameterOfAQueryIsNamed) {
    const HttpResponse response =
        get("/tasks?pageSize=150&historyLength=-5&status=TASK_STATE_RUNNING&"
            "includeArtifacts=yes&statusTimestampAfter=yesterday")
            .refusal();
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(
        response.body,
        HasSubstr(R"({"field":"pageSize","description":"must be between 1 and 100, got 150"})"));
    EXPECT_THAT(
        response.body,
        HasSubstr(R"({"field":"historyLength","description":"must not be negative, got -5"})"));
    EXPECT_THAT(
        response.body,
        HasSubstr(R"({"field":"status","description":"must be one of TASK_STATE_SUBMITTED)"));
    EXPECT_THAT(response.body,
                HasSubstr(R"({"field":"includeArtifacts","description":"must be true or false)"));
    EXPECT_THAT(response.body,
                HasSubstr(R"({"field":"statusTimestampAfter","description":"must be a time)"));
}

TEST(HttpJson, AStatusIsReadByNameAndByNumberAsInABody) {
    for (const std::string target : {"/tasks?status=TASK_STATE_WORKING", "/tasks?status=2"}) {
        auto request = get(target);
        EXPECT_EQ(std::get<ListTasksRequest>(request.call().envelope.params).status,
                  TaskState::kWorking)
            << target;
    }
    for (const std::string target : {"/tasks?status=9", "/tasks?status=-1", "/tasks?status=1.5"}) {
        EXPECT_THAT(get(target).refusal().body, HasSubstr(R"("field":"status")")) << target;
    }
}

TEST(HttpJson, AWrongValueInAQueryIsNamed) {
    for (const auto& [target, field] : std::vector<std::pair<std::string, std::string>>{
             {"/tasks?pageSize=0", "pageSize"},
             {"/tasks?pageSize=-1", "pageSize"},
             {"/tasks?pageSize=", "pageSize"},
             {"/tasks?page_size=x", "pageSize"},
             {"/tasks?pageSize=99999999999", "pageSize"},
             {"/tasks/t?historyLength=1.5", "historyLength"},
             {"/tasks/t/pushNotificationConfigs?pageSize=-1", "pageSize"},
             {"/tasks?contextId=%zz", "contextId"},
             {"/tasks?contextId=%00", "contextId"},
             {"/tasks?%ff=x", "query"}}) {
        const HttpResponse response = get(target).refusal();
        EXPECT_EQ(response.status, 400) << target;
        EXPECT_THAT(response.body, HasSubstr(R"("field":")" + field + '"')) << target;
    }
}

TEST(HttpJson, AParameterThatIsGivenTwiceIsNamed) {
    for (const std::string query :
         {"pageSize=1&pageSize=2", "pageSize=1&contextId=c&page_size=1"}) {
        const HttpResponse response = get("/tasks?" + query).refusal();
        EXPECT_EQ(response.status, 400);
        EXPECT_THAT(response.body,
                    HasSubstr(R"({"field":"pageSize","description":"is given twice"})"))
            << query;
    }
    std::string many = "/tasks?";
    for (int i = 0; i < 1000; ++i) many += "pageSize=1&";
    EXPECT_LT(get(many).refusal().body.size(), 5000U)
        << "an answer does not grow with what is wrong";
    EXPECT_EQ(get("/tasks?unknown=1&unknown=2").call().envelope.operation, Operation::kListTasks);
}

TEST(HttpJson, ABadBodyIsRefusedAndNamed) {
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    for (const auto& [body, named] : std::vector<std::pair<std::string, std::string>>{
             {"", "message"},
             {"{", "message"},
             {"{\"message\":\"\xff\"}", "message"},
             {"[]", "message"},
             {"7", "message"},
             {"{}", R"("field":"message")"},
             {R"({"message":{}})", R"("field":"message.parts")"},
             {R"({"message":{"messageId":"m","role":"ROLE_NOBODY","parts":[{"text":"x"}]}})",
              R"("field":"message.role")"},
             {R"({"metadata":)" + deep + "}", "message"},
             {kSend.substr(0, kSend.size() - 1) + R"(,"configuration":{"historyLength":1e99}})",
              "historyLength"}}) {
        const HttpResponse response = post("/message:send", body).refusal();
        EXPECT_EQ(response.status, 400) << body.substr(0, 100);
        EXPECT_THAT(response.body, HasSubstr(named)) << body.substr(0, 100);
        EXPECT_THAT(response.body, HasSubstr(R"("status":"INVALID_ARGUMENT")"));
    }
}

TEST(HttpJson, AnArrayHasALimit) {
    const auto send_of = [](int parts) {
        std::string body = R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[)";
        for (int i = 0; i < parts; ++i) body += i == 0 ? R"({"text":""})" : R"(,{"text":""})";
        return body + "]}}";
    };
    const Call call = post("/message:send", send_of(10'000)).call();
    EXPECT_EQ(std::get<SendMessageRequest>(call.envelope.params).message.parts.size(), 10'000U);
    for (const int parts : {10'001, 20'000}) {
        const HttpResponse response = post("/message:send", send_of(parts)).refusal();
        EXPECT_EQ(response.status, 400);
        EXPECT_THAT(response.body,
                    HasSubstr(R"({"field":"message.parts[10000]","description":"is one too many)"));
        const std::string params = send_of(parts);
        for (const std::string& body :
             {R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":)" + params + "}",
              R"({"params":)" + params + R"(,"jsonrpc":"2.0","id":1,"method":"SendMessage"})"}) {
            EXPECT_THAT(rpc(body).refusal().body, HasSubstr(R"("field":"message.parts[10000]")"));
        }
    }
}

TEST(HttpJson, AnErrorIsWrittenInTheTypeOfTheAnswer) {
    EXPECT_EQ(post("/message:send", "{}").refusal().content_type, "application/json");
    TestRequest request{"POST", "/message:send", {{"content-type", "application/a2a+json"}}, "{}"};
    EXPECT_EQ(request.refusal().content_type, "application/a2a+json");
    EXPECT_EQ(get("/tasks?pageSize=0").refusal().content_type, "application/a2a+json");
}

}  // namespace
}  // namespace a2akit::wire
