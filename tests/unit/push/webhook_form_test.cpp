#include "push/webhook_form.hpp"

#include <gtest/gtest.h>

namespace a2akit::push {
namespace {

std::string header(const WebhookRequest& request, const std::string& name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) return value;
    }
    return "(none)";
}

class WebhookFormTest : public ::testing::Test {
protected:
    WebhookFormTest() {
        config.key = *Uuid::parse("0190b9b6-0000-7000-8000-000000000001");
        config.config.url = "https://hooks.example/";
        TaskEvent event;
        event.sequence = 3;
        event.change = StatusChange{TaskStatus{TaskState::kWorking, {}, {}}, {}};
        status = notification_of(event, task, "talk");
    }
    WebhookRequest request(const SigningKeys& keys = {}) {
        return webhook_request(config, status, keys,
                               Timestamp(std::chrono::seconds(1'700'000'000)));
    }

    const TaskId task = TaskId::generate();
    PushConfig config;
    Notification status;
};

TEST_F(WebhookFormTest, AnEventIsAStreamResponseIn1_0) {
    const WebhookRequest made = request();
    EXPECT_EQ(header(made, "Content-Type"), "application/a2a+json");
    EXPECT_EQ(made.body.find(R"({"statusUpdate":{)"), 0U) << made.body;
    EXPECT_NE(made.body.find(task.to_string()), std::string::npos);
    EXPECT_NE(made.body.find("TASK_STATE_WORKING"), std::string::npos);
}

TEST_F(WebhookFormTest, ATaskIsABareTaskIn0_3) {
    config.version = ProtocolVersion::k0_3;
    TaskSnapshot snapshot;
    snapshot.id = task;
    snapshot.context_id = "talk";
    snapshot.status.state = TaskState::kCompleted;
    snapshot.last_sequence = 4;
    status = notification_of(snapshot);
    const WebhookRequest made = request();
    EXPECT_EQ(header(made, "Content-Type"), "application/json");
    EXPECT_NE(made.body.find(R"("kind":"task")"), std::string::npos) << made.body;
    EXPECT_NE(made.body.find(R"("state":"completed")"), std::string::npos) << made.body;
    EXPECT_EQ(header(made, "webhook-id"), "msg_0190b9b6-0000-7000-8000-000000000001_4");
}

TEST_F(WebhookFormTest, TokenAndCredentialsAreSent) {
    config.config.token = "t";
    config.config.authentication = AuthenticationInfo{"Bearer", "c"};
    const WebhookRequest made = request();
    EXPECT_EQ(header(made, "Authorization"), "Bearer c");
    EXPECT_EQ(header(made, "X-A2A-Notification-Token"), "t");
    EXPECT_EQ(header(made, "A2A-Notification-Token"), "t");
}

TEST_F(WebhookFormTest, WithoutThemNoSuchHeaderIsSent) {
    const WebhookRequest made = request();
    for (const char* name : {"Authorization", "X-A2A-Notification-Token", "A2A-Notification-Token",
                             "webhook-signature"})
        EXPECT_EQ(header(made, name), "(none)");
}

TEST_F(WebhookFormTest, TheIdIsTheSameWheneverTheEventIsSent) {
    EXPECT_EQ(header(request(), "webhook-id"), "msg_0190b9b6-0000-7000-8000-000000000001_3");
    EXPECT_EQ(header(request(), "webhook-timestamp"), "1700000000");
}

TEST_F(WebhookFormTest, TheServersKeySigns) {
    const SigningKeys keys =
        SigningKeys::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value_or_throw();
    const WebhookRequest made = request(keys);
    EXPECT_EQ(header(made, "webhook-signature"),
              keys.sign(header(made, "webhook-id"), "1700000000", made.body));
}

TEST_F(WebhookFormTest, ATokenThatIsASecretSignsAndIsNotSent) {
    const SigningKeys server =
        SigningKeys::parse("whsec_" + encode_base64(std::string(32, 'k'))).value_or_throw();
    config.config.token = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const WebhookRequest made = request(server);
    const SigningKeys own = SigningKeys::parse(config.config.token).value_or_throw();
    EXPECT_EQ(header(made, "webhook-signature"),
              own.sign(header(made, "webhook-id"), "1700000000", made.body));
    EXPECT_EQ(header(made, "X-A2A-Notification-Token"), "(none)");
    EXPECT_EQ(header(made, "A2A-Notification-Token"), "(none)");
}

}  // namespace
}  // namespace a2akit::push
