// No binding takes the character NUL, which not every storage can keep, or bytes that are not UTF-8
// in any field of a request. The requests are the golden ones, in which each field is set.

#include "json/utf8.hpp"
#include "unit/wire/wire_test.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

namespace a2akit::wire {
namespace {

std::string golden(const std::string& name) {
    std::ifstream file(A2AKIT_JSON_GOLDEN "/" + name + ".full.json");
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_FALSE(text.str().empty()) << name;
    return text.str();
}

std::string rpc_body(const std::string& method, const std::string& params) {
    return R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":)" + params + "}";
}

/// The text, once for each of its strings that is a value, with `more` at the end of that string.
std::vector<std::string> with_each_string_altered(const std::string& json,
                                                  const std::string& more) {
    std::vector<std::string> altered;
    for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at + 1)) {
        for (++at; json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
        if (json[at + 1] == ':') continue;
        altered.push_back(json.substr(0, at) + more + json.substr(at));
    }
    return altered;
}

bool is_refused(TestRequest request) {
    const auto outcome = request.decoded();
    const auto* response = std::get_if<HttpResponse>(&outcome);
    return response != nullptr && response->body.find("\"error\"") != std::string::npos &&
           json::is_utf8(response->body);
}
/// Of protocol 0.3 over HTTP, where an error is the whole body.
bool is_refused_0_3(TestRequest request) {
    const auto outcome = request.decoded();
    const auto* response = std::get_if<HttpResponse>(&outcome);
    return response != nullptr && response->status == 400 && json::is_utf8(response->body);
}

const std::vector<std::string> kUnwanted{"\\u0000", std::string(1, '\0'), "\xff",
                                         "\xc3",    "\xed\xa0\x80",       "\\ud800"};

TEST(Characters, JsonRpcRefusesThemInEachField) {
    for (const auto& [method, params] : std::vector<std::pair<std::string, std::string>>{
             {"SendMessage", "SendMessageRequest"},
             {"SendStreamingMessage", "SendMessageRequest"},
             {"GetTask", "GetTaskRequest"},
             {"ListTasks", "ListTasksRequest"},
             {"CancelTask", "CancelTaskRequest"},
             {"SubscribeToTask", "SubscribeToTaskRequest"},
             {"CreateTaskPushNotificationConfig", "TaskPushNotificationConfig"},
             {"GetTaskPushNotificationConfig", "GetTaskPushNotificationConfigRequest"},
             {"ListTaskPushNotificationConfigs", "ListTaskPushNotificationConfigsRequest"},
             {"DeleteTaskPushNotificationConfig", "DeleteTaskPushNotificationConfigRequest"},
             {"GetExtendedAgentCard", "GetExtendedAgentCardRequest"}}) {
        const std::string body = rpc_body(method, golden(params));
        EXPECT_FALSE(is_refused(rpc(body))) << body;
        for (const std::string& more : kUnwanted) {
            for (const std::string& text : with_each_string_altered(body, more))
                EXPECT_TRUE(is_refused(rpc(text))) << text;
        }
    }
}

TEST(Characters, HttpJsonRefusesThemInEachFieldOfABody) {
    for (const auto& [target, params] : std::vector<std::pair<std::string, std::string>>{
             {"/message:send", "SendMessageRequest"},
             {"/message:stream", "SendMessageRequest"},
             {"/tasks/CancelTaskRequest.id:cancel", "CancelTaskRequest"},
             {"/tasks/TaskPushNotificationConfig.taskId/pushNotificationConfigs",
              "TaskPushNotificationConfig"}}) {
        const std::string body = golden(params);
        EXPECT_FALSE(is_refused(post(target, body))) << body;
        for (const std::string& more : kUnwanted) {
            for (const std::string& text : with_each_string_altered(body, more))
                EXPECT_TRUE(is_refused(post(target, text))) << text;
        }
    }
}

TEST(Characters, Protocol03RefusesThemInEachField) {
    const std::string schema =
        R"({"message":{"kind":"message","messageId":"m","contextId":"c","taskId":"t","role":"user",)"
        R"("parts":[{"kind":"text","text":"hi","metadata":{"a":"x"}},)"
        R"({"kind":"file","file":{"bytes":"AAEC","mimeType":"image/png","name":"x.png"}},)"
        R"({"kind":"file","file":{"uri":"http://x/y"}},{"kind":"data","data":{"k":["x"]}}],)"
        R"("metadata":{"b":"x"},"extensions":["urn:e"],"referenceTaskIds":["r"]},)"
        R"("configuration":{"acceptedOutputModes":["text/plain"],"pushNotificationConfig":{"id":"p",)"
        R"("url":"http://hook","token":"s","authentication":{"schemes":["Bearer"],"credentials":"z"}}},)"
        R"("metadata":{"d":"x"}})";
    const std::string proto =
        R"({"message":{"messageId":"m","contextId":"c","taskId":"t","role":"ROLE_USER","content":[)"
        R"({"text":"hi","metadata":{"a":"x"}},)"
        R"({"file":{"fileWithBytes":"QUFFQw==","mimeType":"image/png","name":"x.png"}},)"
        R"({"file":{"fileWithUri":"http://x/y"}},{"data":{"data":{"k":["x"]}}}],)"
        R"("metadata":{"b":"x"},"extensions":["urn:e"]},)"
        R"("configuration":{"acceptedOutputModes":["text/plain"],"pushNotification":{"id":"p",)"
        R"("url":"http://hook","token":"s","authentication":{"schemes":["Bearer"],"credentials":"z"}}},)"
        R"("metadata":{"d":"x"}})";
    const std::string config =
        R"({"taskId":"t","pushNotificationConfig":{"id":"p","url":"http://hook","token":"s"}})";
    std::vector<std::string> bodies{rpc_body("message/send", schema),
                                    rpc_body("tasks/get", R"({"id":"t"})"),
                                    rpc_body("tasks/cancel", R"({"id":"t","metadata":{"a":"x"}})"),
                                    rpc_body("tasks/resubscribe", R"({"id":"t"})"),
                                    rpc_body("tasks/pushNotificationConfig/set", config),
                                    rpc_body("tasks/pushNotificationConfig/get",
                                             R"({"id":"t","pushNotificationConfigId":"p"})"),
                                    rpc_body("tasks/pushNotificationConfig/list", R"({"id":"t"})"),
                                    rpc_body("tasks/pushNotificationConfig/delete",
                                             R"({"id":"t","pushNotificationConfigId":"p"})")};
    EXPECT_FALSE(is_refused_0_3(post("/v1/message:send", proto)));
    for (const std::string& body : bodies) EXPECT_FALSE(is_refused(rpc(body))) << body;
    for (const std::string& more : kUnwanted) {
        for (const std::string& text : with_each_string_altered(proto, more))
            EXPECT_TRUE(is_refused_0_3(post("/v1/message:send", text))) << text;
        for (const std::string& body : bodies) {
            for (const std::string& text : with_each_string_altered(body, more))
                EXPECT_TRUE(is_refused(rpc(text))) << text;
        }
    }
}

TEST(Characters, NoPathOrQueryHoldsThem) {
    for (const std::string target :
         {"/tasks/t@", "/tasks?contextId=c@", "/tasks?pageToken=p@", "/tasks?tenant=n@",
          "/tasks?status=TASK_STATE_WORKING@", "/tasks?statusTimestampAfter=2025-10-28T10:30:00Z@",
          "/tenant@/tasks", "/tenant@/tasks/t", "/tasks/t/pushNotificationConfigs/c@",
          "/tasks/t@/pushNotificationConfigs", "/tasks/t/pushNotificationConfigs?pageToken=p@",
          "/tasks?@=1", "/extendedAgentCard?tenant=n@"}) {
        for (const std::string& more :
             {std::string("%00"), std::string(1, '\0'), std::string("%ff"), std::string("\xff"),
              std::string("%c3"), std::string("%ed%a0%80")}) {
            std::string altered = target;
            altered.replace(altered.find('@'), 1, more);
            EXPECT_EQ(get(altered).refusal().status, 400) << altered;
        }
    }
}

TEST(Characters, NoHeaderThatIsKeptHoldsThem) {
    for (const std::string& more : {std::string(1, '\0'), std::string("\xff"), std::string("\n")}) {
        for (const std::string name : {"idempotency-key", "a2a-extensions", "last-event-id"}) {
            TestRequest request = get("/tasks/t:subscribe");
            request.headers.emplace_back(name, "7" + more);
            EXPECT_EQ(request.refusal().status, 400) << name;
        }
    }
}

}  // namespace
}  // namespace a2akit::wire
