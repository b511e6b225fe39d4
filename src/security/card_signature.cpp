#include <a2akit/protocol/card_signature.hpp>

#include "json/canonical.hpp"
#include "json/cursor.hpp"
#include "security/jwk.hpp"
#include "security/private_key.hpp"

#include <a2akit/protocol/json.hpp>

#include <utility>

namespace a2akit {
namespace {

constexpr json::CanonicalOptions kStandard{.without = "signatures"};
constexpr json::CanonicalOptions kStripped{.without = "signatures", .strip_empty = true};

class KeySigner final : public CardSigner {
public:
    KeySigner(security::PrivateKey key, std::string id)
        : key_(std::move(key)), id_(id.empty() ? key_.thumbprint() : std::move(id)) {}

    Result<void> sign(AgentCard& card) const override;
    [[nodiscard]] const std::string& key_id() const noexcept override { return id_; }
    [[nodiscard]] std::string public_keys() const override {
        return R"({"keys":[)" + key_.public_jwk(id_) + "]}";
    }

private:
    security::PrivateKey key_;
    std::string id_;
};

Result<void> KeySigner::sign(AgentCard& card) const {
    const std::string text = to_json(card);
    const Result<std::string> standard = json::canonical(text, kStandard);
    const Result<std::string> stripped = json::canonical(text, kStripped);
    if (!standard) return fail(standard.error());
    if (!stripped || *standard != *stripped) {
        return fail(
            ErrorCode::kInvalidParams,
            "the card holds an empty value, which other SDKs leave out before they verify a "
            "signature; leave it out or fill it in");
    }
    AgentCardSignature signature;
    signature.protected_header =
        security::encode_base64url(R"({"alg":")" + std::string(key_.algorithm().name) +
                                   R"(","kid":)" + json_string(id_).text() + R"(,"typ":"JOSE"})");
    const auto made =
        key_.sign(signature.protected_header + "." + security::encode_base64url(*standard));
    if (!made) return fail(made.error());
    signature.signature = security::encode_base64url(*made);
    card.signatures.push_back(std::move(signature));
    return {};
}

/// "alg" and "kid" of a protected header; false when it is malformed or demands an extension.
bool read_header(const std::string& encoded, std::string& algorithm, std::string& id) {
    std::string text;
    if (!security::decode_base64url(encoded, text)) return false;
    json::Cursor cursor(text, json::Mode::kStrict, {.max_depth = 16});
    bool demands = false;
    const bool read = cursor.kind() == json::Kind::kObject && cursor.object([&](auto name) {
        demands = demands || name == "crit" || name == "b64";
        std::string* const into = name == "alg" ? &algorithm : name == "kid" ? &id : nullptr;
        if (into == nullptr || cursor.kind() != json::Kind::kString) return cursor.skip();
        return into->empty() && cursor.string(*into);
    });
    return read && !demands && cursor.finish();
}

/// Whether the signature is one of a trusted key over `payload`.
bool is_right(const AgentCardSignature& signature, const std::string& payload,
              const security::JwkSet& keys, std::string& id) {
    std::string name;
    std::string bytes;
    id.clear();
    if (!read_header(signature.protected_header, name, id) ||
        !security::decode_base64url(signature.signature, bytes))
        return false;
    const security::Algorithm* const algorithm = security::find_algorithm(name);
    const security::Jwk* const key = algorithm == nullptr ? nullptr : keys.find(id, *algorithm);
    return key != nullptr &&
           security::verify(*algorithm, *key,
                            signature.protected_header + "." + security::encode_base64url(payload),
                            bytes);
}

}  // namespace

Result<std::shared_ptr<const CardSigner>> CardSigner::from_pem(std::string_view pem,
                                                               std::string key_id) {
    Result<security::PrivateKey> key = security::PrivateKey::from_pem(pem);
    if (!key) return fail(std::move(key.error()));
    return std::shared_ptr<const CardSigner>(
        std::make_shared<KeySigner>(std::move(*key), std::move(key_id)));
}

Result<VerifiedCard> verify_card(std::string_view card_text, std::string_view trusted_keys) {
    Result<AgentCard> card = from_json<AgentCard>(card_text);
    if (!card) return fail(std::move(card.error()));
    const Result<security::JwkSet> keys = security::JwkSet::parse(trusted_keys);
    if (!keys) return fail(keys.error());
    // What the protocol does not know is not covered by a signature that an SDK makes of its own
    // types. Written again, the card holds only what the caller gets.
    const std::string known = to_json(*card);
    std::string id;
    for (const auto& [form, options] : {std::pair(SignedForm::kStandard, kStandard),
                                        std::pair(SignedForm::kStripped, kStripped)}) {
        for (const std::string_view text : {std::string_view(known), card_text}) {
            const Result<std::string> payload = json::canonical(text, options);
            if (!payload) continue;
            for (const AgentCardSignature& signature : card->signatures) {
                if (is_right(signature, *payload, *keys, id))
                    return VerifiedCard{std::move(*card), std::move(id), form};
            }
        }
    }
    return fail(ErrorCode::kUnauthenticated,
                card->signatures.empty() ? "the card has no signature"
                                         : "no signature of the card is one of a trusted key");
}

}  // namespace a2akit
