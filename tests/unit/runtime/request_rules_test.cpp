#include "runtime/tasks/request_validation.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

AgentCard plain_card() {
    AgentCard card;
    card.capabilities.streaming = true;
    card.default_input_modes = {"text/plain"};
    return card;
}

RequestEnvelope send_of(Part part) {
    SendMessageRequest request;
    request.message.role = Role::kUser;
    request.message.message_id = "m";
    request.message.parts.push_back(Part::from_text("first"));
    request.message.parts.push_back(std::move(part));
    RequestEnvelope envelope;
    envelope.operation = Operation::kSendMessage;
    envelope.params = std::move(request);
    return envelope;
}
RequestEnvelope send_of_text() { return send_of(Part::from_text("second")); }
SendMessageRequest& request_in(RequestEnvelope& envelope) {
    return std::get<SendMessageRequest>(envelope.params);
}

RequestEnvelope plain(Operation operation) {
    RequestEnvelope envelope;
    envelope.operation = operation;
    envelope.params = GetTaskRequest{};
    return envelope;
}

/// The field that is refused as wrong; "" when nothing is.
std::string wrong_field(const RequestEnvelope& envelope) {
    const auto refusal = RequestRules(plain_card()).refuse(envelope);
    if (!refusal) return {};
    EXPECT_EQ(refusal->code, ErrorCode::kInvalidParams) << refusal->message;
    return refusal->details ? refusal->details->violations.at(0).field : "no field";
}

TEST(RequestRulesTest, AMessageOfTheUserPasses) { EXPECT_EQ(wrong_field(send_of_text()), ""); }

TEST(RequestRulesTest, OnlyTheUserSendsMessages) {
    for (const Role role : {Role::kAgent, Role::kUnspecified}) {
        RequestEnvelope envelope = send_of_text();
        request_in(envelope).message.role = role;
        EXPECT_EQ(wrong_field(envelope), "message.role");
    }
}

TEST(RequestRulesTest, MissingFieldsOfAMessageAreNamed) {
    RequestEnvelope envelope = send_of_text();
    request_in(envelope).message.message_id.clear();
    EXPECT_EQ(wrong_field(envelope), "message.messageId");
    envelope = send_of_text();
    request_in(envelope).message.parts.clear();
    EXPECT_EQ(wrong_field(envelope), "message.parts");
    EXPECT_EQ(wrong_field(send_of(Part{})), "message.parts[1]");
}

TEST(RequestRulesTest, ReferencesToTasksAreBounded) {
    RequestEnvelope envelope = send_of_text();
    request_in(envelope).message.reference_task_ids.resize(32, "t");
    EXPECT_EQ(wrong_field(envelope), "");
    request_in(envelope).message.reference_task_ids.push_back("t");
    EXPECT_EQ(wrong_field(envelope), "message.referenceTaskIds");
}

TEST(RequestRulesTest, IdsAreBounded) {
    const std::string fits(kMaxIdBytes, 'x');
    const std::string too_long(kMaxIdBytes + 1, 'x');
    RequestEnvelope envelope = send_of_text();
    request_in(envelope).message.context_id = fits;
    EXPECT_EQ(wrong_field(envelope), "");
    request_in(envelope).message.context_id = too_long;
    EXPECT_EQ(wrong_field(envelope), "message.contextId");
    envelope = send_of_text();
    request_in(envelope).message.message_id = too_long;
    EXPECT_EQ(wrong_field(envelope), "message.messageId");
    envelope = send_of_text();
    envelope.idempotency_key = too_long;
    EXPECT_EQ(wrong_field(envelope), "Idempotency-Key");
    for (const Operation operation : {Operation::kSendMessage, Operation::kGetTask}) {
        envelope = operation == Operation::kGetTask ? plain(operation) : send_of_text();
        envelope.tenant = fits;
        EXPECT_EQ(wrong_field(envelope), "");
        envelope.tenant = too_long;
        EXPECT_EQ(wrong_field(envelope), "tenant");
    }
}

TEST(RequestRulesTest, NumbersAreChecked) {
    RequestEnvelope envelope = send_of_text();
    request_in(envelope).configuration.emplace().history_length = -1;
    EXPECT_EQ(wrong_field(envelope), "configuration.historyLength");
    envelope = plain(Operation::kGetTask);
    envelope.params = GetTaskRequest{{}, "id", -1};
    EXPECT_EQ(wrong_field(envelope), "historyLength");
    for (const int size : {0, -1, 101}) {
        ListTasksRequest list;
        list.page_size = size;
        envelope.operation = Operation::kListTasks;
        envelope.params = list;
        EXPECT_EQ(wrong_field(envelope), "pageSize") << size;
    }
    ListTasksRequest list;
    list.page_size = 100;
    list.history_length = -1;
    envelope.params = list;
    EXPECT_EQ(wrong_field(envelope), "historyLength");
}

TEST(RequestRulesTest, PartsOfOtherMediaTypesAreRefusedByName) {
    const RequestRules rules(plain_card());
    Part html = Part::from_text("<p>");
    html.media_type = "text/html";
    const std::vector<Part> refused{Part::from_data(RawJson("{}")),
                                    Part::from_bytes("x", "image/png"),
                                    Part::from_url("https://example.com/a", "audio/ogg"), html};
    for (const Part& part : refused) {
        const auto refusal = rules.refuse(send_of(part));
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->code, ErrorCode::kContentTypeNotSupported);
        EXPECT_EQ(refusal->details->violations.at(0).field, "message.parts[1].mediaType");
        EXPECT_NE(refusal->message.find("text/plain"), std::string::npos)
            << "says what would be right";
    }
}

TEST(RequestRulesTest, InputModesMayBeWildcardsAndMayComeFromSkills) {
    AgentCard card = plain_card();
    card.default_input_modes = {"text/*"};
    AgentSkill skill;
    skill.input_modes = {"application/json"};
    card.skills.push_back(skill);
    const RequestRules rules(card);
    Part html = Part::from_text("<p>");
    html.media_type = "Text/HTML; charset=utf-8";
    EXPECT_FALSE(rules.refuse(send_of(html)));
    EXPECT_FALSE(rules.refuse(send_of(Part::from_data(RawJson("1")))));
    EXPECT_TRUE(rules.refuse(send_of(Part::from_bytes("x", "image/png"))));
    card.default_input_modes = {"*/*"};
    EXPECT_FALSE(RequestRules(card).refuse(send_of(Part::from_bytes("x", "image/png"))));
}

TEST(RequestRulesTest, APushConfigInsideASendIsRefused) {
    RequestEnvelope envelope = send_of_text();
    request_in(envelope).configuration.emplace().task_push_notification_config.emplace().url =
        "https://example.com";
    const auto refusal = RequestRules(plain_card()).refuse(envelope);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, ErrorCode::kPushNotificationNotSupported);
}

TEST(RequestRulesTest, PushOperationsAreRefused) {
    for (const Operation operation :
         {Operation::kCreateTaskPushNotificationConfig, Operation::kGetTaskPushNotificationConfig,
          Operation::kListTaskPushNotificationConfigs,
          Operation::kDeleteTaskPushNotificationConfig}) {
        EXPECT_EQ(RequestRules(plain_card()).refuse(plain(operation))->code,
                  ErrorCode::kPushNotificationNotSupported);
    }
}

TEST(RequestRulesTest, WithoutStreamingNothingStreams) {
    for (const std::optional<bool> streaming : {std::optional<bool>(), std::optional(false)}) {
        AgentCard card = plain_card();
        card.capabilities.streaming = streaming;
        const RequestRules rules(card);
        EXPECT_EQ(rules.refuse(plain(Operation::kSubscribeToTask))->code,
                  ErrorCode::kUnsupportedOperation);
        RequestEnvelope envelope = send_of_text();
        EXPECT_FALSE(rules.refuse(envelope));
        envelope.operation = Operation::kSendStreamingMessage;
        EXPECT_EQ(rules.refuse(envelope)->code, ErrorCode::kUnsupportedOperation);
    }
}

TEST(RequestRulesTest, TheExtendedCardIsRefusedAsSection3Says) {
    AgentCard card = plain_card();
    EXPECT_EQ(RequestRules(card).refuse(plain(Operation::kGetExtendedAgentCard))->code,
              ErrorCode::kUnsupportedOperation);
    card.capabilities.extended_agent_card = true;
    EXPECT_EQ(RequestRules(card).refuse(plain(Operation::kGetExtendedAgentCard))->code,
              ErrorCode::kExtendedAgentCardNotConfigured);
}

TEST(RequestRulesTest, RequestedExtensionsOfTheCardAreActivated) {
    AgentCard card = plain_card();
    card.capabilities.extensions = {{"urn:a", "", false, {}}, {"urn:b", "", false, {}}};
    const RequestRules rules(card);
    EXPECT_EQ(rules.activate({"urn:b", "urn:x", "urn:a", "urn:b"}).value(),
              (std::vector<std::string>{"urn:b", "urn:a"}));
    EXPECT_TRUE(rules.activate({}).value().empty());
}

TEST(RequestRulesTest, ARequiredExtensionMustBeNamed) {
    AgentCard card = plain_card();
    card.capabilities.extensions = {{"urn:a", "", true, {}}};
    const RequestRules rules(card);
    EXPECT_TRUE(rules.activate({"urn:a"}));
    const auto refused = rules.activate({"urn:b"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kExtensionSupportRequired);
    EXPECT_NE(refused.error().message.find("urn:a"), std::string::npos);
}

}  // namespace
}  // namespace a2akit
