#include "client/binding.hpp"
#include "wire/uri.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace a2akit::client {
namespace {

using ::testing::HasSubstr;

AgentInterface json_rpc(std::string tenant = {}) {
    return {"http://agent/rpc", "JSONRPC", std::move(tenant), "1.0"};
}
AgentInterface http_json(std::string tenant = {}) {
    return {"http://agent/", "HTTP+JSON", std::move(tenant), "1.0"};
}

AgentCard card_with(std::vector<AgentInterface> interfaces) {
    AgentCard card;
    card.name = "Echo";
    card.supported_interfaces = std::move(interfaces);
    return card;
}

const std::vector<std::string> kBoth{"JSONRPC", "HTTP+JSON"};

HttpRequest ask(const Binding& binding, Operation operation, OperationParams params) {
    return binding.request(operation, params).value_or_throw();
}
HttpRequest send(const Binding& binding, SendMessageRequest request) {
    return ask(binding, Operation::kSendMessage, std::move(request));
}
HttpRequest stream(const Binding& binding, SendMessageRequest request) {
    return ask(binding, Operation::kSendStreamingMessage, std::move(request));
}
HttpRequest get_task(const Binding& binding, GetTaskRequest request) {
    return ask(binding, Operation::kGetTask, std::move(request));
}
HttpRequest list_tasks(const Binding& binding, ListTasksRequest request) {
    return ask(binding, Operation::kListTasks, std::move(request));
}
HttpRequest cancel(const Binding& binding, CancelTaskRequest request) {
    return ask(binding, Operation::kCancelTask, std::move(request));
}
HttpRequest subscribe(const Binding& binding, SubscribeToTaskRequest request) {
    return ask(binding, Operation::kSubscribeToTask, std::move(request));
}

SendMessageRequest hello(std::string tenant = {}) {
    SendMessageRequest request;
    request.tenant = std::move(tenant);
    request.message.message_id = "m1";
    request.message.role = Role::kUser;
    request.message.parts.push_back(Part::from_text("hi"));
    return request;
}

TEST(ChooseInterface, TakesTheFirstThatBothSpeak) {
    const auto card =
        card_with({{"http://agent/grpc", "GRPC", "", "1.0"}, http_json(), json_rpc()});
    EXPECT_EQ(choose_interfaces(card, kBoth)->front().protocol_binding, "HTTP+JSON");
}

TEST(ChooseInterface, PassesOverABindingThatTheUserRuledOut) {
    EXPECT_EQ(choose_interfaces(card_with({http_json(), json_rpc()}), {"JSONRPC"})->front().url,
              "http://agent/rpc");
}

TEST(ChooseInterface, TakesNoInterfaceOfAnotherProtocolVersion) {
    const auto chosen =
        choose_interfaces(card_with({{"http://agent/", "JSONRPC", "", "0.3"}}), kBoth, {"1.0"});
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().code, ErrorCode::kVersionNotSupported);
    EXPECT_THAT(chosen.error().message, HasSubstr("JSONRPC 0.3"));
}

TEST(ChooseInterface, KeepsTheOthersForWhenTheFirstDoesNotAnswer) {
    const auto chosen = choose_interfaces(card_with({{"http://agent/a", "JSONRPC", "", "1.0"},
                                                     {"u", "GRPC", "", "1.0"},
                                                     {"http://agent/b", "HTTP+JSON", "", "0.3.0"}}),
                                          kBoth);
    ASSERT_TRUE(chosen);
    ASSERT_EQ(chosen->size(), 2U);
    EXPECT_EQ(chosen->at(1).url, "http://agent/b");
}

TEST(ChooseInterface, SaysThatACardOffersNothing) {
    EXPECT_THAT(choose_interfaces(card_with({}), kBoth).error().message,
                HasSubstr("offers no interface"));
}

TEST(CardUrl, AddsTheWellKnownPathToAnAgentsUrl) {
    EXPECT_EQ(card_url("http://agent"), "http://agent/.well-known/agent-card.json");
    EXPECT_EQ(card_url("http://agent/base/"), "http://agent/base/.well-known/agent-card.json");
    EXPECT_EQ(card_url("http://agent/my-card.json"), "http://agent/my-card.json");
}

TEST(PercentEncode, KeepsOnlyWhatPathsAndQueriesMayHold) {
    EXPECT_EQ(wire::percent_encode("a-Z_0.~"), "a-Z_0.~");
    EXPECT_EQ(wire::percent_encode("a/b c?&=\xC3\xA4"), "a%2Fb%20c%3F%26%3D%C3%A4");
}

TEST(JsonRpcBinding, WrapsTheParametersAndNumbersItsCalls) {
    const auto binding = make_binding(json_rpc("acme"));
    const HttpRequest first = send(*binding, hello("acme"));
    EXPECT_EQ(first.method, "POST");
    EXPECT_EQ(first.url, "http://agent/rpc");
    EXPECT_EQ(
        first.body,
        R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"tenant":"acme","message":{)"
        R"("messageId":"m1","role":"ROLE_USER","parts":[{"text":"hi"}]}}})");
    EXPECT_THAT(get_task(*binding, {"", "t1", 3}).body,
                HasSubstr(R"("id":2,"method":"GetTask","params":{"id":"t1","historyLength":3})"));
    EXPECT_THAT(stream(*binding, hello()).body, HasSubstr(R"("method":"SendStreamingMessage")"));
    EXPECT_THAT(list_tasks(*binding, {}).body, HasSubstr(R"("method":"ListTasks")"));
    EXPECT_THAT(cancel(*binding, {}).body, HasSubstr(R"("method":"CancelTask")"));
    EXPECT_THAT(subscribe(*binding, {}).body, HasSubstr(R"("method":"SubscribeToTask")"));
}

Result<Reply> reply_in(const Binding& binding, int status, std::string body,
                       Operation operation = Operation::kGetTask) {
    return binding.reply({{status, {}}, std::move(body)}, operation);
}

TEST(JsonRpcBinding, TakesTheResultOutOfItsResponse) {
    const auto reply = reply_in(*make_binding(json_rpc()), 200,
                                R"({"jsonrpc":"2.0","id":1,"result":{"id":"t1"}})");
    ASSERT_TRUE(reply);
    EXPECT_EQ(std::get<Task>(*reply).id, "t1");
}

TEST(JsonRpcBinding, ThrowsNothingAwayThatIsNoResponse) {
    const auto binding = make_binding(json_rpc());
    EXPECT_EQ(reply_in(*binding, 200, "<html>").error().code, ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(reply_in(*binding, 200, R"({"jsonrpc":"2.0"})").error().code,
              ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(reply_in(*binding, 502, "<html>").error().code, ErrorCode::kUnavailable);
}

TEST(JsonRpcBinding, TakesAResponseWithoutAResultForADeletionOnly) {
    const auto binding = make_binding(json_rpc());
    const std::string empty = R"({"jsonrpc":"2.0","id":1})";
    constexpr auto kDeletion = Operation::kDeleteTaskPushNotificationConfig;
    const auto deleted = reply_in(*binding, 200, empty, kDeletion);
    EXPECT_TRUE(deleted && std::holds_alternative<Empty>(*deleted));
    EXPECT_FALSE(reply_in(*binding, 200, empty));
    EXPECT_FALSE(reply_in(*binding, 502, empty, kDeletion));
    EXPECT_FALSE(reply_in(*binding, 200, "{}", kDeletion));
}

TEST(HttpJsonBinding, PutsTenantAndIdIntoThePath) {
    const auto binding = make_binding(http_json("acme"));
    EXPECT_EQ(send(*binding, hello()).url, "http://agent/acme/message:send");
    EXPECT_EQ(stream(*binding, hello()).url, "http://agent/acme/message:stream");
    EXPECT_EQ(get_task(*binding, {"", "t/1", 2}).url,
              "http://agent/acme/tasks/t%2F1?historyLength=2");
    EXPECT_EQ(get_task(*binding, {"", "t", {}}).method, "GET");
    EXPECT_EQ(cancel(*binding, {"", "t1", {}}).url, "http://agent/acme/tasks/t1:cancel");
    EXPECT_EQ(subscribe(*binding, {"", "t1"}).url, "http://agent/acme/tasks/t1:subscribe");
    EXPECT_EQ(subscribe(*binding, {"", "t1"}).method, "POST");
}

TEST(HttpJsonBinding, WritesTheFiltersOfAListIntoTheQuery) {
    ListTasksRequest request;
    EXPECT_EQ(list_tasks(*make_binding(http_json()), request).url, "http://agent/tasks");
    request.context_id = "c 1";
    request.status = TaskState::kWorking;
    request.page_size = 5;
    request.page_token = "p+";
    request.history_length = 0;
    request.status_timestamp_after = Timestamp(std::chrono::seconds(1));
    request.include_artifacts = true;
    EXPECT_EQ(
        list_tasks(*make_binding(http_json()), request).url,
        "http://agent/"
        "tasks?contextId=c%201&status=TASK_STATE_WORKING&pageSize=5&pageToken=p%2B&historyLength=0"
        "&statusTimestampAfter=1970-01-01T00%3A00%3A01.000Z&includeArtifacts=true");
}

TEST(HttpJsonBinding, FindsTheErrorInAnEventOfAStream) {
    const auto binding = make_binding(http_json());
    const auto decoder = binding->decoder(1000);
    ASSERT_TRUE(decoder->feed(
        "data: {\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"full\"}}\n\n"));
    const auto event = decoder->next();
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(event.error().message, "full");
}

TEST(GrpcUrl, SaysWhetherItIsTlsAndHasNoPath) {
    EXPECT_EQ(grpc_url("agent:50051", false), "http://agent:50051");
    EXPECT_EQ(grpc_url("agent:50051", true), "https://agent:50051");
    EXPECT_EQ(grpc_url("dns:///agent:50051", true), "https://agent:50051");
    EXPECT_EQ(grpc_url("dns:agent:50051", false), "http://agent:50051");
    EXPECT_EQ(grpc_url("dns://8.8.8.8/agent:50051", false), "http://agent:50051");
    EXPECT_EQ(grpc_url("[::1]:50051", false), "http://[::1]:50051");
    EXPECT_EQ(grpc_url("https://agent/a2a/grpc", false), "https://agent");
    EXPECT_EQ(grpc_url("http://agent:1/", true), "http://agent:1");
    EXPECT_EQ(grpc_url("grpcs://agent", false), "https://agent");
    EXPECT_EQ(grpc_url("grpc://agent", true), "http://agent");
    EXPECT_EQ(grpc_url("dns://", true), "https://");
}

}  // namespace
}  // namespace a2akit::client
