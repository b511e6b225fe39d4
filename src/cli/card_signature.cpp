#include "cli/card_signature.hpp"

#include "cli/canonical_json.hpp"
#include "cli/failure.hpp"
#include "json/codec.hpp"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace a2akit::cli {
namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Deleter<&EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = bits << 8U | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += kAlphabet[bits >> (count - 6) & 63U];
        bits &= 0xFFFFU;
    }
    if (count > 0) out += kAlphabet[bits << (6 - count) & 63U];
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFFU;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xFFU);
        }
    }
    return out;
}

std::vector<Key> read_keys(const std::string& path) {
    std::vector<Key> keys;
    const Bio keys_file(BIO_new_file(path.c_str(), "r"));
    while (keys_file != nullptr) {
        Key key(PEM_read_bio_PUBKEY(keys_file.get(), nullptr, nullptr, nullptr));
        if (key == nullptr) break;
        keys.push_back(std::move(key));
    }
    const Bio certificates(BIO_new_file(path.c_str(), "r"));
    while (certificates != nullptr) {
        const Certificate one(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
        if (one == nullptr) break;
        if (Key key(X509_get_pubkey(one.get())); key != nullptr) keys.push_back(std::move(key));
    }
    if (keys.empty()) {
        throw usage("--card-key: " + path + " holds no public key or certificate in PEM",
                    "card get");
    }
    return keys;
}

/// JWS has r and s one after the other (RFC 7518, section 3.4); OpenSSL wants them in DER.
std::string der_of(std::string_view raw) {
    if (raw.size() != 64) return {};
    const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
    const std::unique_ptr<ECDSA_SIG, Deleter<&ECDSA_SIG_free>> signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, 32, nullptr),
                   BN_bin2bn(bytes + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
    OPENSSL_free(der);
    return out;
}

/// The algorithm has to be one of the key's own kind: a signature can't choose a weaker one.
bool verifies(EVP_PKEY* key, const std::string& algorithm, std::string_view input,
              std::string signature) {
    const int kind = EVP_PKEY_get_base_id(key);
    const bool fits = (algorithm == "ES256" && kind == EVP_PKEY_EC) ||
                      (algorithm == "RS256" && kind == EVP_PKEY_RSA) ||
                      (algorithm == "EdDSA" && kind == EVP_PKEY_ED25519);
    if (!fits) return false;
    if (algorithm == "ES256") signature = der_of(signature);
    const Context context(EVP_MD_CTX_new());
    const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : EVP_sha256();
    if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) != 1) return false;
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(input.data()),
                            input.size()) == 1;
}

std::string algorithm_of(const AgentCardSignature& signature) {
    const auto header = from_base64url(signature.protected_header);
    std::string algorithm;
    if (!header) return algorithm;
    json::Cursor cursor(*header, json::Mode::kLenient);
    if (cursor.kind() != json::Kind::kObject) return algorithm;
    (void)cursor.object([&](std::string_view name) {
        return name == "alg" && cursor.kind() == json::Kind::kString ? cursor.string(algorithm)
                                                                     : cursor.skip();
    });
    return algorithm;
}

/// What may have been signed: the card as it was published, or without its empty members, as some
/// SDKs sign it.
std::vector<std::string> payloads_of(std::string_view json) {
    std::vector<std::string> payloads;
    for (const bool drops_empty : {false, true}) {
        if (auto text = canonical_json(json, {"signatures", drops_empty}))
            payloads.push_back(std::move(*text));
    }
    return payloads;
}

}  // namespace

std::string SignatureReport::text() const {
    if (outcome == SignatureOutcome::kAbsent) return "absent";
    return (outcome == SignatureOutcome::kVerified ? "verified (" : "unverifiable (") + detail +
           ")";
}

SignatureReport verify_card(std::string_view json, const AgentCard& card,
                            const std::string& key_file) {
    const std::vector<Key> keys = key_file.empty() ? std::vector<Key>() : read_keys(key_file);
    if (card.signatures.empty()) return {};
    if (keys.empty())
        return {SignatureOutcome::kUnverifiable, "no key is trusted; name one with --card-key"};
    const std::vector<std::string> payloads = payloads_of(json);
    for (const AgentCardSignature& signature : card.signatures) {
        const std::string algorithm = algorithm_of(signature);
        const auto bytes = from_base64url(signature.signature);
        if (!bytes) continue;
        for (const std::string& payload : payloads) {
            const std::string input = signature.protected_header + "." + to_base64url(payload);
            for (const Key& key : keys) {
                if (!verifies(key.get(), algorithm, input, *bytes)) continue;
                return {SignatureOutcome::kVerified,
                        algorithm + ", with a key of " +
                            std::filesystem::path(key_file).filename().string()};
            }
        }
    }
    return {SignatureOutcome::kUnverifiable, "no signature matches a key of " + key_file};
}

}  // namespace a2akit::cli
