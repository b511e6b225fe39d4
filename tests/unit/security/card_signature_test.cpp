#include "support/openssl_key.hpp"

#include <a2akit/protocol/card_signature.hpp>
#include <a2akit/protocol/json.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace a2akit {
namespace {

using test_support::private_key_pem;

AgentCard example() {
    AgentCard card;
    card.name = "Übersetzer \U0001F600";
    card.description = "Says things in other words.";
    card.version = "1.0";
    card.supported_interfaces = {{"https://agent.example/", "JSONRPC", "", "1.0"}};
    card.capabilities.streaming = false;
    card.default_input_modes = {"text/plain"};
    card.default_output_modes = {"text/plain"};
    AgentSkill skill;
    skill.id = "s";
    skill.name = "Skill";
    skill.description = "Does it.";
    skill.tags = {"t"};
    card.skills = {skill};
    card.security_schemes["mtls"] = SecurityScheme{MutualTlsSecurityScheme{"certificates"}};
    return card;
}

std::shared_ptr<const CardSigner> signer(const char* type, const std::string& id = {}) {
    auto made = CardSigner::from_pem(private_key_pem(type), id);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : nullptr;
}

TEST(CardSignature, EachTypeOfKeySignsAndIsVerified) {
    for (const char* type : {"RSA", "EC", "ED25519"}) {
        const auto key = signer(type, "k");
        AgentCard card = example();
        ASSERT_TRUE(key->sign(card));
        const auto verified = verify_card(to_json(card), key->public_keys());
        ASSERT_TRUE(verified) << type << ": " << verified.error().message;
        EXPECT_EQ(verified->key_id, "k");
        EXPECT_EQ(verified->form, SignedForm::kStandard);
        EXPECT_EQ(verified->card.name, card.name);
        EXPECT_FALSE(verify_card(to_json(card), signer(type, "k")->public_keys())) << type;
    }
}

TEST(CardSignature, AChangedCardIsNotVerified) {
    const auto key = signer("EC");
    AgentCard card = example();
    ASSERT_TRUE(key->sign(card));
    for (const auto& change : std::vector<void (*)(AgentCard&)>{
             [](AgentCard& c) { c.name += "!"; },
             [](AgentCard& c) { c.supported_interfaces[0].url = "https://evil.example/"; },
             [](AgentCard& c) { c.capabilities.streaming = true; },
             [](AgentCard& c) { c.capabilities.streaming.reset(); },
             [](AgentCard& c) { c.security_schemes.clear(); },
             [](AgentCard& c) { c.signatures[0].signature[5] ^= 1; },
             [](AgentCard& c) { c.signatures.clear(); }}) {
        AgentCard changed = card;
        change(changed);
        const auto verified = verify_card(to_json(changed), key->public_keys());
        ASSERT_FALSE(verified);
        EXPECT_EQ(verified.error().code, ErrorCode::kUnauthenticated);
    }
}

TEST(CardSignature, OneRightSignatureOfSeveralIsEnough) {
    const auto first = signer("EC", "first");
    const auto second = signer("ED25519", "second");
    AgentCard card = example();
    ASSERT_TRUE(first->sign(card));
    ASSERT_TRUE(second->sign(card));
    EXPECT_EQ(verify_card(to_json(card), first->public_keys())->key_id, "first");
    EXPECT_EQ(verify_card(to_json(card), second->public_keys())->key_id, "second");
}

TEST(CardSignature, FieldsThatTheProtocolDoesNotKnowAreNotTrusted) {
    const auto key = signer("EC");
    AgentCard card = example();
    ASSERT_TRUE(key->sign(card));
    std::string text = to_json(card);
    text.insert(1, R"("unknown":"added on the way",)");
    const auto verified = verify_card(text, key->public_keys());
    ASSERT_TRUE(verified);
    EXPECT_EQ(to_json(verified->card).find("unknown"), std::string::npos);
}

TEST(CardSignature, ACardThatOtherSdksWouldReadDifferentlyIsNotSigned) {
    AgentCard card = example();
    card.description.clear();
    const auto refused = signer("EC")->sign(card);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
    EXPECT_TRUE(card.signatures.empty());
}

std::string content_of(const std::string& name) {
    std::ifstream file(std::string(A2AKIT_TEST_DATA) + "/card_signatures/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

class SignedBySdk : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(CardSignature, SignedBySdk, ::testing::Values("python", "js"));

TEST_P(SignedBySdk, IsVerifiedInEitherForm) {
    const std::string sdk = GetParam();
    const std::string keys = content_of(sdk + "_keys.json");
    const auto plain = verify_card(content_of(sdk + "_plain.json"), keys);
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(plain->form, SignedForm::kStandard);
    const auto with_empty = verify_card(content_of(sdk + "_with_empty.json"), keys);
    ASSERT_TRUE(with_empty) << with_empty.error().message;
    EXPECT_EQ(with_empty->form, SignedForm::kStripped);
    // Each of the three signatures is right by itself.
    for (std::size_t i = 0; i < 3; ++i) {
        AgentCard one = plain->card;
        one.signatures = {one.signatures.at(i)};
        EXPECT_TRUE(verify_card(to_json(one), keys)) << i;
    }
    std::string changed = content_of(sdk + "_plain.json");
    changed.replace(changed.find("other words"), 5, "their");
    EXPECT_FALSE(verify_card(changed, keys));
}

TEST(CardSignature, OtherKeysAreRefusedWithoutBeingRepeated) {
    for (const std::string& text :
         {std::string("not PEM"), private_key_pem("X25519"), std::string()}) {
        const auto refused = CardSigner::from_pem(text);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().message.find("BEGIN"), std::string::npos);
    }
}

TEST(CardSignature, WithoutAnIdTheKeyIsNamedByItsThumbprint) {
    const auto key = signer("ED25519");
    EXPECT_EQ(key->key_id().size(), 43U);
    EXPECT_NE(key->public_keys().find("\"kid\":\"" + key->key_id() + "\""), std::string::npos);
}

/// The public half of a private key, as PEM.
std::string public_pem(const std::string& private_pem) {
    BIO* in = BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(out, key);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(in);
    BIO_free(out);
    EVP_PKEY_free(key);
    return pem;
}

TEST(CardSignature, KeysOfAPemFileAreTriedForEachSignature) {
    std::string pems = "A comment before the keys\n";
    std::vector<AgentCard> cards;
    for (const char* type : {"RSA", "EC", "ED25519", "EC"}) {
        const std::string pem = private_key_pem(type);
        pems += public_pem(pem);
        AgentCard card = example();
        ASSERT_TRUE(CardSigner::from_pem(pem, "named").value_or_throw()->sign(card));
        cards.push_back(std::move(card));
    }
    const auto keys = key_set_of_pem(pems);
    ASSERT_TRUE(keys) << keys.error().message;
    for (const AgentCard& card : cards) {
        const auto verified = verify_card(to_json(card), *keys);
        ASSERT_TRUE(verified) << verified.error().message;
        EXPECT_EQ(verified->key_id, "named");
    }
    EXPECT_EQ(verify_card(to_json(cards[0]), *keys)->algorithm, "RS256");
    const auto others = key_set_of_pem(public_pem(private_key_pem("EC")));
    ASSERT_TRUE(others);
    EXPECT_FALSE(verify_card(to_json(cards[1]), *others));
    EXPECT_EQ(key_set_of_pem("nothing").error().code, ErrorCode::kInvalidParams);
    EXPECT_EQ(key_set_of_pem(public_pem(private_key_pem("X25519"))).error().code,
              ErrorCode::kInvalidParams);
}

}  // namespace
}  // namespace a2akit
