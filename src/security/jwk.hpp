#pragma once

#include <a2akit/core/result.hpp>

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Public keys in JSON (RFC 7517, 7518, 8037) and the signatures that are made with them, by
/// OpenSSL 3.
namespace a2akit::security {

enum class KeyType : std::uint8_t { kRsa, kP256, kP384, kEd25519 };

/// A signature algorithm of JOSE. Its name fixes the type of the key, so that a key is never used
/// for another algorithm than it was made for.
struct Algorithm {
    std::string_view name;
    KeyType key;
    const char* digest;  ///< OpenSSL's name; null: EdDSA hashes by itself.
    bool pss = false;
};

/// RS256, PS256, ES256 and their longer variants, and EdDSA; null for everything else, "none" and
/// the symmetric ones among it.
[[nodiscard]] const Algorithm* find_algorithm(std::string_view name) noexcept;

struct KeyFree {
    void operator()(EVP_PKEY* key) const noexcept;
};
using KeyHandle = std::unique_ptr<EVP_PKEY, KeyFree>;

struct Jwk {
    std::string id;         ///< "kid"; may be empty.
    std::string algorithm;  ///< "alg"; may be empty: any that suits the type.
    KeyType type{};
    KeyHandle key;
};

/// The keys of a set that verify signatures with one of our algorithms; others are left out.
class JwkSet {
public:
    /// kInvalidParams when the text is not a set of keys.
    static Result<JwkSet> parse(std::string_view text);
    /// Adds a key. kInvalidParams saying what is wrong with it.
    Result<void> add(std::string_view jwk_text);

    /// The key with this id for this algorithm; without an id, the only one for the algorithm. Null
    /// when there is none, or when there are several without an id to tell them apart.
    [[nodiscard]] const Jwk* find(std::string_view id, const Algorithm& algorithm) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] const std::vector<Jwk>& keys() const noexcept { return keys_; }

private:
    std::vector<Jwk> keys_;
};

/// Whether `signature`, in the form of JWS, is one of `data` by this key. Safe from any thread.
[[nodiscard]] bool verify(const Algorithm& algorithm, const Jwk& key, std::string_view data,
                          std::string_view signature);

/// Decodes base64url without padding (RFC 7515); false for anything else, bits that would be lost
/// included.
[[nodiscard]] bool decode_base64url(std::string_view text, std::string& out);
[[nodiscard]] std::string encode_base64url(std::string_view bytes);

}  // namespace a2akit::security
