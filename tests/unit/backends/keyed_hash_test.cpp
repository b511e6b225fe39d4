#include "backends/common/keyed_hash.hpp"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <memory>
#include <string>

namespace a2akit::backends {
namespace {

std::uint64_t hash_of_openssl(HashKey key, const std::string& text) {
    const std::unique_ptr<EVP_MAC, decltype(&::EVP_MAC_free)> mac(
        ::EVP_MAC_fetch(nullptr, "SIPHASH", nullptr), &::EVP_MAC_free);
    const std::unique_ptr<EVP_MAC_CTX, decltype(&::EVP_MAC_CTX_free)> context(
        ::EVP_MAC_CTX_new(mac.get()), &::EVP_MAC_CTX_free);
    std::size_t size = sizeof(std::uint64_t);
    const OSSL_PARAM params[] = {::OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                 ::OSSL_PARAM_construct_end()};
    std::uint64_t hash = 0;
    const auto* key_bytes = reinterpret_cast<const unsigned char*>(key.data());
    EXPECT_EQ(::EVP_MAC_init(context.get(), key_bytes, sizeof(key), params), 1);
    EXPECT_EQ(::EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(text.data()),
                               text.size()),
              1);
    EXPECT_EQ(::EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(&hash), &size,
                              sizeof(hash)),
              1);
    return hash;
}

TEST(KeyedHashTest, IsSipHash) {
    std::string text;
    for (int length = 0; length < 40; ++length) {
        const HashKey key{0x0706050403020100U + static_cast<std::uint64_t>(length),
                          0x0f0e0d0c0b0a0908U};
        EXPECT_EQ(sip_hash(key, text), hash_of_openssl(key, text)) << "of " << length << " bytes";
        text += static_cast<char>(0xf0 - 7 * length);
    }
}

TEST(KeyedHashTest, TheKeyOfTheProcessIsNotTheZeroKey) {
    EXPECT_EQ(keyed_hash("context"), keyed_hash("context"));
    EXPECT_NE(keyed_hash("context"), sip_hash({}, "context"));
}

}  // namespace
}  // namespace a2akit::backends
