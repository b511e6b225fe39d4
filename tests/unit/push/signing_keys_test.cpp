#include "push/signing_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace a2akit::push {
namespace {

// The example of the Standard Webhooks libraries.
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr const char* kTimestamp = "1614265330";
constexpr const char* kBody = R"({"test": 2432232314})";

TEST(SigningKeys, SignsAsTheLibrariesOfStandardWebhooksDo) {
    const SigningKeys keys = SigningKeys::parse(kSecret).value_or_throw();
    EXPECT_EQ(keys.sign(kId, kTimestamp, kBody), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SigningKeys, EveryKeySignsWhileKeysRotate) {
    const std::string other = "whsec_" + encode_base64(std::string(32, 'k'));
    const std::string seed = "whsk_" + encode_base64(std::string(32, 's'));
    const SigningKeys keys =
        SigningKeys::parse(std::string(kSecret) + ", " + other + "," + seed).value_or_throw();
    const std::string signatures = keys.sign(kId, kTimestamp, kBody);
    EXPECT_EQ(std::ranges::count(signatures, ' '), 2);
    EXPECT_EQ(signatures.find("v1,g0hM9SsE"), 0U);
    EXPECT_NE(signatures.find(" v1a,"), std::string::npos);
}

// RFC 8032, section 7.1, test 1: the public key of this seed.
TEST(SigningKeys, PublicKeysStandInAKeySet) {
    const std::string seed(
        "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32"
        "\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60",
        32);
    const SigningKeys keys = SigningKeys::parse("whsk_" + encode_base64(seed)).value_or_throw();
    // RFC 8037, appendices A.2 and A.3.
    EXPECT_EQ(keys.jwks(),
              R"({"keys":[{"kty":"OKP","crv":"Ed25519",)"
              R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","alg":"EdDSA",)"
              R"("kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}]})");
}

TEST(SigningKeys, WithoutKeysNothingIsSigned) {
    const SigningKeys keys = SigningKeys::parse("").value_or_throw();
    EXPECT_EQ(keys.sign(kId, kTimestamp, kBody), "");
    EXPECT_EQ(keys.jwks(), R"({"keys":[]})");
}

TEST(SigningKeys, UnusableKeysAreRefusedAndNotShown) {
    for (const std::string& text :
         {std::string("secret"), std::string("whsec_"), std::string("whsec_c2hvcnQ="),
          "whsec_" + encode_base64(std::string(65, 'k')), std::string("whsec_????????"),
          "whsk_" + encode_base64(std::string(31, 's')), std::string(kSecret) + ",hidden"}) {
        const auto keys = SigningKeys::parse(text);
        ASSERT_FALSE(keys) << text;
        EXPECT_EQ(keys.error().message.find("hidden"), std::string::npos);
        EXPECT_NE(keys.error().message.find("A2AKIT_PUSH_SIGNING_KEY"), std::string::npos);
    }
}

TEST(SigningKeys, Base64IsReadStrictly) {
    EXPECT_EQ(decode_base64("aGk="), "hi");
    EXPECT_EQ(decode_base64("aGk"), "hi");
    EXPECT_EQ(decode_base64(""), "");
    EXPECT_FALSE(decode_base64("aGk*"));
    EXPECT_FALSE(decode_base64("a"));
    EXPECT_FALSE(decode_base64("aG\nk"));
}

}  // namespace
}  // namespace a2akit::push
