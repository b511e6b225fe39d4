#pragma once

#include <a2akit/core/result.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::push {

/// The keys that sign webhooks, as Standard Webhooks 1.0 writes them: "whsec_" and the base64 of 24
/// to 64 bytes for HMAC-SHA256 (v1), "whsk_" and the base64 of an Ed25519 seed of 32 bytes, or of
/// seed and public key, for Ed25519 (v1a). While keys rotate there are several, and every one
/// signs.
class SigningKeys {
public:
    /// Keys separated by commas; none when `text` is empty. kInvalidParams that does not show them.
    [[nodiscard]] static Result<SigningKeys> parse(std::string_view text);
    /// Whether a token is meant as a key of its configuration.
    [[nodiscard]] static bool is_secret(std::string_view token) noexcept {
        return token.starts_with("whsec_");
    }

    SigningKeys() = default;
    ~SigningKeys();
    SigningKeys(SigningKeys&&) = default;
    SigningKeys& operator=(SigningKeys&&) = default;
    SigningKeys(const SigningKeys&) = default;
    SigningKeys& operator=(const SigningKeys&) = default;

    /// The value of webhook-signature: the signatures of all keys, separated by spaces; empty
    /// without keys.
    [[nodiscard]] std::string sign(std::string_view id, std::string_view timestamp,
                                   std::string_view body) const;
    [[nodiscard]] bool has_public_keys() const noexcept { return !seeds_.empty(); }
    /// A JSON Web Key Set (RFC 7517, RFC 8037) of the public keys; without "whsk_" keys it is
    /// empty.
    [[nodiscard]] std::string jwks() const;

private:
    using Seed = std::array<std::uint8_t, 32>;
    std::vector<std::string> secrets_;
    std::vector<Seed> seeds_;
};

/// Standard base64 with padding, or without; nothing for any other text.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace a2akit::push
