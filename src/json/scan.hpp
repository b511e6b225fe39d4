#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace a2akit::json {

/// As `find_special`, eight bytes at a time: for short texts, and for machines without SSE2. A
/// function of its own, so that callers, who seldom come here, need few registers.
[[gnu::noinline]] inline const char* find_special_in_few(const char* at, const char* end) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighs = 0x8080808080808080;
    const auto has_zero_byte = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
    while (end - at >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
        if ((control | has_zero_byte(word ^ (kOnes * '"')) |
             has_zero_byte(word ^ (kOnes * '\\'))) != 0)
            break;
        at += 8;
    }
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
    return at;
}

/// The first quote, backslash or control character (below 0x20) in [at, end), or `end`: what ends a
/// run of plain characters inside a JSON string, for the reader and the writer alike.
inline const char* find_special(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const auto specials = [](const char* from) {
        const __m128i last_control = _mm_set1_epi8(0x1f);
        const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return static_cast<unsigned>(_mm_movemask_epi8(
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(chunk, _mm_set1_epi8('"')),
                                      _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'))),
                         _mm_cmpeq_epi8(_mm_max_epu8(chunk, last_control), last_control))));
    };
    if (end - at >= 16) {
        do {
            if (const unsigned mask = specials(at); mask != 0) return at + std::countr_zero(mask);
            at += 16;
        } while (end - at >= 16);
        if (at == end) return end;
        // What is left, together with bytes that were seen already and have none.
        const unsigned mask = specials(end - 16);
        return mask == 0 ? end : end - 16 + std::countr_zero(mask);
    }
#endif
    return find_special_in_few(at, end);
}

}  // namespace a2akit::json
