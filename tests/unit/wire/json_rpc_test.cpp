#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kParams =
    R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"hi"}]}})";

std::string call_text(const std::string& method, const std::string& params,
                      const std::string& id = "1") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":)" +
           params + "}";
}
std::string notification(const std::string& method, const std::string& params) {
    return R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params + "}";
}

TEST(JsonRpc, EveryMethodBecomesItsOperation) {
    for (const auto& [method, params, operation] :
         std::vector<std::tuple<std::string, std::string, Operation>>{
             {"SendMessage", kParams, Operation::kSendMessage},
             {"SendStreamingMessage", kParams, Operation::kSendStreamingMessage},
             {"GetTask", R"({"id":"t"})", Operation::kGetTask},
             {"ListTasks", "{}", Operation::kListTasks},
             {"CancelTask", R"({"id":"t"})", Operation::kCancelTask},
             {"SubscribeToTask", R"({"id":"t"})", Operation::kSubscribeToTask},
             {"CreateTaskPushNotificationConfig", R"({"taskId":"t","url":"http://x"})",
              Operation::kCreateTaskPushNotificationConfig},
             {"GetTaskPushNotificationConfig", R"({"taskId":"t","id":"c"})",
              Operation::kGetTaskPushNotificationConfig},
             {"ListTaskPushNotificationConfigs", R"({"taskId":"t"})",
              Operation::kListTaskPushNotificationConfigs},
             {"DeleteTaskPushNotificationConfig", R"({"taskId":"t","id":"c"})",
              Operation::kDeleteTaskPushNotificationConfig},
             {"GetExtendedAgentCard", "{}", Operation::kGetExtendedAgentCard}}) {
        const Call call = rpc(call_text(method, params)).call();
        EXPECT_EQ(call.envelope.operation, operation) << method;
        EXPECT_TRUE(call.json_rpc);
        EXPECT_EQ(call.rpc_id, "1");
        EXPECT_EQ(call.content_type, "application/json");
    }
}

TEST(JsonRpc, ParamsAreReadWhereverTheyStand) {
    for (const std::string& text :
         {call_text("SendMessage", kParams),
          R"({"params":)" + kParams + R"(,"method":"SendMessage","id":1,"jsonrpc":"2.0"})",
          R"({"x":[{}],"method":"SendMessage","params":)" + kParams +
              R"(,"jsonrpc":"2.0","id":1,"y":null})"}) {
        const Call call = rpc(text).call();
        EXPECT_EQ(std::get<SendMessageRequest>(call.envelope.params).message.text(), "hi") << text;
    }
}

TEST(JsonRpc, TheIdIsKeptAsItWasWritten) {
    for (const std::string id :
         {"1", "-7", "1.5", "\"a\\u0041\"", "\"\"", "null", "12345678901234567890"}) {
        EXPECT_EQ(rpc(call_text("GetTask", R"({"id":"t"})", id)).call().rpc_id, id);
    }
}

TEST(JsonRpc, WhatIsNoRequestIsInvalid) {
    for (const auto& [text, id, named] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"1", "null", "object"},
             {"\"x\"", "null", "object"},
             {"null", "null", "object"},
             {"{}", "null", "jsonrpc"},
             {R"({"id":1,"method":"GetTask"})", "1", "jsonrpc"},
             {R"({"jsonrpc":"1.0","id":1,"method":"GetTask"})", "1", "jsonrpc"},
             {R"({"jsonrpc":2.0,"id":1,"method":"GetTask"})", "1", "jsonrpc"},
             {R"({"jsonrpc":"2.0","id":1})", "1", "method"},
             {R"({"jsonrpc":"2.0","id":1,"method":7})", "1", "method"},
             {R"({"jsonrpc":"2.0","id":1,"method":null})", "1", "method"},
             {R"({"jsonrpc":"2.0","id":{},"method":"GetTask"})", "null", "id"},
             {R"({"jsonrpc":"2.0","id":[1],"method":"GetTask"})", "null", "id"},
             {R"({"jsonrpc":"2.0","id":true,"method":"GetTask"})", "null", "id"},
             {R"({"jsonrpc":"2.0","id":1e999,"method":"GetTask","params":{"id":"t"}})", "null",
              "id: is a number beyond"},
             {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"GetTask"})", "1", "more than once"},
             {R"({"jsonrpc":"2.0","id":1,"method":"GetTask","method":"GetTask"})", "1",
              "more than once"},
             {R"({"jsonrpc":"2.0","id":")" + std::string(1100, 'x') + R"(","method":"GetTask"})",
              "null", "id"}}) {
        const HttpResponse response = rpc(text).refusal();
        EXPECT_EQ(response.status, 200) << text;
        EXPECT_THAT(response.body,
                    StartsWith(R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":-32600)"))
            << text;
        EXPECT_THAT(response.body, HasSubstr(named)) << text;
    }
}

TEST(JsonRpc, WhatIsNoJsonIsAParseError) {
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    for (const std::string& text :
         {std::string(), std::string("  "), std::string("{"), std::string("{]"),
          std::string("nope"), call_text("GetTask", R"({"id":"t")"),
          call_text("GetTask", R"({"id":"t"})") + "x", call_text("GetTask", "{\"id\":\"\xff\"}"),
          call_text("GetTask", std::string("{\"id\":\"a\0b\"}", 12)),
          call_text("SendMessage", R"({"metadata":{"x":)" + deep + "}}"), std::string("[{]"),
          std::string("[")}) {
        const HttpResponse response = rpc(text).refusal();
        EXPECT_EQ(response.status, 200);
        EXPECT_THAT(response.body,
                    StartsWith(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700)"))
            << text;
    }
}

TEST(JsonRpc, AnUnknownMethodIsNamed) {
    for (const std::string method : {"Nope", "sendMessage", "", "GetTask "}) {
        const HttpResponse response = rpc(call_text(method, "{}", "\"q\"")).refusal();
        EXPECT_THAT(response.body,
                    StartsWith(R"({"jsonrpc":"2.0","id":"q","error":{"code":-32601)"))
            << method;
        EXPECT_THAT(response.body, HasSubstr("\\\"" + method + "\\\""));
    }
    EXPECT_THAT(rpc(call_text("a\\u0000\\u00e9\\n", "{}")).refusal().body, HasSubstr("a????"));
}

TEST(JsonRpc, WrongParamsNameTheirFields) {
    for (const auto& [method, params, field] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"GetTask", "{}", "id"},
             {"GetTask", R"({"id":""})", "id"},
             {"GetTask", R"({"id":7})", "id"},
             {"GetTask", R"({"id":"t","historyLength":-1})", "historyLength"},
             {"GetTask", R"({"id":"t","historyLength":"x"})", "historyLength"},
             {"GetTask", R"({"id":"t","historyLength":99999999999999999999})", "historyLength"},
             {"ListTasks", R"({"pageSize":0})", "pageSize"},
             {"ListTasks", R"({"pageSize":101})", "pageSize"},
             {"ListTasks", R"({"history_length":-5})", "historyLength"},
             {"ListTasks", R"({"status":"TASK_STATE_RUNNING"})", "status"},
             {"ListTaskPushNotificationConfigs", R"({"taskId":"t","pageSize":-1})", "pageSize"},
             {"CreateTaskPushNotificationConfig", R"({"url":"http://x"})", "taskId"},
             {"CreateTaskPushNotificationConfig", R"({"taskId":"t"})", "url"},
             {"SendMessage", "{}", "message"},
             {"SendMessage", R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[]}})",
              "message.parts"},
             {"SendMessage", R"({"message":{"role":"ROLE_USER","parts":[{"text":"x"}]}})",
              "message.messageId"},
             {"SendMessage",
              R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":1}]}})",
              "message.parts[0].text"},
             {"SendMessage",
              R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]},)"
              R"("configuration":{"historyLength":-2}})",
              "configuration.historyLength"},
             {"GetTask", "[]", "params"},
             {"GetTask", "\"t\"", "params"},
             {"GetTask", "7", "params"}}) {
        const HttpResponse response = rpc(call_text(method, params)).refusal();
        EXPECT_EQ(response.status, 200);
        EXPECT_THAT(response.body, StartsWith(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602)"))
            << params;
        EXPECT_THAT(response.body, HasSubstr(R"("field":")" + field + '"')) << method << params;
        const std::string late =
            R"({"jsonrpc":"2.0","params":)" + params + R"(,"id":1,"method":")" + method + "\"}";
        EXPECT_EQ(without_time(rpc(late).refusal().body), without_time(response.body));
    }
}

TEST(JsonRpc, EveryWrongFieldIsNamedAtOnce) {
    const HttpResponse response =
        rpc(call_text("ListTasks", R"({"pageSize":150,"historyLength":-5})")).refusal();
    EXPECT_THAT(
        response.body,
        HasSubstr(R"({"field":"historyLength","description":"must not be negative, got -5"})"));
    EXPECT_THAT(
        response.body,
        HasSubstr(R"({"field":"pageSize","description":"must be between 1 and 100, got 150"})"));
}

TEST(JsonRpc, AFieldThatCannotBeReadHidesNoOtherFault) {
    for (const char* order : {R"({"jsonrpc":"2.0","id":1,"method":"ListTasks","params":%})",
                              R"({"jsonrpc":"2.0","id":1,"params":%,"method":"ListTasks"})"}) {
        std::string text = order;
        text.replace(text.find('%'), 1,
                     R"({"pageSize":"many","historyLength":-5,"status":"TASK_STATE_RUNNING"})");
        const HttpResponse response = rpc(text).refusal();
        for (const std::string field : {"pageSize", "historyLength", "status"}) {
            const std::string named = R"("field":")" + field + '"';
            EXPECT_THAT(response.body, HasSubstr(named));
            EXPECT_EQ(response.body.find(named), response.body.rfind(named)) << response.body;
            EXPECT_THAT(response.body.substr(0, response.body.find("\"data\"")),
                        HasSubstr(field + ": "));
        }
    }
}

TEST(JsonRpc, ParamsMayBeMissingWhereNothingIsRequired) {
    for (const std::string text :
         {R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})",
          R"({"jsonrpc":"2.0","id":1,"method":"GetExtendedAgentCard","params":null})"}) {
        EXPECT_TRUE(std::holds_alternative<Decoded>(rpc(text).decoded())) << text;
    }
    EXPECT_THAT(rpc(R"({"jsonrpc":"2.0","id":1,"method":"GetTask"})").refusal().body,
                HasSubstr("-32602"));
}

TEST(JsonRpc, TheTenantComesFromTheParams) {
    const Call call = rpc(call_text("GetTask", R"({"id":"t","tenant":"acme"})")).call();
    EXPECT_EQ(call.envelope.tenant, "acme");
    EXPECT_EQ(std::get<GetTaskRequest>(call.envelope.params).tenant, "acme");
}

TEST(JsonRpc, ANotificationIsCalledAndAnsweredWithNothing) {
    const Call call = rpc(notification("CancelTask", R"({"id":"t"})")).call();
    EXPECT_EQ(call.rpc_id, "");
    const HttpResponse response = encode(call, handled(Task{}));
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(encode(call, handled(Error{})).status, 204);
}

TEST(JsonRpc, ANotificationThatCantBeCalledIsAnsweredWithNothing) {
    for (const std::string& text :
         {notification("Nope", "{}"), notification("GetTask", "{}"), notification("GetTask", "[]"),
          notification("message/send", "{}"), notification("SubscribeToTask", R"({"id":"t"})")}) {
        const HttpResponse response = rpc(text).refusal();
        EXPECT_EQ(response.status, 204) << text;
        EXPECT_EQ(response.body, "");
    }
}

TEST(JsonRpc, AStreamThatNobodyCanReadIsASendThatNobodyWaitsFor) {
    const Call call = rpc(notification("SendStreamingMessage", kParams)).call();
    EXPECT_EQ(call.envelope.operation, Operation::kSendMessage);
    EXPECT_TRUE(
        std::get<SendMessageRequest>(call.envelope.params).configuration->return_immediately);
}

TEST(JsonRpcBatch, EveryEntryGetsItsOwnOutcome) {
    TestRequest request = rpc("[" + call_text("GetTask", R"({"id":"t"})", "1") + "," + "7," +
                              call_text("Nope", "{}", "2") + "," + notification("Nope", "{}") +
                              "," + call_text("SendStreamingMessage", kParams, "3") + "," +
                              notification("CancelTask", R"({"id":"t"})") + ", []," +
                              call_text("ListTasks", R"({"pageSize":0})", "\"4\"") + "]");
    const auto outcome = request.decoded();
    ASSERT_TRUE(std::holds_alternative<Decoded>(outcome));
    const Decoded& decoded = std::get<Decoded>(outcome);
    EXPECT_TRUE(decoded.batch);
    ASSERT_EQ(decoded.entries.size(), 8U);
    EXPECT_EQ(std::get<Call>(decoded.entries[0]).rpc_id, "1");
    EXPECT_THAT(std::get<std::string>(decoded.entries[1]),
                StartsWith(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600)"));
    EXPECT_THAT(std::get<std::string>(decoded.entries[2]),
                StartsWith(R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601)"));
    EXPECT_EQ(std::get<std::string>(decoded.entries[3]), "");
    EXPECT_THAT(std::get<std::string>(decoded.entries[4]),
                StartsWith(R"({"jsonrpc":"2.0","id":3,"error":{"code":-32004)"));
    EXPECT_EQ(std::get<Call>(decoded.entries[5]).rpc_id, "");
    EXPECT_THAT(std::get<std::string>(decoded.entries[6]),
                StartsWith(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600)"));
    EXPECT_THAT(std::get<std::string>(decoded.entries[7]),
                StartsWith(R"({"jsonrpc":"2.0","id":"4","error":{"code":-32602)"));
}

TEST(JsonRpcBatch, ABatchOfOneIsABatch) {
    TestRequest request = rpc(" \n[" + call_text("ListTasks", "{}") + "]");
    EXPECT_TRUE(std::get<Decoded>(request.decoded()).batch);
}

TEST(JsonRpcBatch, MustNotBeEmptyNorTooLong) {
    EXPECT_THAT(rpc("[]").refusal().body,
                StartsWith(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600)"));
    std::string text = "[" + call_text("ListTasks", "{}");
    for (int i = 1; i < 50; ++i) text += "," + call_text("ListTasks", "{}");
    EXPECT_EQ(std::get<Decoded>(rpc(text + "]").decoded()).entries.size(), 50U);
    EXPECT_THAT(rpc(text + ",1]").refusal().body, HasSubstr("at most 50 entries"));
}

TEST(JsonRpcBatch, IsAnsweredAsAnArrayOfWhatIsNoNotification) {
    EXPECT_EQ(encode_batch({"{1}", "", "{2}"}, {}).body, "[{1},{2}]");
    EXPECT_EQ(encode_batch({"{1}"}, {}).content_type, "application/json");
    EXPECT_EQ(encode_batch({"", ""}, {}).status, 204);
    EXPECT_EQ(encode_batch({"", ""}, {}).content_type, "");
}

}  // namespace
}  // namespace a2akit::wire
