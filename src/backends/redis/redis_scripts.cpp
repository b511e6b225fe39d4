#include "backends/redis/redis_scripts.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace a2akit::redis {
namespace {

std::string sha1_of(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL computes no SHA-1, by which Redis knows its scripts");
    }
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

}  // namespace

RedisScript::RedisScript(std::string source) : text(std::move(source)), sha1(sha1_of(text)) {}

}  // namespace a2akit::redis
