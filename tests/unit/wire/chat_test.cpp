#include "unit/wire/wire_test.hpp"

#include "wire/chat/codec.hpp"

namespace a2akit::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Versions kWithChat{.chat = true};

struct Headers {
    std::vector<std::pair<std::string, std::string>> list{{"content-type", "application/json"}};
};

std::variant<Route, HttpResponse> route_of(std::string_view method, std::string_view target,
                                           Versions versions = kWithChat) {
    Headers headers;
    return route({method, target, &headers.list}, 1000, versions);
}

std::variant<Decoded, HttpResponse> decoded(std::string_view body, Headers headers = {}) {
    const RequestHead head{"POST", "/v1/chat/completions", &headers.list};
    auto routed = route(head, 100'000, kWithChat);
    return decode(std::get<Route>(routed), head, body);
}

Call call_of(std::string_view body, Headers headers = {}) {
    auto read = decoded(body, std::move(headers));
    if (auto* refused = std::get_if<HttpResponse>(&read)) ADD_FAILURE() << refused->body;
    return std::move(std::get<Call>(std::get<Decoded>(read).entries.at(0)));
}

Task task_in(TaskState state) {
    Task task;
    task.id = "t";
    task.status.state = state;
    return task;
}
Message says(std::string text) {
    Message message;
    message.parts.push_back(Part::from_text(std::move(text)));
    return message;
}

TEST(ChatRoutes, AreThereWhenTheyAreServedOnly) {
    EXPECT_EQ(std::get<Route>(route_of("POST", "/v1/chat/completions")).version, Version::kChat);
    EXPECT_EQ(std::get<HttpResponse>(route_of("GET", "/v1/chat/completions")).status, 405);
    for (const char* method : {"GET", "POST"}) {
        EXPECT_EQ(std::get<HttpResponse>(route_of(method, "/v1/models", {})).status, 404);
        EXPECT_EQ(std::get<HttpResponse>(route_of(method, "/v1/chat/completions", {})).status, 404);
    }
}

TEST(ChatRoutes, LeaveThePathsOfProtocol03Alone) {
    EXPECT_EQ(std::get<Route>(route_of("POST", "/v1/message:send")).version, Version::k0_3);
    EXPECT_EQ(std::get<Route>(route_of("GET", "/v1/tasks/x")).version, Version::k0_3);
    EXPECT_EQ(std::get<Route>(route_of("GET", "/v1/card")).operation,
              Operation::kGetExtendedAgentCard);
}

TEST(ChatRequest, TheLastMessageIsTheMessage) {
    const Call call = call_of(
        R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[
            {"type":"text","text":"a"},{"type":"text","text":"b"}]}],"temperature":1,"tools":[{}]})",
        {{{"content-type", "application/json"},
          {"x-conversation-id", "c"},
          {"idempotency-key", "k"}}});
    EXPECT_EQ(call.operation, Operation::kSendMessage);
    EXPECT_EQ(call.envelope.idempotency_key, "k");
    const auto& request = std::get<SendMessageRequest>(call.envelope.params);
    EXPECT_EQ(request.message.text(), "ab");
    EXPECT_EQ(request.message.context_id, "c");
    EXPECT_EQ(request.message.message_id, "k");
    EXPECT_EQ(request.message.role, Role::kUser);
    EXPECT_EQ(request.metadata.text(), R"({"messages":[{"role":"system","content":"s"}]})");
}

TEST(ChatRequest, AStreamIsAskedForInTheBody) {
    const Call call =
        call_of(R"({"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]})");
    EXPECT_EQ(call.operation, Operation::kSendStreamingMessage);
    EXPECT_EQ(call.envelope.operation, Operation::kSendStreamingMessage);
    EXPECT_TRUE(std::get<SendMessageRequest>(call.envelope.params).metadata.empty());
}

TEST(ChatRequest, WhatIsWrongIsSaidInTheFormThatClientsRead) {
    for (const auto& [body, said] : std::vector<std::pair<std::string, std::string>>{
             {"{", "JSON"},
             {"{}", "messages"},
             {R"({"messages":[]})", "messages"},
             {R"({"messages":[{"role":"assistant","content":"x"}]})",
              "must end with a text of the user's"},
             {R"({"messages":[{"role":"user","content":""}]})", "must end with a text"},
             {R"({"messages":[{"role":"user","content":7}]})", "messages[0].content"},
             {R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]})",
              "messages[0].content[0].type: must be text"},
         }) {
        const auto read = decoded(body);
        const auto* refused = std::get_if<HttpResponse>(&read);
        ASSERT_NE(refused, nullptr) << body;
        EXPECT_EQ(refused->status, 400) << body;
        EXPECT_THAT(refused->body, HasSubstr(R"({"error":{"message":")")) << body;
        EXPECT_THAT(refused->body, HasSubstr(said)) << body;
        EXPECT_THAT(refused->body, HasSubstr("invalid_request_error")) << body;
    }
}

Call chat_call() {
    return call_of(R"({"model":"m\"1","messages":[{"role":"user","content":"x"}]})");
}

TEST(ChatAnswer, TheArtifactsAreTheAnswer) {
    Task task = task_in(TaskState::kCompleted);
    Artifact artifact;
    artifact.parts = {Part::from_text("one\n"), Part::from_data(RawJson("[2]")),
                      Part::from_bytes("x", "a/b"), Part::from_url("http://f/", "a/b")};
    task.artifacts.emplace_back(artifact);
    const HttpResponse response = encode(chat_call(), handled(Reply(SendMessageResponse{task})));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_THAT(response.body,
                HasSubstr(R"({"id":"chatcmpl-t","object":"chat.completion","created":)"));
    EXPECT_THAT(response.body, HasSubstr(R"("model":"m\"1")"));
    EXPECT_THAT(
        response.body,
        HasSubstr(
            R"("message":{"role":"assistant","content":"one\n[2]http://f/"},"finish_reason":"stop"})"));
}

TEST(ChatAnswer, WithoutArtifactsTheStatusIsTheAnswer) {
    Task task = task_in(TaskState::kInputRequired);
    task.status.message = says("Which one?");
    EXPECT_THAT(encode(chat_call(), handled(Reply(SendMessageResponse{task}))).body,
                HasSubstr(R"("content":"Which one?")"));
    EXPECT_THAT(encode(chat_call(), handled(Reply(SendMessageResponse{says("direct")}))).body,
                HasSubstr(R"("content":"direct")"));
}

TEST(ChatAnswer, AFailureIsAnErrorThatIsNotTriedAgain) {
    Task task = task_in(TaskState::kFailed);
    task.status.message = says("no luck");
    const HttpResponse response = encode(chat_call(), handled(Reply(SendMessageResponse{task})));
    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(response.body,
                HasSubstr(R"({"error":{"message":"no luck","type":"invalid_request_error")"));
    EXPECT_EQ(
        encode(chat_call(), handled(Error{ErrorCode::kUnauthenticated, "who?", nullptr})).status,
        401);
}

std::string event_of(StreamResponse event) {
    std::string out;
    encode_stream_item(chat_call(), {1, std::move(event)}, out);
    return out;
}

TEST(ChatStream, ChunksEndWithDone) {
    EXPECT_THAT(event_of({task_in(TaskState::kSubmitted)}),
                HasSubstr(R"("delta":{"role":"assistant","content":""},"finish_reason":null})"));
    TaskArtifactUpdateEvent words;
    words.task_id = "t";
    Artifact artifact;
    artifact.parts = {Part::from_text("word")};
    words.artifact = artifact;
    EXPECT_THAT(event_of({words}),
                HasSubstr(R"("delta":{"content":"word"},"finish_reason":null})"));
    TaskStatusUpdateEvent status;
    status.task_id = "t";
    status.status.state = TaskState::kWorking;
    status.status.message = says("progress");
    EXPECT_THAT(event_of({status}), HasSubstr(R"("delta":{},"finish_reason":null})"));
    status.status.state = TaskState::kCompleted;
    EXPECT_THAT(event_of({status}),
                HasSubstr(R"("delta":{"content":"progress"},"finish_reason":"stop"})"));
    status.status.state = TaskState::kFailed;
    EXPECT_THAT(event_of({status}), HasSubstr(R"(data: {"error":{"message":"progress")"));
    std::string end;
    encode_stream_end(chat_call(), {{}, EventStream::End::kFinished, {}}, end);
    EXPECT_EQ(end, "data: [DONE]\n\n");
}

TEST(ChatModels, TheAgentIsTheModel) {
    EXPECT_THAT(chat::models("My \"agent\"").body,
                HasSubstr(R"("data":[{"id":"My \"agent\"","object":"model")"));
}

}  // namespace
}  // namespace a2akit::wire
