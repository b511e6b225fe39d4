#include "core/seeded_ids.hpp"

#include <a2akit/core/ids.hpp>

#include <sys/random.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string_view>

namespace a2akit {
namespace {

// The two digits of each byte, and their place in a Uuid's text.
constexpr auto kHexPairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {digits[byte >> 4U], digits[byte & 15U]};
    return pairs;
}();
constexpr std::array<std::uint8_t, 16> kHexPositions{0,  2,  4,  6,  9,  11, 14, 16,
                                                     19, 21, 24, 26, 28, 30, 32, 34};

constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr bool is_dash_position(std::size_t i) noexcept {
    return i == 8 || i == 13 || i == 18 || i == 23;
}

// Random bytes from the kernel, fetched for many ids together.
class RandomBytes {
public:
    void take(std::uint8_t* out, std::size_t size) noexcept {
        if (used_ + size > buffer_.size()) refill();
        std::memcpy(out, buffer_.data() + used_, size);
        std::memset(buffer_.data() + used_, 0, size);
        used_ += size;
    }

private:
    void refill() noexcept {
        std::size_t have = 0;
        while (have < buffer_.size()) {
            const ssize_t got = ::getrandom(buffer_.data() + have, buffer_.size() - have, 0);
            if (got > 0)
                have += static_cast<std::size_t>(got);
            else if (errno != EINTR)
                std::abort();  // no kernel that we run on lacks it
        }
        used_ = 0;
    }

    std::array<std::uint8_t, 2048> buffer_{};
    std::size_t used_ = buffer_.size();
};

thread_local RandomBytes random_bytes;
thread_local std::optional<std::mt19937_64> seeded;  // by SeededIds only

/// In milliseconds since 1970, with 12 more bits for their fractions.
std::uint64_t fine_time() noexcept {
    constexpr std::uint64_t kNanosecondsEach = 1'000'000;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ns = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    return (ns / kNanosecondsEach << 12) | (ns % kNanosecondsEach << 12) / kNanosecondsEach;
}

}  // namespace

SeededIds::SeededIds(std::uint64_t seed) noexcept {
    static_cast<void>(WriteId::next());  // a thread's first one names the thread, whether or not a
                                         // seed is set by then
    seeded.emplace(seed);
}
SeededIds::~SeededIds() { seeded.reset(); }

std::string Uuid::to_string() const {
    std::string text(36, '-');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::memcpy(text.data() + kHexPositions[i], kHexPairs[bytes[i]].data(), 2);
    }
    return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    if (text.size() != 36) return std::nullopt;
    Uuid id;
    std::size_t at = 0;
    for (auto& byte : id.bytes) {
        if (is_dash_position(at) && text[at++] != '-') return std::nullopt;
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        byte = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return id;
}

Uuid Uuid::generate() noexcept {
    Uuid id;
    std::uint64_t time = 0;
    if (seeded) {
        for (std::size_t i = 6; i < id.bytes.size(); ++i)
            id.bytes[i] = static_cast<std::uint8_t>((*seeded)());
        time = (id.bytes[6] & 0x0FU) << 8U | id.bytes[7];
    } else {
        random_bytes.take(id.bytes.data() + 8, 8);
        time = fine_time();
    }
    for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(time >> (52 - 8 * i));
    id.bytes[6] = static_cast<std::uint8_t>((time >> 8U & 0x0FU) | 0x70U);
    id.bytes[7] = static_cast<std::uint8_t>(time);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
    return id;
}

WriteId WriteId::next() noexcept {
    // A counter, then a random name per thread: unique without a random number per write. Those of
    // one thread grow, by which PostgreSQL's write_task knows a write that comes very late.
    struct Sequencer {
        Uuid name = Uuid::generate();
        std::uint64_t count = 0;
    };
    thread_local Sequencer sequencer;
    WriteId id{sequencer.name};
    const std::uint64_t count = ++sequencer.count;
    for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(count >> (40 - 8 * i));
    return id;
}

}  // namespace a2akit
