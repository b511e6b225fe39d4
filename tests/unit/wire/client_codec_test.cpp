// What a client writes a server reads, and what a server writes a client reads: in each version and
// binding.

#include "wire/client_codec.hpp"
#include "json/codec.hpp"
#include "wire/codec.hpp"
#include "wire/v0_3/card.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace a2akit::wire {
namespace {

struct Dialect {
    Version version;
    const char* name;
    bool json_rpc;
};

Message message() {
    Message message;
    message.message_id = "m1";
    message.context_id = "c1";
    message.task_id = "t1";
    message.role = Role::kUser;
    message.parts = {Part::from_text("hi"), Part::from_data(RawJson(R"({"n":[1,2]})")),
                     Part::from_data(RawJson("7")),
                     Part::from_bytes(std::string("\x00\xFF", 2), "image/png", "a.png"),
                     Part::from_url("https://files.example/b", "text/plain", "b")};
    message.metadata = RawJson(R"({"k":"v"})");
    message.extensions = {"urn:x"};
    return message;
}

Task task() {
    Task task;
    task.id = "t1";
    task.context_id = "c1";
    task.status.state = TaskState::kInputRequired;
    task.status.message = Shared<Message>(message());
    task.status.timestamp = Timestamp(std::chrono::milliseconds(1'700'000'000'123));
    Artifact artifact;
    artifact.artifact_id = "a1";
    artifact.name = "n";
    artifact.parts = {Part::from_text("x")};
    task.artifacts.emplace_back(std::move(artifact));
    task.history.emplace_back(message());
    return task;
}

class DialectTest : public ::testing::TestWithParam<Dialect> {
protected:
    [[nodiscard]] AnswerForm form(Operation operation) const {
        AnswerForm form;
        form.json_rpc = GetParam().json_rpc;
        form.version = GetParam().version;
        form.operation = operation;
        return form;
    }
    [[nodiscard]] const ClientCodec& client() const { return *client_codec(GetParam().name); }
    [[nodiscard]] const Codec& server() const { return codec(GetParam().version); }

    template <class R>
    R through(Operation operation, R reply) {
        std::string text;
        server().write_reply(text, Reply(std::move(reply)), form(operation));
        auto read = client().read_reply(text, operation, GetParam().json_rpc);
        if (!read) throw Exception(read.error());
        return std::get<R>(std::move(*read));
    }
    template <class E>
    StreamResponse event_through(E event) {
        StreamResponse response;
        response.payload = std::move(event);
        std::string text;
        server().write_event(text, response, form(Operation::kSendStreamingMessage));
        return client().read_event(text, GetParam().json_rpc).value_or_throw();
    }
};

TEST_P(DialectTest, RepliesArriveAsTheyWereSent) {
    EXPECT_EQ(json::encode(through(Operation::kGetTask, task())), json::encode(task()));
    SendMessageResponse with_task{task()};
    EXPECT_EQ(json::encode(through(Operation::kSendMessage, with_task)), json::encode(with_task));
    SendMessageResponse with_message{message()};
    EXPECT_EQ(json::encode(through(Operation::kSendMessage, with_message)),
              json::encode(with_message));
}

TEST_P(DialectTest, PushConfigurationsArriveAsTheyWereSent) {
    TaskPushNotificationConfig config;
    config.task_id = "t1";
    config.id = "p1";
    config.url = "https://hook.example/";
    config.token = "t";
    config.authentication = AuthenticationInfo{"Bearer", "secret"};
    EXPECT_EQ(json::encode(through(Operation::kGetTaskPushNotificationConfig, config)),
              json::encode(config));
    ListTaskPushNotificationConfigsResponse list{{config, config}, {}};
    EXPECT_EQ(json::encode(through(Operation::kListTaskPushNotificationConfigs, list)),
              json::encode(list));
}

TEST_P(DialectTest, EventsArriveAsTheyWereSent) {
    TaskStatusUpdateEvent status{"t1", "c1", task().status, {}};
    TaskArtifactUpdateEvent artifact{"t1", "c1", task().artifacts.front(), true, true, {}};
    const auto text = [](const auto& event) {
        StreamResponse response;
        response.payload = event;
        return json::encode(response);
    };
    EXPECT_EQ(json::encode(event_through(task())), text(task()));
    EXPECT_EQ(json::encode(event_through(message())), text(message()));
    EXPECT_EQ(json::encode(event_through(status)), text(status));
    EXPECT_EQ(json::encode(event_through(artifact)), text(artifact));
}

TEST_P(DialectTest, RequestsArriveAsTheyWereSent) {
    SendMessageRequest request;
    request.message = message();
    request.configuration.emplace();
    request.configuration->accepted_output_modes = {"text/plain"};
    request.configuration->history_length = 3;
    request.configuration->return_immediately = true;
    request.metadata = RawJson(R"({"a":1})");
    std::string text;
    if (GetParam().json_rpc)
        client().write_rpc_params(text, Operation::kSendMessage, request);
    else
        text = client().http_call(Operation::kSendMessage, request)->body;
    OperationParams read = SendMessageRequest{};
    json::Cursor cursor(text);
    ASSERT_TRUE(server().read_params(cursor, GetParam().json_rpc, read)) << text;
    const auto end = cursor.finish();
    ASSERT_TRUE(end) << end.error().message << text;
    EXPECT_EQ(json::encode(std::get<SendMessageRequest>(read)), json::encode(request));
}

TEST_P(DialectTest, ASendWithoutAConfigurationWaits) {
    SendMessageRequest request;
    request.message = message();
    std::string text;
    if (GetParam().json_rpc)
        client().write_rpc_params(text, Operation::kSendMessage, request);
    else
        text = client().http_call(Operation::kSendMessage, request)->body;
    OperationParams read = SendMessageRequest{};
    json::Cursor cursor(text);
    ASSERT_TRUE(server().read_params(cursor, GetParam().json_rpc, read));
    const auto& configuration = std::get<SendMessageRequest>(read).configuration;
    EXPECT_FALSE(configuration && configuration->return_immediately) << text;
}

TEST_P(DialectTest, MethodsHaveTheNamesThatTheServerKnows) {
    for (int i = 0; i <= static_cast<int>(Operation::kGetExtendedAgentCard); ++i) {
        const auto operation = static_cast<Operation>(i);
        const std::string_view method = client().rpc_method(operation);
        if (operation == Operation::kListTasks && GetParam().version == Version::k0_3) {
            EXPECT_EQ(method, "");
        } else {
            EXPECT_EQ(server().operation_by_name(method), operation) << method;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Dialects, DialectTest,
                         ::testing::Values(Dialect{Version::k1_0, "1.0", true},
                                           Dialect{Version::k1_0, "1.0", false},
                                           Dialect{Version::k0_3, "0.3.0", true},
                                           Dialect{Version::k0_3, "0.3", false}));

AgentCard card() {
    AgentCard card;
    card.name = "Echo";
    card.version = "1";
    card.supported_interfaces = {{"https://a/rpc", "JSONRPC", "", "0.3"},
                                 {"https://a/", "HTTP+JSON", "", "0.3"}};
    card.security_schemes["key"] = {APIKeySecurityScheme{"d", "header", "X-Key"}};
    card.security_schemes["basic"] = {HTTPAuthSecurityScheme{"", "basic", ""}};
    OAuth2SecurityScheme oauth;
    oauth.flows.flow = ClientCredentialsOAuthFlow{"https://id/token", "", {{"s", "what"}}};
    card.security_schemes["oauth"] = {oauth};
    card.security_schemes["oidc"] = {OpenIdConnectSecurityScheme{"", "https://id/x"}};
    card.security_schemes["tls"] = {MutualTlsSecurityScheme{"d"}};
    card.security_requirements.push_back({{{"oauth", {{"s"}}}, {"key", {}}}});
    card.capabilities.streaming = true;
    card.capabilities.extended_agent_card = true;
    return card;
}

TEST(ReadCardTest, ACardOf03IsReadInTheFormOf10) {
    std::string text;
    v0_3::append_card(text, card());
    const auto read = read_card(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(json::encode(*read), json::encode(card()));
}

TEST(ReadCardTest, OfACardOfBothVersionsThe10FormCounts) {
    AgentCard both = card();
    both.supported_interfaces.insert(both.supported_interfaces.begin(),
                                     {"https://a/rpc", "JSONRPC", "", "1.0"});
    std::string text;
    v0_3::append_common_card(text, both);
    const auto read = read_card(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(json::encode(*read), json::encode(both));
}

TEST(ReadCardTest, ACardWithoutATransportMeansJsonRpc) {
    const auto read = read_card(R"({"name":"Old","url":"https://a/","protocolVersion":"0.2.5"})");
    ASSERT_TRUE(read);
    ASSERT_EQ(read->supported_interfaces.size(), 1U);
    EXPECT_EQ(read->supported_interfaces[0].protocol_binding, "JSONRPC");
    EXPECT_EQ(read->supported_interfaces[0].protocol_version, "0.3");
}

TEST(ClientCodecTest, EventsOf03ThatDoNotNameTheirKindAreToldApartByTheirFields) {
    const ClientCodec& codec = *client_codec("0.3");
    const auto index = [&](const char* text) {
        return codec.read_event(text, true).value_or_throw().payload.index();
    };
    EXPECT_EQ(index(R"({"id":"t","status":{"state":"working"}})"), 1U);
    EXPECT_EQ(index(R"({"messageId":"m","parts":[]})"), 2U);
    EXPECT_EQ(index(R"({"taskId":"t","status":{"state":"working"}})"), 3U);
    EXPECT_EQ(index(R"({"taskId":"t","artifact":{"artifactId":"a","parts":[]}})"), 4U);
    EXPECT_EQ(index(R"({"kind":"surprise"})"), 0U);
    EXPECT_FALSE(codec.read_event("[]", true));
}

TEST(ClientCodecTest, ReadsNullAsAnEmptyListOfPushConfigurations) {
    const auto reply =
        client_codec("0.3")->read_reply("null", Operation::kListTaskPushNotificationConfigs, true);
    ASSERT_TRUE(reply);
    EXPECT_TRUE(std::get<ListTaskPushNotificationConfigsResponse>(*reply).configs.empty());
}

TEST(ClientCodecTest, KnowsTheVersionsWhateverTheirPatchNumbers) {
    EXPECT_EQ(client_codec("1.0.1")->version(), "1.0");
    EXPECT_EQ(client_codec("0.3.0")->version(), "0.3");
    EXPECT_EQ(client_codec("0.2"), nullptr);
    EXPECT_EQ(client_codec(""), nullptr);
}

}  // namespace
}  // namespace a2akit::wire
