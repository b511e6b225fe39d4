#include "security/private_key.hpp"

#include <a2akit/protocol/json.hpp>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace a2akit::security {
namespace {

constexpr int kLeastRsaBits = 2048;
constexpr int kHalfOfP256 = 32;

template <auto Free>
struct FreeBy {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

int no_passphrase(char*, int, int, void*) { return 0; }

std::string bytes_of(const BIGNUM* number, int size = 0) {
    std::string bytes(static_cast<std::size_t>(std::max(size, BN_num_bytes(number))), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    return bytes;
}

/// A number of the key, as base64url.
std::string number_of(const EVP_PKEY* key, const char* name, int size = 0) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    const std::unique_ptr<BIGNUM, FreeBy<BN_free>> owned(number);
    return number == nullptr ? std::string() : encode_base64url(bytes_of(number, size));
}

const Algorithm* algorithm_of(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") == 1)
        return EVP_PKEY_get_bits(key) < kLeastRsaBits ? nullptr : find_algorithm("RS256");
    if (EVP_PKEY_is_a(key, "ED25519") == 1) return find_algorithm("EdDSA");
    std::array<char, 32> group{};
    const bool named = EVP_PKEY_is_a(key, "EC") == 1 &&
                       EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1;
    return named && std::string_view(group.data()) == "prime256v1" ? find_algorithm("ES256")
                                                                   : nullptr;
}

/// r and s side by side, from the ASN.1 that OpenSSL writes.
std::string raw_signature(const std::string& der) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>> pair(
        d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
    if (!pair) return {};
    return bytes_of(ECDSA_SIG_get0_r(pair.get()), kHalfOfP256) +
           bytes_of(ECDSA_SIG_get0_s(pair.get()), kHalfOfP256);
}

/// The members that a thumbprint needs, in their order.
std::string public_members(const EVP_PKEY* key, const Algorithm& algorithm) {
    if (algorithm.key == KeyType::kRsa) {
        return R"("e":")" + number_of(key, OSSL_PKEY_PARAM_RSA_E) + R"(","kty":"RSA","n":")" +
               number_of(key, OSSL_PKEY_PARAM_RSA_N) + "\"";
    }
    if (algorithm.key == KeyType::kP256) {
        return R"("crv":"P-256","kty":"EC","x":")" +
               number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, kHalfOfP256) + R"(","y":")" +
               number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, kHalfOfP256) + "\"";
    }
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
    return R"("crv":"Ed25519","kty":"OKP","x":")" + encode_base64url(raw) + "\"";
}

}  // namespace

std::string public_jwk(const EVP_PKEY* key, std::string_view key_id) {
    const Algorithm* const algorithm = algorithm_of(key);
    if (algorithm == nullptr) return {};
    const std::string id = key_id.empty() ? "" : R"(,"kid":)" + json_string(key_id).text();
    return "{" + public_members(key, *algorithm) + id + R"(,"use":"sig","alg":")" +
           std::string(algorithm->name) + "\"}";
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
    const std::unique_ptr<BIO, FreeBy<BIO_free>> text(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyHandle key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    const Algorithm* const algorithm = key ? algorithm_of(key.get()) : nullptr;
    if (algorithm == nullptr) {
        return fail(ErrorCode::kInvalidParams,
                    "it is not a private key in PEM form without a passphrase: RSA of 2048 bits or "
                    "more, P-256 or Ed25519");
    }
    return PrivateKey(std::move(key), *algorithm);
}

Result<std::string> PrivateKey::sign(std::string_view data) const {
    const std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(data.data());
    std::size_t size = 0;
    std::string signature;
    bool made = context &&
                EVP_DigestSignInit_ex(context.get(), nullptr, algorithm_->digest, nullptr, nullptr,
                                      key_.get(), nullptr) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()) == 1;
    if (made) {
        signature.resize(size);
        made = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                              &size, bytes, data.size()) == 1;
        signature.resize(size);
    }
    ERR_clear_error();
    if (made && algorithm_->key == KeyType::kP256) signature = raw_signature(signature);
    if (!made || signature.empty())
        return fail(ErrorCode::kInternal, "OpenSSL cannot sign with this key");
    return signature;
}

std::string PrivateKey::public_jwk(std::string_view key_id) const {
    return security::public_jwk(key_.get(), key_id);
}

std::string PrivateKey::thumbprint() const {
    const std::string members = "{" + public_members(key_.get(), *algorithm_) + "}";
    std::string digest(32, '\0');
    EVP_Digest(members.data(), members.size(), reinterpret_cast<unsigned char*>(digest.data()),
               nullptr, EVP_sha256(), nullptr);
    return encode_base64url(digest);
}

}  // namespace a2akit::security
