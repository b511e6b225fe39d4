#include "push/signing_keys.hpp"

#include <gtest/gtest.h>
#include <a2akit/push/receiver.hpp>

#include <string>

namespace a2akit {
namespace {

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kBody =
    R"({"statusUpdate":{"taskId":"t1","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}})";

class PushReceiverTest : public ::testing::Test {
protected:
    static constexpr Timestamp kNow{std::chrono::seconds(1'700'000'000)};

    static PushReceiver::Headers signed_by(const std::string& keys, const std::string& body,
                                           const std::string& id = "msg_1",
                                           const std::string& timestamp = "1700000000") {
        const auto read = push::SigningKeys::parse(keys).value_or_throw();
        return {{"Webhook-Id", id},
                {"Webhook-Timestamp", timestamp},
                {"Webhook-Signature", read.sign(id, timestamp, body)}};
    }
    static std::optional<ErrorCode> refusal(PushReceiver& receiver,
                                            const PushReceiver::Headers& headers,
                                            const std::string& body = kBody) {
        const auto got = receiver.receive(headers, body, kNow);
        if (got) return std::nullopt;
        return got.error().code;
    }
};

TEST_F(PushReceiverTest, ASignedNotificationIsRead) {
    PushReceiver receiver({.secrets = {kSecret}});
    const auto got = receiver.receive(signed_by(kSecret, kBody), kBody, kNow);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->id, "msg_1");
    EXPECT_EQ(got->task_id, "t1");
    EXPECT_FALSE(got->repeated);
    EXPECT_EQ(std::get<TaskStatusUpdateEvent>(got->event.payload).status.state,
              TaskState::kWorking);
}

TEST_F(PushReceiverTest, EitherOfTwoSecretsIsEnoughWhileTheyRotate) {
    const std::string other = "whsec_" + push::encode_base64(std::string(32, 'k'));
    PushReceiver receiver({.secrets = {other, kSecret}});
    EXPECT_FALSE(refusal(receiver, signed_by(kSecret, kBody)));
    EXPECT_FALSE(refusal(receiver, signed_by(other, kBody)));
    PushReceiver only_other({.secrets = {other}});
    EXPECT_FALSE(refusal(only_other, signed_by(std::string(kSecret) + "," + other, kBody)));
    EXPECT_EQ(refusal(only_other, signed_by(kSecret, kBody)), ErrorCode::kUnauthenticated);
}

TEST_F(PushReceiverTest, AnEd25519SignatureIsVerifiedWithThePublicKey) {
    const std::string seed(
        "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32"
        "\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60",
        32);
    PushReceiver receiver({.public_keys = {"whpk_11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}});
    const std::string key = "whsk_" + push::encode_base64(seed);
    EXPECT_FALSE(refusal(receiver, signed_by(key, kBody)));
    auto headers = signed_by(key, kBody);
    EXPECT_EQ(refusal(receiver, headers, std::string(kBody) + " "), ErrorCode::kUnauthenticated);
    // The public key must not serve as a secret of the other kind of signature.
    PushReceiver::Headers confused = headers;
    confused[2].second =
        "v1," + push::encode_base64(push::hmac_sha256(
                    *push::decode_base64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
                    std::string("msg_1.1700000000.") + kBody));
    EXPECT_EQ(refusal(receiver, confused), ErrorCode::kUnauthenticated);
}

TEST_F(PushReceiverTest, WhatIsNotSignedAsItStandsIsRefused) {
    PushReceiver receiver({.secrets = {kSecret}});
    const PushReceiver::Headers good = signed_by(kSecret, kBody);
    EXPECT_EQ(refusal(receiver, {}), ErrorCode::kUnauthenticated);
    for (std::size_t missing = 0; missing < good.size(); ++missing) {
        PushReceiver::Headers headers = good;
        headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(missing));
        EXPECT_EQ(refusal(receiver, headers), ErrorCode::kUnauthenticated) << missing;
        headers = good;
        headers.push_back(good[missing]);
        EXPECT_EQ(refusal(receiver, headers), ErrorCode::kUnauthenticated) << missing;
        headers = good;
        headers[missing].second += "1";
        EXPECT_EQ(refusal(receiver, headers), ErrorCode::kUnauthenticated) << missing;
    }
    for (const char* signature :
         {"", "v1", "v1,", "v1,AAAA", "v2,g0hM9SsE", " ", ",", "v1a,AAAA"}) {
        PushReceiver::Headers headers = good;
        headers[2].second = signature;
        EXPECT_EQ(refusal(receiver, headers), ErrorCode::kUnauthenticated) << signature;
    }
}

TEST_F(PushReceiverTest, AnOldOrFutureNotificationIsRefused) {
    PushReceiver receiver({.secrets = {kSecret}});
    for (const char* timestamp :
         {"1699999699", "1700000301", "0", "-1", "x", "99999999999999999999"})
        EXPECT_EQ(refusal(receiver, signed_by(kSecret, kBody, "msg_1", timestamp)),
                  ErrorCode::kUnauthenticated)
            << timestamp;
    EXPECT_FALSE(refusal(receiver, signed_by(kSecret, kBody, "msg_1", "1699999700")));
    EXPECT_FALSE(refusal(receiver, signed_by(kSecret, kBody, "msg_2", "1700000300")));
}

TEST_F(PushReceiverTest, ARepeatIsKnownByItsId) {
    PushReceiver receiver({.secrets = {kSecret}, .max_remembered = 2});
    const auto repeated = [&](const std::string& id) {
        return receiver.receive(signed_by(kSecret, kBody, id), kBody, kNow)->repeated;
    };
    EXPECT_FALSE(repeated("msg_1"));
    EXPECT_TRUE(repeated("msg_1"));
    receiver.forget_id("msg_1");
    EXPECT_FALSE(repeated("msg_1")) << "it could not be processed";
    EXPECT_FALSE(repeated("msg_2"));
    EXPECT_FALSE(repeated("msg_3"));
    EXPECT_FALSE(repeated("msg_1")) << "only so many are remembered";
}

TEST_F(PushReceiverTest, AForgedRepeatIsNotRemembered) {
    PushReceiver receiver({.secrets = {kSecret}});
    PushReceiver::Headers forged = signed_by(kSecret, kBody);
    forged[2].second = "v1,AAAA";
    EXPECT_TRUE(refusal(receiver, forged));
    EXPECT_FALSE(receiver.receive(signed_by(kSecret, kBody), kBody, kNow)->repeated);
}

TEST_F(PushReceiverTest, ATokenBelongsToTheTaskThatCarriesItFirst) {
    PushReceiver receiver({});
    const std::string token = receiver.new_token();
    EXPECT_GE(token.size(), 43U);
    EXPECT_NE(token, receiver.new_token());
    const std::string other =
        R"({"statusUpdate":{"taskId":"t2","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}})";
    for (const char* header : {"X-A2A-Notification-Token", "a2a-notification-token"})
        EXPECT_FALSE(refusal(receiver, {{header, token}}));
    EXPECT_EQ(refusal(receiver, {{"A2A-Notification-Token", token}}, other),
              ErrorCode::kUnauthenticated);
    EXPECT_EQ(refusal(receiver, {}), ErrorCode::kUnauthenticated);
    EXPECT_EQ(refusal(receiver, {{"A2A-Notification-Token", "guess"}}),
              ErrorCode::kUnauthenticated);
    receiver.forget(token);
    EXPECT_EQ(refusal(receiver, {{"A2A-Notification-Token", token}}), ErrorCode::kUnauthenticated);
    receiver.expect("t2", "given");
    EXPECT_EQ(refusal(receiver, {{"A2A-Notification-Token", "given"}}),
              ErrorCode::kUnauthenticated);
    EXPECT_FALSE(refusal(receiver, {{"A2A-Notification-Token", "given"}}, other));
}

TEST_F(PushReceiverTest, ABodyThatIsNoStreamResponseIsRefused) {
    PushReceiver receiver({.max_body_bytes = 1000});
    for (const char* body : {"", "{}", "[]", "null", "{\"task\":{}}", "not json"})
        EXPECT_EQ(refusal(receiver, {}, body).has_value(), true) << body;
    EXPECT_EQ(refusal(receiver, {}, std::string(1001, ' ')), ErrorCode::kInvalidParams);
}

TEST_F(PushReceiverTest, AnUnreadableKeyIsRefused) {
    EXPECT_THROW(PushReceiver({.secrets = {"whsec_short"}}), Exception);
    EXPECT_THROW(PushReceiver({.secrets = {"whpk_AAAA"}}), Exception);
    EXPECT_THROW(PushReceiver({.public_keys = {kSecret}}), Exception);
}

}  // namespace
}  // namespace a2akit
