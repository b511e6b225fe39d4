#include "security/jwk.hpp"

#include "json/cursor.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace a2akit::security {
namespace {

constexpr std::array<Algorithm, 9> kAlgorithms{{
    {"RS256", KeyType::kRsa, "SHA256"},
    {"RS384", KeyType::kRsa, "SHA384"},
    {"RS512", KeyType::kRsa, "SHA512"},
    {"PS256", KeyType::kRsa, "SHA256", true},
    {"PS384", KeyType::kRsa, "SHA384", true},
    {"PS512", KeyType::kRsa, "SHA512", true},
    {"ES256", KeyType::kP256, "SHA256"},
    {"ES384", KeyType::kP384, "SHA384"},
    {"EdDSA", KeyType::kEd25519, nullptr},
}};

// A shorter key can be broken; a longer one lets whoever publishes it take our time.
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;
constexpr int kMostExponentBits = 64;
constexpr std::size_t kMostKeys = 256;

template <auto Free>
struct FreeBy {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

using Members = std::map<std::string, std::string, std::less<>>;

/// The members of a key that are strings, and whether "key_ops" lets it verify.
bool read_members(json::Cursor& cursor, Members& members, bool& may_verify) {
    may_verify = true;
    return cursor.object([&](std::string_view name) {
        if (name == "key_ops" && cursor.kind() == json::Kind::kArray) {
            may_verify = false;
            return cursor.array([&] {
                if (cursor.kind() != json::Kind::kString) return cursor.skip();
                std::string operation;
                if (!cursor.string(operation)) return false;
                may_verify = may_verify || operation == "verify";
                return true;
            });
        }
        if (cursor.kind() != json::Kind::kString) return cursor.skip();
        const std::string key(name);
        std::string value;
        if (!cursor.string(value)) return false;
        members.insert_or_assign(key, std::move(value));
        return true;
    });
}

Number number_of(const Members& members, std::string_view name) {
    const auto found = members.find(name);
    std::string bytes;
    if (found == members.end() || !decode_base64url(found->second, bytes) || bytes.empty())
        return nullptr;
    return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

KeyHandle key_from(const char* type, OSSL_PARAM* params) {
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (params == nullptr || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return nullptr;
    }
    KeyHandle handle(key);
    const KeyContext check(EVP_PKEY_CTX_new(key, nullptr));
    return check && EVP_PKEY_public_check(check.get()) == 1 ? std::move(handle) : nullptr;
}

KeyHandle rsa_key(const Members& members) {
    const Number modulus = number_of(members, "n");
    const Number exponent = number_of(members, "e");
    if (!modulus || !exponent || BN_num_bits(modulus.get()) < kLeastRsaBits ||
        BN_num_bits(modulus.get()) > kMostRsaBits ||
        BN_num_bits(exponent.get()) > kMostExponentBits)
        return nullptr;
    const Builder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    return key_from("RSA", params.get());
}

KeyHandle ec_key(const Members& members, const char* group, std::size_t bytes) {
    std::string x;
    std::string y;
    const auto at = [&](const char* name) {
        const auto found = members.find(name);
        return found == members.end() ? std::string_view() : std::string_view(found->second);
    };
    if (!decode_base64url(at("x"), x) || !decode_base64url(at("y"), y) || x.size() != bytes ||
        y.size() != bytes)
        return nullptr;
    std::string point = '\x04' + x + y;
    const Builder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    return key_from("EC", params.get());
}

KeyHandle ed25519_key(const Members& members) {
    const auto found = members.find("x");
    std::string bytes;
    if (found == members.end() || !decode_base64url(found->second, bytes) || bytes.size() != 32)
        return nullptr;
    return KeyHandle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), 32));
}

/// Null: not a key for any of our algorithms.
KeyHandle make_key(const Members& members, KeyType& type) {
    const auto is = [&](const char* name, std::string_view value) {
        const auto found = members.find(name);
        return found != members.end() && found->second == value;
    };
    if (is("kty", "RSA")) {
        type = KeyType::kRsa;
        return rsa_key(members);
    }
    if (is("kty", "EC") && is("crv", "P-256")) {
        type = KeyType::kP256;
        return ec_key(members, "P-256", 32);
    }
    if (is("kty", "EC") && is("crv", "P-384")) {
        type = KeyType::kP384;
        return ec_key(members, "P-384", 48);
    }
    if (is("kty", "OKP") && is("crv", "Ed25519")) {
        type = KeyType::kEd25519;
        return ed25519_key(members);
    }
    return nullptr;
}

/// From r and s side by side to the ASN.1 that OpenSSL reads; empty: not a signature of this size.
std::string der_signature(std::string_view signature, std::size_t half) {
    if (signature.size() != 2 * half) return {};
    const std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
    BIGNUM* const r = BN_bin2bn(bytes_of(signature), static_cast<int>(half), nullptr);
    BIGNUM* const s = BN_bin2bn(bytes_of(signature.substr(half)), static_cast<int>(half), nullptr);
    if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return {};
    }
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return text;
}

}  // namespace

void KeyFree::operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }

const Algorithm* find_algorithm(std::string_view name) noexcept {
    const auto* const found =
        std::ranges::find_if(kAlgorithms, [&](const Algorithm& one) { return one.name == name; });
    return found == kAlgorithms.end() ? nullptr : found;
}

bool decode_base64url(std::string_view text, std::string& out) {
    out.clear();
    if (text.size() % 4 == 1) return false;
    out.reserve(text.size() * 3 / 4);
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        unsigned value = 0;
        if (c >= 'A' && c <= 'Z')
            value = static_cast<unsigned>(c - 'A');
        else if (c >= 'a' && c <= 'z')
            value = static_cast<unsigned>(c - 'a') + 26;
        else if (c >= '0' && c <= '9')
            value = static_cast<unsigned>(c - '0') + 52;
        else if (c == '-')
            value = 62;
        else if (c == '_')
            value = 63;
        else
            return false;
        bits = (bits << 6U) | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU);
        bits &= (1U << static_cast<unsigned>(count)) - 1;
    }
    return bits == 0;
}

std::string encode_base64url(std::string_view bytes) {
    constexpr const char* kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6;) text += kDigits[(bits >> (count -= 6)) & 63U];
    }
    if (count != 0) text += kDigits[(bits << (6 - count)) & 63U];
    return text;
}

Result<void> JwkSet::add(std::string_view jwk_text) {
    json::Cursor cursor(jwk_text, json::Mode::kStrict, {.max_depth = 8});
    Members members;
    bool may_verify = true;
    if (cursor.kind() != json::Kind::kObject || !read_members(cursor, members, may_verify))
        return fail(ErrorCode::kInvalidParams, "a key is not a JSON object");
    const auto use = members.find("use");
    if (!may_verify || (use != members.end() && use->second != "sig"))
        return fail(ErrorCode::kInvalidParams, "the key is not for signatures");
    Jwk jwk;
    jwk.key = make_key(members, jwk.type);
    ERR_clear_error();
    if (!jwk.key)
        return fail(ErrorCode::kInvalidParams,
                    "the key is not RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519");
    if (const auto id = members.find("kid"); id != members.end()) jwk.id = id->second;
    if (const auto alg = members.find("alg"); alg != members.end()) jwk.algorithm = alg->second;
    keys_.push_back(std::move(jwk));
    return {};
}

Result<JwkSet> JwkSet::parse(std::string_view text) {
    json::Cursor cursor(text, json::Mode::kStrict, {.max_bytes = 1U << 20U, .max_depth = 8});
    JwkSet set;
    bool found = false;
    const bool read = cursor.kind() == json::Kind::kObject && cursor.object([&](auto name) {
        if (name != "keys" || cursor.kind() != json::Kind::kArray) return cursor.skip();
        found = true;
        return cursor.array([&] {
            std::string_view key;
            if (!cursor.raw(key)) return false;
            if (set.keys_.size() < kMostKeys) (void)set.add(key);
            return true;
        });
    });
    if (!read || !found || !cursor.finish())
        return fail(ErrorCode::kInvalidParams, "it is not a set of keys in JSON (RFC 7517)");
    return set;
}

const Jwk* JwkSet::find(std::string_view id, const Algorithm& algorithm) const noexcept {
    const Jwk* found = nullptr;
    for (const Jwk& key : keys_) {
        if (key.type != algorithm.key || (!id.empty() && key.id != id)) continue;
        if (!key.algorithm.empty() && key.algorithm != algorithm.name) continue;
        if (found != nullptr) return nullptr;
        found = &key;
    }
    return found;
}

bool verify(const Algorithm& algorithm, const Jwk& key, std::string_view data,
            std::string_view signature) {
    std::string der;
    if (algorithm.key == KeyType::kP256 || algorithm.key == KeyType::kP384) {
        der = der_signature(signature, algorithm.key == KeyType::kP256 ? 32 : 48);
        if (der.empty()) return false;
        signature = der;
    }
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    bool ready = context && EVP_DigestVerifyInit_ex(context.get(), &parameters, algorithm.digest,
                                                    nullptr, nullptr, key.key.get(), nullptr) == 1;
    if (ready && algorithm.pss) {
        ready = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    const bool valid =
        ready && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                  bytes_of(data), data.size()) == 1;
    ERR_clear_error();
    return valid;
}

}  // namespace a2akit::security
