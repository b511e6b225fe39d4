#include "core/aead.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

namespace a2akit {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
// OpenSSL counts in int.
constexpr std::size_t kMostBytes = std::numeric_limits<int>::max() - 1024;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

CipherContext new_context() { return {EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free}; }

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}
std::uint8_t* bytes_of(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool read_hex(std::string_view text, AeadKey& key) {
    for (std::size_t i = 0; i < key.bytes.size(); ++i) {
        const int high = digit_of(text[2 * i]);
        const int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

bool read_base64(std::string_view text, AeadKey& key) {
    std::string padded(text);
    while (padded.size() % 4 != 0) padded += '=';
    std::array<std::uint8_t, 36> bytes{};
    if (padded.size() / 4 * 3 > bytes.size()) return false;
    const int size =
        EVP_DecodeBlock(bytes.data(), bytes_of(padded), static_cast<int>(padded.size()));
    const auto padding = std::count(padded.begin(), padded.end(), '=');
    const bool right = size >= 0 && size - padding == static_cast<int>(key.bytes.size());
    if (right) std::copy_n(bytes.begin(), key.bytes.size(), key.bytes.begin());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    OPENSSL_cleanse(padded.data(), padded.size());
    return right;
}

}  // namespace

AeadKey::~AeadKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

std::optional<AeadKey> AeadKey::from_text(std::string_view text) {
    AeadKey key;
    const bool read =
        text.size() == 2 * key.bytes.size() ? read_hex(text, key) : read_base64(text, key);
    if (!read) return std::nullopt;
    return key;
}

bool seal_aead(const AeadKey& key, std::string_view plain, std::string_view about,
               std::string& out) {
    if (plain.size() > kMostBytes) return false;
    const std::size_t start = out.size();
    out.resize(start + kNonceBytes + plain.size() + kTagBytes);
    std::uint8_t* nonce = bytes_of(out) + start;
    std::uint8_t* body = nonce + kNonceBytes;
    std::uint8_t* tag = body + plain.size();
    const CipherContext cipher = new_context();
    int size = 0;
    return cipher && RAND_bytes(nonce, kNonceBytes) == 1 &&
           EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce) ==
               1 &&
           EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(about),
                             static_cast<int>(about.size())) == 1 &&
           EVP_EncryptUpdate(cipher.get(), body, &size, bytes_of(plain),
                             static_cast<int>(plain.size())) == 1 &&
           EVP_EncryptFinal_ex(cipher.get(), tag, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1;
}

std::optional<std::string> open_aead(const AeadKey& key, std::string_view sealed,
                                     std::string_view about) {
    if (sealed.size() < kNonceBytes + kTagBytes || sealed.size() > kMostBytes) return std::nullopt;
    const std::uint8_t* nonce = bytes_of(sealed);
    const std::uint8_t* body = nonce + kNonceBytes;
    std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
    std::array<std::uint8_t, kTagBytes> tag{};
    std::memcpy(tag.data(), body + plain.size(), kTagBytes);
    const CipherContext cipher = new_context();
    int size = 0;
    const bool opened =
        cipher &&
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce) ==
            1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(about),
                          static_cast<int>(about.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &size, body,
                          static_cast<int>(plain.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), tag.data(), &size) == 1;
    if (!opened) return std::nullopt;
    return plain;
}

}  // namespace a2akit
