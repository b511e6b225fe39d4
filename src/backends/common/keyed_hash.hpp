#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace a2akit::backends {

using HashKey = std::array<std::uint64_t, 2>;

/// SipHash-2-4: who does not know the key can't find two texts of the same hash. OpenSSL has it
/// too, but sets up its state for longer than these few bytes take.
[[nodiscard]] std::uint64_t sip_hash(const HashKey& key, std::string_view text) noexcept;

/// Under a random key of this process: for tables whose keys clients choose.
[[nodiscard]] std::uint64_t keyed_hash(std::string_view text) noexcept;

struct KeyedHash {
    std::size_t operator()(std::string_view text) const noexcept { return keyed_hash(text); }
};

}  // namespace a2akit::backends
