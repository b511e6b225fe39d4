#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace a2akit::backends {

using HashKey = std::array<std::uint64_t, 2>;

/// SipHash-2-4: without the key it is not feasible to find two texts with the same hash. OpenSSL
/// has it too, but setting up its state takes longer than hashing these few bytes.
[[nodiscard]] std::uint64_t sip_hash(const HashKey& key, std::string_view text) noexcept;

/// The hash under a random key of this process, for tables whose keys clients choose.
[[nodiscard]] std::uint64_t keyed_hash(std::string_view text) noexcept;

struct KeyedHash {
    std::size_t operator()(std::string_view text) const noexcept { return keyed_hash(text); }
};

}  // namespace a2akit::backends
