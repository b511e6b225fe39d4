#pragma once

#include "security/jwk.hpp"

#include <a2akit/core/result.hpp>

#include <string>
#include <string_view>

namespace a2akit::security {

/// The public half of a key as JSON (RFC 7517); empty when it is neither RSA of at least 2048 bits,
/// P-256 nor Ed25519. `key_id` empty: it has none.
[[nodiscard]] std::string public_jwk(const EVP_PKEY* key, std::string_view key_id);

/// A key that signs: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA). Safe from any thread.
class PrivateKey {
public:
    /// kInvalidParams when it is none of these, or cannot be read without a passphrase. The error
    /// holds nothing of the key.
    static Result<PrivateKey> from_pem(std::string_view pem);

    [[nodiscard]] const Algorithm& algorithm() const noexcept { return *algorithm_; }
    /// A signature in the form of JWS.
    [[nodiscard]] Result<std::string> sign(std::string_view data) const;
    /// The public half as JSON (RFC 7517).
    [[nodiscard]] std::string public_jwk(std::string_view key_id) const;
    /// RFC 7638.
    [[nodiscard]] std::string thumbprint() const;

private:
    PrivateKey(KeyHandle key, const Algorithm& algorithm)
        : key_(std::move(key)), algorithm_(&algorithm) {}
    KeyHandle key_;
    const Algorithm* algorithm_;
};

}  // namespace a2akit::security
