// Protocol 0.3: what its clients send is read into the same requests as 1.0, and what they are
// answered is in its form.

#include "json/codec.hpp"
#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string rpc_body(const std::string& method, const std::string& params) {
    return R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":)" + params + "}";
}

/// The params of a call, as 1.0 writes them.
std::string params_of(const Call& call) {
    return std::visit([](const auto& p) { return json::encode(p); }, call.envelope.params);
}

// -- Requests

const std::string kSchemaSend =
    R"({"message":{"kind":"message","messageId":"m","contextId":"c","taskId":"t","role":"user","parts":[)"
    R"({"kind":"text","text":"hi","metadata":{"a":1}},)"
    R"({"kind":"file","file":{"bytes":"AAEC","mimeType":"image/png","name":"x.png"}},)"
    R"({"kind":"file","file":{"uri":"http://x/y"}},)"
    R"({"kind":"data","data":{"k":[1]}}],)"
    R"("metadata":{"b":2},"extensions":["urn:e"]},)"
    R"("configuration":{"acceptedOutputModes":["text/plain"],"historyLength":0,"blocking":false,)"
    R"("pushNotificationConfig":{"id":"p","url":"http://hook","token":"s",)"
    R"("authentication":{"schemes":["Bearer","Basic"],"credentials":"z"}}},"metadata":{"d":4}})";

const std::string kProtoSend =
    R"({"message":{"messageId":"m","contextId":"c","taskId":"t","role":"ROLE_USER","content":[)"
    R"({"text":"hi","metadata":{"a":1}},)"
    R"({"file":{"fileWithBytes":"QUFFQw==","mimeType":"image/png","name":"x.png"}},)"
    R"({"file":{"fileWithUri":"http://x/y"}},)"
    R"({"data":{"data":{"k":[1]}}}],)"
    R"("metadata":{"b":2},"extensions":["urn:e"]},)"
    R"("configuration":{"acceptedOutputModes":["text/plain"],"historyLength":0,)"
    R"("pushNotification":{"id":"p","url":"http://hook","token":"s",)"
    R"("authentication":{"schemes":["Bearer","Basic"],"credentials":"z"}}},"metadata":{"d":4}})";

const std::string kSendAs10 =
    R"({"message":{"messageId":"m","contextId":"c","taskId":"t","role":"ROLE_USER","parts":[)"
    R"({"text":"hi","metadata":{"a":1}},{"raw":"AAEC","filename":"x.png","mediaType":"image/png"},)"
    R"({"url":"http://x/y"},{"data":{"k":[1]}}],"metadata":{"b":2},"extensions":["urn:e"]},)"
    R"("configuration":{"acceptedOutputModes":["text/plain"],)"
    R"("taskPushNotificationConfig":{"id":"p","url":"http://hook","token":"s",)"
    R"("authentication":{"scheme":"Bearer","credentials":"z"}},"historyLength":0,"returnImmediately":true},)"
    R"("metadata":{"d":4}})";

TEST(V03Requests, ASendInEitherFormIsTheRequestOf10) {
    EXPECT_EQ(params_of(rpc(rpc_body("message/send", kSchemaSend)).call()), kSendAs10);
    EXPECT_EQ(params_of(rpc(rpc_body("message/stream", kSchemaSend)).call()), kSendAs10);
    EXPECT_EQ(params_of(post("/v1/message:send", kProtoSend).call()), kSendAs10);
    const Call stream = post("/v1/message:stream", kProtoSend).call();
    EXPECT_EQ(params_of(stream), kSendAs10);
    EXPECT_EQ(stream.envelope.operation, Operation::kSendStreamingMessage);
}

TEST(V03Requests, TheNamesOfTheProtocolBufferAreReadAsWell) {
    const Call call =
        post(
            "/v1/message:send",
            R"({"request":{"message_id":"m","role":"ROLE_USER","content":[{"file":{"file_with_uri":"u"}}]},)"
            R"("configuration":{"history_length":3,"blocking":true}})")
            .call();
    EXPECT_EQ(params_of(call),
              R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"url":"u"}]},)"
              R"("configuration":{"historyLength":3}})");
}

TEST(V03Requests, AKindMayBeLeftOutAndMustNotContradict) {
    const auto send = [](const std::string& message) {
        return rpc(rpc_body("message/send", R"({"message":)" + message + "}"));
    };
    EXPECT_EQ(params_of(send(R"({"messageId":"m","role":"agent","parts":[{"text":"x"}]})").call()),
              R"({"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"x"}]}})");
    for (const auto& [message, fault] : std::vector<std::pair<std::string, std::string>>{
             {R"({"kind":"task","messageId":"m","role":"user","parts":[{"text":"x"}]})",
              R"(message.kind: must be \"message\" or absent)"},
             {R"({"messageId":"m","role":"user","parts":[{"kind":"file","text":"x"}]})",
              R"(message.parts[0].kind: must be \"text\", as the part holds that)"},
             {R"({"messageId":"m","role":"user","parts":[{"kind":"text"}]})",
              "message.parts[0]: must hold one of text, file, data"},
             {R"({"messageId":"m","role":"user","parts":[{"text":"x","data":{}}]})",
              "message.parts[0].data: only one of text, file, data may be set, and text is set "
              "already"},
             {R"({"messageId":"m","role":"user","parts":[{"file":{"name":"x"}}]})",
              "message.parts[0].file: must hold one of bytes, uri"},
             {R"({"messageId":"m","role":"user","parts":[{"data":[1]}]})",
              "message.parts[0].data: must be an object"},
             {R"({"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]})",
              "message.role: must be one of user, agent"},
             {R"({"messageId":"m","parts":[]})",
              "message.role: is required: one of user, agent"}}) {
        const HttpResponse refusal = send(message).refusal();
        EXPECT_THAT(refusal.body,
                    StartsWith(R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":")"));
        EXPECT_THAT(refusal.body, HasSubstr(fault)) << message;
    }
}

TEST(V03Requests, OverHttpBytesOfAFileThatAreBase64AreDecodedOnceMore) {
    const auto bytes_of = [](const std::string& encoded) {
        const Call call =
            post("/v1/message:send", R"({"message":{"messageId":"m","role":"ROLE_USER","content":[)"
                                     R"({"file":{"fileWithBytes":")" +
                                         encoded + R"("}}]}})")
                .call();
        const auto& part = std::get<SendMessageRequest>(call.envelope.params).message.parts.at(0);
        return std::get<RawContent>(part.content).bytes;
    };
    EXPECT_EQ(bytes_of("UENHdw=="), "<!\xb0") << "what the SDKs send: base64 of \"PCGw\"";
    EXPECT_EQ(bytes_of("PCGw"), "<!\xb0") << "as protobuf means it";
    EXPECT_EQ(bytes_of("aGVsbG8="), "hello") << "\"hello\" is no base64";
    EXPECT_EQ(bytes_of(""), "");
}

TEST(V03Requests, TheOtherMethodsReadTheirIds) {
    for (const auto& [method, params, as_10] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"tasks/get", R"({"id":"t","historyLength":2,"metadata":{}})",
              R"({"id":"t","historyLength":2})"},
             {"tasks/cancel", R"({"id":"t","metadata":{"a":1}})",
              R"({"id":"t","metadata":{"a":1}})"},
             {"tasks/resubscribe", R"({"id":"t"})", R"({"id":"t"})"},
             {"tasks/pushNotificationConfig/set",
              R"({"taskId":"t","pushNotificationConfig":{"id":"c","url":"http://x"}})",
              R"({"id":"c","taskId":"t","url":"http://x"})"},
             {"tasks/pushNotificationConfig/get", R"({"id":"t","pushNotificationConfigId":"c"})",
              R"({"taskId":"t","id":"c"})"},
             {"tasks/pushNotificationConfig/list", R"({"id":"t"})", R"({"taskId":"t"})"},
             {"tasks/pushNotificationConfig/delete", R"({"id":"t","pushNotificationConfigId":"c"})",
              R"({"taskId":"t","id":"c"})"},
             {"agent/getAuthenticatedExtendedCard", "null", "{}"}}) {
        EXPECT_EQ(params_of(rpc(rpc_body(method, params)).call()), as_10) << method;
        // The params may come before the method.
        const std::string early =
            R"({"jsonrpc":"2.0","id":7,"params":)" + params + R"(,"method":")" + method + R"("})";
        EXPECT_EQ(params_of(rpc(early).call()), as_10) << method;
    }
}

TEST(V03Requests, PathsBodiesAndQueriesSayTheSame) {
    EXPECT_EQ(params_of(get("/v1/tasks/t?historyLength=2").call()),
              R"({"id":"t","historyLength":2})");
    for (const std::string body : {"", "{}", "null", " null\n", R"({"name":"tasks/t"})"}) {
        EXPECT_EQ(params_of(post("/v1/tasks/t:cancel", body).call()), R"({"id":"t"})") << body;
        EXPECT_EQ(params_of(post("/v1/tasks/t:subscribe", body).call()), R"({"id":"t"})") << body;
    }
    EXPECT_THAT(post("/v1/tasks/t:cancel", R"({"name":"tasks/u"})").refusal().body,
                HasSubstr("what the path says"));
    EXPECT_EQ(post("/v1/message:send", "null").refusal().status, 400);
    const std::string config =
        R"({"name":"tasks/t/pushNotificationConfigs/c","pushNotificationConfig":{"url":"http://x"}})";
    EXPECT_EQ(params_of(post("/v1/tasks/t/pushNotificationConfigs",
                             R"({"parent":"tasks/t","configId":"c","config":)" + config + "}")
                            .call()),
              R"({"id":"c","taskId":"t","url":"http://x"})");
    EXPECT_EQ(params_of(post("/v1/tasks/t/pushNotificationConfigs", config).call()),
              R"({"taskId":"t","url":"http://x"})");
    EXPECT_THAT(post("/v1/tasks/t/pushNotificationConfigs", "{}").refusal().body,
                HasSubstr("config.pushNotificationConfig: is required"));
}

TEST(V03Requests, ASendBlocksUnlessItSaysOtherwise) {
    const std::string schema =
        R"({"message":{"messageId":"m","role":"user","parts":[{"text":"x"}]})";
    const std::string proto =
        R"({"message":{"messageId":"m","role":"ROLE_USER","content":[{"text":"x"}]})";
    const auto returns = [](TestRequest request) {
        const Call call = request.call();
        const auto& configuration =
            std::get<SendMessageRequest>(call.envelope.params).configuration;
        return configuration && configuration->return_immediately;
    };
    for (const auto& [configuration, in_schema, in_proto] :
         std::vector<std::tuple<std::string, bool, bool>>{
             {"", false, false},
             {R"(,"configuration":{"blocking":true})", false, false},
             {R"(,"configuration":{"blocking":false})", true, true},
             // What a protocol buffer leaves out is false.
             {R"(,"configuration":{})", false, true},
             {R"(,"configuration":{"historyLength":3})", false, true}}) {
        EXPECT_EQ(returns(rpc(rpc_body("message/send", schema + configuration + "}"))), in_schema)
            << configuration;
        EXPECT_EQ(returns(post("/v1/message:send", proto + configuration + "}")), in_proto)
            << configuration;
    }
}

TEST(V03Requests, ExtensionsComeInTheHeaderOf03AndGoBackInIt) {
    TestRequest request = rpc(rpc_body("tasks/get", R"({"id":"t"})"));
    request.headers.emplace_back("x-a2a-extensions", "urn:a, urn:b");
    const Call call = request.call();
    EXPECT_EQ(call.envelope.extensions, (std::vector<std::string>{"urn:a", "urn:b"}));
    HandledRequest answer{Reply(Task{}), {"urn:a"}};
    EXPECT_EQ(header(encode(call, answer), "X-A2A-Extensions"), "urn:a");
    EXPECT_EQ(header(stream_head(call, answer), "X-A2A-Extensions"), "urn:a");
    EXPECT_EQ(header(encode(call, answer), "A2A-Extensions"), "");
}

// -- Answers

Message reply_message() {
    Message message;
    message.message_id = "m";
    message.role = Role::kAgent;
    message.parts = {Part::from_text("x"),
                     Part::from_bytes(std::string("\0\1\2", 3), "image/png", "p.png"),
                     Part::from_url("http://u", ""), Part::from_data(RawJson("[1]"))};
    message.reference_task_ids = {"r"};
    return message;
}

Task reply_task(TaskState state = TaskState::kCanceled) {
    Task task;
    task.id = "t";
    task.context_id = "c";
    task.status.state = state;
    task.history.emplace_back(reply_message());
    Artifact artifact;
    artifact.artifact_id = "a";
    artifact.parts = {Part::from_text("y")};
    task.artifacts.emplace_back(std::move(artifact));
    return task;
}

const std::string kSchemaMessage =
    R"({"kind":"message","messageId":"m","role":"agent","parts":[{"kind":"text","text":"x"},)"
    R"({"kind":"file","file":{"bytes":"AAEC","mimeType":"image/png","name":"p.png"}},)"
    R"({"kind":"file","file":{"uri":"http://u"}},)"
    R"({"kind":"data","data":{"value":[1]},"metadata":{"data_part_compat":true}}],"referenceTaskIds":["r"]})";
const std::string kSchemaTask =
    R"({"kind":"task","id":"t","contextId":"c","status":{"state":"canceled"},)"
    R"("artifacts":[{"artifactId":"a","parts":[{"kind":"text","text":"y"}]}],"history":[)" +
    kSchemaMessage + "]}";
const std::string kProtoMessage =
    R"({"messageId":"m","role":"ROLE_AGENT","content":[{"text":"x"},)"
    R"({"file":{"fileWithBytes":"QUFFQw==","mimeType":"image/png","name":"p.png"}},)"
    R"({"file":{"fileWithUri":"http://u"}},)"
    R"({"data":{"data":{"value":[1]}},"metadata":{"data_part_compat":true}}]})";
const std::string kProtoTask =
    R"({"id":"t","contextId":"c","status":{"state":"TASK_STATE_CANCELLED"},)"
    R"("artifacts":[{"artifactId":"a","parts":[{"text":"y"}]}],"history":[)" +
    kProtoMessage + "]}";

Call rpc_call(Operation operation = Operation::kSendMessage) {
    Call call;
    call.json_rpc = true;
    call.rpc_id = "7";
    call.content_type = "application/json";
    call.version = Version::k0_3;
    call.operation = operation;
    return call;
}
Call http_call(Operation operation = Operation::kSendMessage) {
    Call call = rpc_call(operation);
    call.json_rpc = false;
    return call;
}

TEST(V03Answers, EveryReplyIsWrittenInTheFormOfItsBinding) {
    const TaskPushNotificationConfig config{"",         "p", "t",
                                            "http://x", "",  AuthenticationInfo{"Bearer", ""}};
    const std::string inner =
        R"({"id":"p","url":"http://x","authentication":{"schemes":["Bearer"]}})";
    const std::string schema_config = R"({"taskId":"t","pushNotificationConfig":)" + inner + "}";
    const std::string proto_config =
        R"({"name":"tasks/t/pushNotificationConfigs/p","pushNotificationConfig":)" + inner + "}";
    struct Case {
        std::function<Reply()> reply;
        std::string schema;
        std::string proto;
    };
    for (const Case& each : std::vector<Case>{
             {[] { return Reply(SendMessageResponse{reply_task()}); }, kSchemaTask,
              R"({"task":)" + kProtoTask + "}"},
             {[] { return Reply(SendMessageResponse{reply_message()}); }, kSchemaMessage,
              R"({"message":)" + kProtoMessage + "}"},
             {[] { return Reply(reply_task()); }, kSchemaTask, kProtoTask},
             {[&] { return Reply(config); }, schema_config, proto_config},
             {[&] { return Reply(ListTaskPushNotificationConfigsResponse{{config}, "n"}); },
              '[' + schema_config + ']',
              R"({"configs":[)" + proto_config + R"(],"nextPageToken":"n"})"},
             {[] { return Reply(Empty{}); }, "null", "{}"}}) {
        const HttpResponse answer = encode(rpc_call(), handled(each.reply()));
        EXPECT_EQ(answer.body, R"({"jsonrpc":"2.0","id":7,"result":)" + each.schema + "}");
        EXPECT_EQ(answer.content_type, "application/json");
        EXPECT_EQ(encode_batch_entry(rpc_call(), handled(each.reply())), answer.body);
        EXPECT_EQ(encode(http_call(), handled(each.reply())).body, each.proto);
    }
}

std::string event_of(const Call& call, StreamResponse response) {
    std::string out;
    encode_stream_item(call, StreamItem{3, std::move(response)}, out);
    return out;
}

TEST(V03Answers, EventsAreWrittenInTheFormOfTheirBinding) {
    TaskArtifactUpdateEvent update;
    update.task_id = "t";
    update.context_id = "c";
    update.artifact = Shared<Artifact>(*reply_task().artifacts[0]);
    update.append = true;
    const auto rpc_event = [](const std::string& result) {
        return "id: 3\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" + result + "}\n\n";
    };
    const auto http_event = [](const std::string& value) {
        return "id: 3\ndata: " + value + "\n\n";
    };
    EXPECT_EQ(event_of(rpc_call(), {reply_task()}), rpc_event(kSchemaTask));
    EXPECT_EQ(event_of(http_call(), {reply_task()}), http_event(R"({"task":)" + kProtoTask + "}"));
    EXPECT_EQ(event_of(rpc_call(), {reply_message()}), rpc_event(kSchemaMessage));
    EXPECT_EQ(event_of(http_call(), {reply_message()}),
              http_event(R"({"message":)" + kProtoMessage + "}"));
    EXPECT_EQ(
        event_of(rpc_call(), {update}),
        rpc_event(
            R"({"kind":"artifact-update","taskId":"t","contextId":"c",)"
            R"("artifact":{"artifactId":"a","parts":[{"kind":"text","text":"y"}]},"append":true})"));
    EXPECT_EQ(
        event_of(http_call(), {update}),
        http_event(R"({"artifactUpdate":{"taskId":"t","contextId":"c",)"
                   R"("artifact":{"artifactId":"a","parts":[{"text":"y"}]},"append":true}})"));
}

TEST(V03Answers, AStatusUpdateIsFinalWhenItsStreamEndsWithIt) {
    const auto is_final = [](Call call, TaskState state) {
        TaskStatusUpdateEvent update;
        update.task_id = "t";
        update.context_id = "c";
        update.status.state = state;
        const std::string text = event_of(call, {update});
        EXPECT_THAT(text, HasSubstr(R"("final":)"));
        return text.find(R"("final":true)") != std::string::npos;
    };
    for (const auto& call : {rpc_call, http_call}) {
        for (const TaskState state : {TaskState::kCompleted, TaskState::kFailed,
                                      TaskState::kCanceled, TaskState::kRejected}) {
            EXPECT_TRUE(is_final(call(Operation::kSendStreamingMessage), state));
            EXPECT_TRUE(is_final(call(Operation::kSubscribeToTask), state));
        }
        for (const TaskState state :
             {TaskState::kSubmitted, TaskState::kWorking, TaskState::kAuthRequired}) {
            EXPECT_FALSE(is_final(call(Operation::kSendStreamingMessage), state));
        }
        EXPECT_TRUE(is_final(call(Operation::kSendStreamingMessage), TaskState::kInputRequired));
        EXPECT_FALSE(is_final(call(Operation::kSubscribeToTask), TaskState::kInputRequired));
    }
}

TEST(V03Answers, EveryStateHasItsName) {
    const std::vector<std::tuple<TaskState, std::string, std::string>> names{
        {TaskState::kUnspecified, "unknown", "TASK_STATE_UNSPECIFIED"},
        {TaskState::kSubmitted, "submitted", "TASK_STATE_SUBMITTED"},
        {TaskState::kWorking, "working", "TASK_STATE_WORKING"},
        {TaskState::kCompleted, "completed", "TASK_STATE_COMPLETED"},
        {TaskState::kFailed, "failed", "TASK_STATE_FAILED"},
        {TaskState::kCanceled, "canceled", "TASK_STATE_CANCELLED"},
        {TaskState::kInputRequired, "input-required", "TASK_STATE_INPUT_REQUIRED"},
        {TaskState::kRejected, "rejected", "TASK_STATE_REJECTED"},
        {TaskState::kAuthRequired, "auth-required", "TASK_STATE_AUTH_REQUIRED"}};
    for (const auto& [state, schema, proto] : names) {
        EXPECT_THAT(encode(rpc_call(), handled(reply_task(state))).body,
                    HasSubstr(R"("state":")" + schema + '"'));
        EXPECT_THAT(encode(http_call(), handled(reply_task(state))).body,
                    HasSubstr(R"("state":")" + proto + '"'));
    }
}

// -- Errors

TEST(V03Errors, AreBareAndOnlyHaveTheNumbersThat03Knows) {
    struct Case {
        ErrorCode code;
        int number;
        int http_status;
    };
    for (const Case& each :
         std::vector<Case>{{ErrorCode::kTaskNotFound, -32001, 404},
                           {ErrorCode::kTaskNotCancelable, -32002, 400},
                           {ErrorCode::kPushNotificationNotSupported, -32003, 400},
                           {ErrorCode::kUnsupportedOperation, -32004, 400},
                           {ErrorCode::kContentTypeNotSupported, -32005, 400},
                           {ErrorCode::kInvalidAgentResponse, -32006, 500},
                           {ErrorCode::kExtendedAgentCardNotConfigured, -32007, 400},
                           {ErrorCode::kExtensionSupportRequired, -32603, 400},
                           {ErrorCode::kVersionNotSupported, -32603, 400},
                           {ErrorCode::kMethodNotFound, -32601, 501},
                           {ErrorCode::kInvalidParams, -32602, 400},
                           {ErrorCode::kUnauthenticated, -32603, 401},
                           {ErrorCode::kPermissionDenied, -32603, 403},
                           {ErrorCode::kResourceExhausted, -32603, 429},
                           {ErrorCode::kUnavailable, -32603, 503},
                           {ErrorCode::kInternal, -32603, 500}}) {
        const Error error{each.code, "why", nullptr};
        const std::string bare =
            R"({"code":)" + std::to_string(each.number) + R"(,"message":"why"})";
        const HttpResponse plain = encode(http_call(), handled(error));
        EXPECT_EQ(plain.body, bare);
        EXPECT_EQ(plain.status, each.http_status);
        EXPECT_EQ(plain.content_type, "application/json");
        EXPECT_EQ(encode(rpc_call(), handled(error)).body,
                  R"({"jsonrpc":"2.0","id":7,"error":)" + bare + "}");
    }
}

TEST(V03Errors, ARefusedResubscriptionIsAStreamWithOneEvent) {
    const HttpResponse refused = encode(rpc_call(Operation::kSubscribeToTask),
                                        handled(Error{ErrorCode::kTaskNotFound, "none", nullptr}));
    EXPECT_EQ(refused.status, 200);
    EXPECT_EQ(refused.content_type, "text/event-stream");
    EXPECT_EQ(
        refused.body,
        "data: "
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32001,\"message\":\"none\"}}\n\n");
    const HttpResponse unread = rpc(rpc_body("tasks/resubscribe", "{}")).refusal();
    EXPECT_EQ(unread.status, 200);
    EXPECT_EQ(unread.content_type, "text/event-stream");
    EXPECT_THAT(unread.body, StartsWith("data: {"));
    EXPECT_EQ(encode(http_call(Operation::kSubscribeToTask),
                     handled(Error{ErrorCode::kTaskNotFound, "", nullptr}))
                  .status,
              404);
}

TEST(V03Errors, WhatHttpRefusesIsSaidInTheFormOf03) {
    TestRequest large = post("/v1/message:send", std::string(100, ' '));
    auto routed = large.routed(10);
    ASSERT_TRUE(std::holds_alternative<HttpResponse>(routed));
    EXPECT_EQ(std::get<HttpResponse>(routed).status, 413);
    EXPECT_THAT(std::get<HttpResponse>(routed).body, StartsWith(R"({"code":-32600,"message":)"));
    TestRequest typed = post("/v1/message:send", "{}");
    typed.headers[0].second = "text/html";
    EXPECT_EQ(typed.refusal().status, 415);
    EXPECT_THAT(typed.refusal().body, StartsWith(R"({"code":-32005,"message":)"));
    TestRequest put{"PUT", "/v1/tasks/t"};
    EXPECT_EQ(put.refusal().status, 405);
    EXPECT_THAT(put.refusal().body, StartsWith(R"({"code":)"));
    EXPECT_THAT(with_version(put, "1.0").refusal().body, StartsWith(R"({"error":)"));
}

TEST(V03Errors, AMessageOfAnotherVersionOrBindingIsNamedAsSuch) {
    const std::string in_1_0 =
        R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}})";
    const std::string schema =
        R"({"message":{"messageId":"m","role":"user","parts":[{"kind":"text","text":"x"}]}})";
    const std::string proto =
        R"({"message":{"messageId":"m","role":"ROLE_USER","content":[{"text":"x"}]}})";
    const auto named = [](TestRequest request, const std::string& other) {
        EXPECT_THAT(request.refusal().body,
                    HasSubstr("; this is how " + other + " writes a message"))
            << request.body;
    };
    named(post("/v1/message:send", in_1_0), "protocol 1.0");
    named(post("/v1/message:stream", schema), "protocol 0.3 over JSON-RPC");
    named(post("/message:send", schema), "protocol 0.3 over JSON-RPC");
    named(post("/message:send", proto), "protocol 0.3 over HTTP+JSON");
    named(rpc(rpc_body("message/send", in_1_0)), "protocol 1.0");
    named(rpc(rpc_body("message/send", proto)), "protocol 0.3 over HTTP+JSON");
    named(rpc(rpc_body("SendMessage", schema)), "protocol 0.3 over JSON-RPC");
    named(rpc(rpc_body("SendStreamingMessage", proto)), "protocol 0.3 over HTTP+JSON");
    EXPECT_THAT(post("/message:send", "{}").refusal().body, Not(HasSubstr("this is how")));
    EXPECT_THAT(rpc(rpc_body("message/send", "{}")).refusal().body, Not(HasSubstr("this is how")));
}

TEST(V03Errors, AFailedStreamSaysSoInItsForm) {
    EventStream::Batch batch;
    batch.end = EventStream::End::kFailed;
    batch.error = Error{ErrorCode::kInternal, "why", nullptr};
    std::string rpc_text;
    encode_stream_end(rpc_call(), batch, rpc_text);
    EXPECT_EQ(
        rpc_text,
        "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32603,\"message\":\"why\"}}\n\n");
    std::string http_text;
    encode_stream_end(http_call(), batch, http_text);
    EXPECT_EQ(http_text, "event: error\ndata: {\"code\":-32603,\"message\":\"why\"}\n\n");
}

}  // namespace
}  // namespace a2akit::wire
