#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit {

/// A key of AES-256, overwritten when it is destroyed.
struct AeadKey {
    std::array<std::uint8_t, 32> bytes{};

    AeadKey() = default;
    AeadKey(const AeadKey&) = default;
    AeadKey& operator=(const AeadKey&) = default;
    ~AeadKey();

    /// 64 hexadecimal digits, or base64 of 32 bytes, with padding or without.
    [[nodiscard]] static std::optional<AeadKey> from_text(std::string_view text);
};

/// Appends `plain` to `out`, encrypted and authenticated with AES-256-GCM: a random nonce, the
/// ciphertext, the tag. It opens only under the same `about`, which is not part of it. False:
/// OpenSSL failed, or has no randomness.
[[nodiscard]] bool seal_aead(const AeadKey& key, std::string_view plain, std::string_view about,
                             std::string& out);

/// The plain text of what seal_aead appended; nullopt when it was sealed with another key or about
/// something else, or was changed.
[[nodiscard]] std::optional<std::string> open_aead(const AeadKey& key, std::string_view sealed,
                                                   std::string_view about);

}  // namespace a2akit
