#include <a2akit/protocol/card_signature.hpp>

#include "json/canonical.hpp"
#include "json/cursor.hpp"
#include "security/jwk.hpp"
#include "security/private_key.hpp"

#include <a2akit/protocol/json.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
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

/// What a protected header says.
struct Header {
    std::string algorithm;  ///< "alg"
    std::string id;         ///< "kid"
    std::string keys_url;   ///< "jku"
};

/// False when it is malformed or demands an extension.
bool read_header(const std::string& encoded, Header& header) {
    std::string text;
    if (!security::decode_base64url(encoded, text)) return false;
    json::Cursor cursor(text, json::Mode::kStrict, {.max_depth = 16});
    bool demands = false;
    const bool read = cursor.kind() == json::Kind::kObject && cursor.object([&](auto name) {
        demands = demands || name == "crit" || name == "b64";
        std::string* const into = name == "alg"   ? &header.algorithm
                                  : name == "kid" ? &header.id
                                  : name == "jku" ? &header.keys_url
                                                  : nullptr;
        if (into == nullptr || cursor.kind() != json::Kind::kString) return cursor.skip();
        return into->empty() && cursor.string(*into);
    });
    return read && !demands && cursor.finish();
}

/// Whether the signature is one of a trusted key over `payload`.
bool is_right(const AgentCardSignature& signature, const std::string& payload,
              const security::JwkSet& keys, Header& header) {
    std::string bytes;
    header = {};
    if (!read_header(signature.protected_header, header) ||
        !security::decode_base64url(signature.signature, bytes))
        return false;
    const security::Algorithm* const algorithm = security::find_algorithm(header.algorithm);
    if (algorithm == nullptr) return false;
    const std::string data = signature.protected_header + "." + security::encode_base64url(payload);
    const auto may_be = [&](const security::Jwk& key) {
        return key.type == algorithm->key &&
               (key.algorithm.empty() || key.algorithm == algorithm->name) &&
               (key.id.empty() || header.id.empty() || key.id == header.id);
    };
    return std::any_of(keys.keys().begin(), keys.keys().end(), [&](const security::Jwk& key) {
        return may_be(key) && security::verify(*algorithm, key, data, bytes);
    });
}

struct BioFree {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct CertificateFree {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

/// The keys of every block of the text that holds one.
std::vector<security::KeyHandle> keys_in(std::string_view pem) {
    std::vector<security::KeyHandle> keys;
    const auto open = [&] {
        return std::unique_ptr<BIO, BioFree>(
            BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    };
    const auto bare = open();
    while (EVP_PKEY* key = PEM_read_bio_PUBKEY(bare.get(), nullptr, nullptr, nullptr))
        keys.emplace_back(key);
    const auto certified = open();
    while (X509* read = PEM_read_bio_X509(certified.get(), nullptr, nullptr, nullptr)) {
        const std::unique_ptr<X509, CertificateFree> certificate(read);
        if (EVP_PKEY* key = X509_get_pubkey(read)) keys.emplace_back(key);
    }
    ERR_clear_error();
    return keys;
}

}  // namespace

Result<std::shared_ptr<const CardSigner>> CardSigner::from_pem(std::string_view pem,
                                                               std::string key_id) {
    Result<security::PrivateKey> key = security::PrivateKey::from_pem(pem);
    if (!key) return fail(std::move(key.error()));
    return std::shared_ptr<const CardSigner>(
        std::make_shared<KeySigner>(std::move(*key), std::move(key_id)));
}

Result<std::string> key_set_of_pem(std::string_view pem) {
    std::string set;
    for (const security::KeyHandle& key : keys_in(pem)) {
        const std::string jwk = security::public_jwk(key.get(), {});
        if (!jwk.empty()) set += (set.empty() ? "" : ",") + jwk;
    }
    if (set.empty()) {
        return fail(ErrorCode::kInvalidParams,
                    "there is no public key or certificate in PEM form: RSA of 2048 bits or more, "
                    "P-256 or Ed25519");
    }
    return R"({"keys":[)" + set + "]}";
}

std::vector<std::string> key_set_urls(std::string_view card_text) {
    std::vector<std::string> urls;
    const Result<AgentCard> card = from_json<AgentCard>(card_text);
    if (!card) return urls;
    for (const AgentCardSignature& signature : card->signatures) {
        Header header;
        if (read_header(signature.protected_header, header) && !header.keys_url.empty())
            urls.push_back(std::move(header.keys_url));
    }
    return urls;
}

Result<VerifiedCard> verify_card(std::string_view card_text, std::string_view trusted_keys) {
    Result<AgentCard> card = from_json<AgentCard>(card_text);
    if (!card) return fail(std::move(card.error()));
    const Result<security::JwkSet> keys = security::JwkSet::parse(trusted_keys);
    if (!keys) return fail(keys.error());
    // What the protocol does not know is not covered by a signature that an SDK makes of its own
    // types. Written again, the card holds only what the caller gets.
    const std::string known = to_json(*card);
    Header header;
    for (const auto& [form, options] : {std::pair(SignedForm::kStandard, kStandard),
                                        std::pair(SignedForm::kStripped, kStripped)}) {
        for (const std::string_view text : {std::string_view(known), card_text}) {
            const Result<std::string> payload = json::canonical(text, options);
            if (!payload) continue;
            for (const AgentCardSignature& signature : card->signatures) {
                if (is_right(signature, *payload, *keys, header))
                    return VerifiedCard{std::move(*card), std::move(header.id), form,
                                        std::move(header.algorithm)};
            }
        }
    }
    return fail(ErrorCode::kUnauthenticated,
                card->signatures.empty() ? "the card has no signature"
                                         : "no signature of the card is one of a trusted key");
}

}  // namespace a2akit
