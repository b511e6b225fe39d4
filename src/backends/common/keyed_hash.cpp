#include "backends/common/keyed_hash.hpp"

#include <sys/random.h>

#include <bit>
#include <cstdlib>
#include <cstring>

namespace a2akit::backends {
namespace {

static_assert(std::endian::native == std::endian::little,
              "SipHash reads its words in little-endian order");

struct SipState {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t c;
    std::uint64_t d;

    void rounds(int count) noexcept {
        for (int i = 0; i < count; ++i) {
            a += b;
            b = std::rotl(b, 13) ^ a;
            a = std::rotl(a, 32);
            c += d;
            d = std::rotl(d, 16) ^ c;
            a += d;
            d = std::rotl(d, 21) ^ a;
            c += b;
            b = std::rotl(b, 17) ^ c;
            c = std::rotl(c, 32);
        }
    }
    void add(std::uint64_t word) noexcept {
        d ^= word;
        rounds(2);
        a ^= word;
    }
};

HashKey random_key() {
    HashKey key{};
    // Of the system: OpenSSL would load its configuration and its algorithms first, which takes a
    // quarter of a server's start.
    if (::getentropy(key.data(), sizeof(key)) != 0) std::abort();
    return key;
}

}  // namespace

std::uint64_t sip_hash(const HashKey& key, std::string_view text) noexcept {
    SipState state{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
                   key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};
    std::uint64_t word = 0;
    std::size_t at = 0;
    for (; at + sizeof(word) <= text.size(); at += sizeof(word)) {
        std::memcpy(&word, text.data() + at, sizeof(word));
        state.add(word);
    }
    word = 0;
    if (at < text.size()) std::memcpy(&word, text.data() + at, text.size() - at);
    state.add(word | static_cast<std::uint64_t>(text.size()) << 56);
    state.c ^= 0xff;
    state.rounds(4);
    return state.a ^ state.b ^ state.c ^ state.d;
}

std::uint64_t keyed_hash(std::string_view text) noexcept {
    static const HashKey key = random_key();
    return sip_hash(key, text);
}

}  // namespace a2akit::backends
