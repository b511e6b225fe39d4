#include "push/signing_keys.hpp"

#include <a2akit/core/error.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>

namespace a2akit::push {
namespace {

constexpr std::string_view kSecretMark = "whsec_";
constexpr std::string_view kSeedMark = "whsk_";
constexpr std::size_t kShortestSecret = 24;
constexpr std::size_t kLongestSecret = 64;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Key private_key(const std::array<std::uint8_t, 32>& seed) {
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
            &EVP_PKEY_free);
    if (!key) throw std::bad_alloc();
    return key;
}

std::string public_bytes(EVP_PKEY* key) {
    std::string bytes(32, '\0');
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) !=
        1)
        throw std::bad_alloc();
    return bytes;
}

std::string sign_ed25519(const std::array<std::uint8_t, 32>& seed, std::string_view text) {
    const Key key = private_key(seed);
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       bytes_of(text), text.size()) != 1)
        throw std::bad_alloc();
    return signature;
}

std::string to_url_alphabet(std::string base64) {
    std::ranges::replace(base64, '+', '-');
    std::ranges::replace(base64, '/', '_');
    while (base64.ends_with('=')) base64.pop_back();
    return base64;
}

std::string sha256(std::string_view text) {
    std::string digest(32, '\0');
    EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
               EVP_sha256(), nullptr);
    return digest;
}

Error wrong_key() {
    return Error::invalid_field(
        "A2AKIT_PUSH_SIGNING_KEY",
        "must be keys of Standard Webhooks separated by commas: whsec_ and the base64 of 24 to 64 "
        "bytes (`echo whsec_$(openssl rand -base64 32)` makes one), or whsk_ and the base64 of an "
        "Ed25519 seed of 32 bytes");
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string padded(text);
    padded.append((4 - text.size() % 4) % 4, '=');
    std::string bytes(padded.size() / 4 * 3, '\0');
    if (padded.empty()) return bytes;
    const bool strange = std::ranges::any_of(text, [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '+' || c == '/');
    });
    if (strange || EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(padded),
                                   static_cast<int>(padded.size())) < 0)
        return std::nullopt;
    bytes.resize(bytes.size() - (padded.size() - text.size()));
    return bytes;
}

std::string encode_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
    std::string digest(32, '\0');
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
             reinterpret_cast<unsigned char*>(digest.data()), &size) == nullptr)
        throw std::bad_alloc();
    return digest;
}

SigningKeys::~SigningKeys() {
    for (std::string& secret : secrets_) OPENSSL_cleanse(secret.data(), secret.size());
    for (Seed& seed : seeds_) OPENSSL_cleanse(seed.data(), seed.size());
}

Result<SigningKeys> SigningKeys::parse(std::string_view text) {
    SigningKeys keys;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::string_view entry = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        while (entry.starts_with(' ')) entry.remove_prefix(1);
        while (entry.ends_with(' ')) entry.remove_suffix(1);
        const bool is_seed = entry.starts_with(kSeedMark);
        if (!is_seed && !entry.starts_with(kSecretMark)) return fail(wrong_key());
        entry.remove_prefix(is_seed ? kSeedMark.size() : kSecretMark.size());
        auto bytes = decode_base64(entry);
        if (!bytes) return fail(wrong_key());
        if (is_seed) {
            if (bytes->size() != 32 && bytes->size() != 64) return fail(wrong_key());
            std::copy_n(bytes->begin(), 32, keys.seeds_.emplace_back().begin());
            OPENSSL_cleanse(bytes->data(), bytes->size());
        } else {
            if (bytes->size() < kShortestSecret || bytes->size() > kLongestSecret)
                return fail(wrong_key());
            keys.secrets_.push_back(std::move(*bytes));
        }
    }
    return keys;
}

std::string SigningKeys::sign(std::string_view id, std::string_view timestamp,
                              std::string_view body) const {
    if (secrets_.empty() && seeds_.empty()) return {};
    std::string text;
    text.reserve(id.size() + timestamp.size() + body.size() + 2);
    text.append(id).append(".").append(timestamp).append(".").append(body);
    std::string signatures;
    const auto add = [&](std::string_view version, const std::string& signature) {
        if (!signatures.empty()) signatures += ' ';
        signatures.append(version).append(",").append(encode_base64(signature));
    };
    for (const std::string& secret : secrets_) add("v1", hmac_sha256(secret, text));
    for (const Seed& seed : seeds_) add("v1a", sign_ed25519(seed, text));
    return signatures;
}

std::string SigningKeys::jwks() const {
    std::string keys;
    for (const Seed& seed : seeds_) {
        const std::string x = to_url_alphabet(encode_base64(public_bytes(private_key(seed).get())));
        // The thumbprint of RFC 7638.
        const std::string canonical = R"({"crv":"Ed25519","kty":"OKP","x":")" + x + "\"}";
        if (!keys.empty()) keys += ',';
        keys.append(R"({"kty":"OKP","crv":"Ed25519","x":")").append(x);
        keys.append(R"(","use":"sig","alg":"EdDSA","kid":")");
        keys.append(to_url_alphabet(encode_base64(sha256(canonical)))).append("\"}");
    }
    return R"({"keys":[)" + keys + "]}";
}

}  // namespace a2akit::push
