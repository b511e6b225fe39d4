#include "json/canonical.hpp"
#include "security/private_key.hpp"
#include "support/openssl_key.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/protocol/card_signature.hpp>
#include <a2akit/protocol/json.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>

namespace a2akit {
namespace {

using test_support::private_key_pem;
using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

AgentCard example() {
    AgentCard card;
    card.name = "Echo";
    card.description = "Says it again.";
    card.version = "1";
    card.supported_interfaces = {{"http://127.0.0.1:9/", "JSONRPC", "", "1.0"}};
    card.capabilities.streaming = true;  // a signed card holds no empty object
    card.default_input_modes = {"text/plain"};
    card.default_output_modes = {"text/plain"};
    card.skills = {{"echo", "Echo", "Says it again.", {"echo"}}};
    return card;
}

/// Serves a card, and a set of keys at /keys.json.
class CardTrustTest : public ::testing::Test {
protected:
    void sign() { ASSERT_TRUE(signer_->sign(card_)); }
    /// Signs with the URL of the set of keys in the header, which CardSigner does not write.
    void sign_with_url(const std::string& url) {
        const auto key = security::PrivateKey::from_pem(pem_);
        ASSERT_TRUE(key);
        const auto payload = json::canonical(to_json(card_), {.without = "signatures"});
        ASSERT_TRUE(payload);
        AgentCardSignature signature;
        signature.protected_header =
            security::encode_base64url(R"({"alg":"ES256","kid":"k","jku":")" + url + "\"}");
        const auto made =
            key->sign(signature.protected_header + "." + security::encode_base64url(*payload));
        ASSERT_TRUE(made);
        signature.signature = security::encode_base64url(*made);
        card_.signatures.push_back(std::move(signature));
    }
    [[nodiscard]] ClientOptions trusting(CardCheck check, std::string keys) const {
        ClientOptions options;
        options.card_trust.check = check;
        options.card_trust.keys = std::move(keys);
        return options;
    }
    FetchedCard fetch(ClientOptions options) {
        return fetch_card(server_.url(), std::move(options));
    }
    ErrorCode refusal(ClientOptions options) {
        try {
            (void)Client::connect(server_.url(), std::move(options));
        } catch (const Exception& exception) {
            return exception.code();
        }
        return ErrorCode::kStopped;
    }

    const std::string pem_ = private_key_pem("EC");
    const std::shared_ptr<const CardSigner> signer_ =
        CardSigner::from_pem(pem_, "k").value_or_throw();
    const std::string others_ =
        CardSigner::from_pem(private_key_pem("EC"), "k").value_or_throw()->public_keys();
    AgentCard card_ = example();
    std::atomic<int> key_requests_ = 0;
    /// Answers when the keys are asked for; set before that.
    std::function<void(ScriptedConnection&)> misbehave_;
    // What a script uses stays until the server is gone.
    const std::string megabyte_ = std::string(1U << 20U, ' ');
    std::atomic<int> megabytes_sent_ = 0;
    ScriptedServer server_{[this](const ScriptedRequest& request, ScriptedConnection& connection) {
        const bool elsewhere = request.line() == "GET /elsewhere.json";
        const bool keys = request.line() == "GET /keys.json" || elsewhere;
        if (keys) ++key_requests_;
        if (keys && !elsewhere && misbehave_) return misbehave_(connection);
        connection.respond("200 OK", "application/json",
                           keys ? signer_->public_keys() : to_json(card_));
    }};
};

TEST_F(CardTrustTest, ARightSignatureIsToldAndAWrongOneOnlyRefusedWhenThatIsAskedFor) {
    sign();
    EXPECT_EQ(fetch(trusting(CardCheck::kOff, signer_->public_keys())).signed_by, std::nullopt);
    EXPECT_EQ(fetch(trusting(CardCheck::kSoft, signer_->public_keys())).signed_by, "k");
    EXPECT_EQ(fetch(trusting(CardCheck::kStrict, signer_->public_keys())).signed_by, "k");
    EXPECT_EQ(fetch(trusting(CardCheck::kSoft, others_)).signed_by, std::nullopt);
    EXPECT_EQ(refusal(trusting(CardCheck::kStrict, others_)), ErrorCode::kUnauthenticated);
    EXPECT_EQ(refusal(trusting(CardCheck::kStrict, "")), ErrorCode::kUnauthenticated);
    EXPECT_EQ(refusal(trusting(CardCheck::kStrict, signer_->public_keys())), ErrorCode::kStopped);
}

TEST_F(CardTrustTest, ACardThatWasChangedOrNeverSignedIsRefused) {
    EXPECT_EQ(fetch(trusting(CardCheck::kSoft, signer_->public_keys())).signed_by, std::nullopt);
    EXPECT_EQ(refusal(trusting(CardCheck::kStrict, signer_->public_keys())),
              ErrorCode::kUnauthenticated);
    sign();
    card_.supported_interfaces.front().url = "http://127.0.0.1:10/";
    EXPECT_EQ(refusal(trusting(CardCheck::kStrict, signer_->public_keys())),
              ErrorCode::kUnauthenticated);
}

TEST_F(CardTrustTest, ASetOfKeysIsFetchedOnlyWhenItsUrlIsListed) {
    const std::string url = server_.url() + "/keys.json";
    sign_with_url(url);
    ClientOptions options = trusting(CardCheck::kStrict, others_);
    options.card_trust.key_set_urls = {"https://keys.example/keys.json", url + "?"};
    EXPECT_EQ(refusal(options), ErrorCode::kUnauthenticated);
    EXPECT_EQ(key_requests_, 0);
    options.card_trust.key_set_urls.push_back(url);
    EXPECT_EQ(fetch(options).signed_by, "k");
    EXPECT_EQ(key_requests_, 1);
}

TEST_F(CardTrustTest, ASetOfKeysThatIsNotThereIsNamed) {
    sign_with_url("http://127.0.0.1:9/keys.json");
    ClientOptions options = trusting(CardCheck::kStrict, "");
    options.card_trust.key_set_urls = {"http://127.0.0.1:9/keys.json"};
    options.retry.attempts = 1;
    try {
        (void)fetch(options);
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(exception.error().message, HasSubstr("127.0.0.1:9/keys.json"));
    }
}

TEST_F(CardTrustTest, ASetOfKeysThatIsElsewhereOrEndlessIsNotUsed) {
    const std::string url = server_.url() + "/keys.json";
    sign_with_url(url);
    ClientOptions options = trusting(CardCheck::kStrict, "");
    options.card_trust.key_set_urls = {url};
    for (const bool redirects : {true, false}) {
        misbehave_ = [this, redirects](ScriptedConnection& connection) {
            if (redirects) {
                connection.send(
                    "HTTP/1.1 302 Found\r\nLocation: /elsewhere.json\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            while (megabytes_sent_ < 95 && connection.send(megabyte_)) ++megabytes_sent_;
            connection.reset();
        };
        EXPECT_NE(refusal(options), ErrorCode::kStopped) << redirects;
    }
    EXPECT_EQ(key_requests_, 2) << "and nothing else was asked for";
    EXPECT_LT(megabytes_sent_, 95) << "the client hangs up long before the end";
}

TEST_F(CardTrustTest, ACachedCardIsCheckedForEachClient) {
    sign();
    ClientOptions options = trusting(CardCheck::kOff, "");
    options.card_cache = std::make_shared<CardCache>();
    EXPECT_EQ(refusal(options), ErrorCode::kStopped);
    options.card_trust = trusting(CardCheck::kStrict, others_).card_trust;
    EXPECT_EQ(refusal(options), ErrorCode::kUnauthenticated);
}

}  // namespace
}  // namespace a2akit
