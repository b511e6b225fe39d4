#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Signatures of agent cards (specification 1.0, section 8.4): JWS (RFC 7515) over the canonical
/// form (RFC 8785) of the card without its signatures.
namespace a2akit {

/// Signs cards with a private key. Safe from any thread.
class CardSigner {
public:
    /// `pem` holds a private key without a passphrase: RSA of at least 2048 bits (RS256), P-256
    /// (ES256) or Ed25519 (EdDSA). `key_id` is what verifiers look it up by; empty: the thumbprint
    /// of the key (RFC 7638). kInvalidParams for any other key.
    static Result<std::shared_ptr<const CardSigner>> from_pem(std::string_view pem,
                                                              std::string key_id = {});
    virtual ~CardSigner() = default;

    /// Adds a signature over the card as to_json writes it, behind those that it has.
    /// kInvalidParams when the card holds null, or empty strings, arrays or objects: other SDKs
    /// leave them out before they verify, and would refuse the signature.
    virtual Result<void> sign(AgentCard& card) const = 0;
    [[nodiscard]] virtual const std::string& key_id() const noexcept = 0;
    /// The public key, as a set of keys that `verify_card` reads (RFC 7517).
    [[nodiscard]] virtual std::string public_keys() const = 0;
};

/// Over which form of a card a signature was found to be right.
enum class SignedForm : std::uint8_t {
    kStandard,  ///< As section 8.4 asks.
    kStripped,  ///< Without empty values, as the SDKs for Python and JavaScript make it.
};

/// A card whose signature is right.
struct VerifiedCard {
    /// Only what the signature covers: fields that are not the protocol's are left out.
    AgentCard card;
    std::string key_id;  ///< As the signature names it.
    SignedForm form = SignedForm::kStandard;
    std::string algorithm = {};  ///< "ES256" and so on.
};

/// The public keys and the certificates in a PEM text as a set of keys that `verify_card` reads.
/// They have no ids, so each may have made a signature, whatever key that names. kInvalidParams
/// when there is none that verify_card could use.
[[nodiscard]] Result<std::string> key_set_of_pem(std::string_view pem);

/// The URLs of key sets that the signatures of a card name (`jku`), in their order; empty for a
/// text that is not a card. They are the signer's own word: fetch only what is known to be right.
[[nodiscard]] std::vector<std::string> key_set_urls(std::string_view card_text);

/// Reads a card and looks for one signature by one of `trusted_keys`, a set of keys (RFC 7517). A
/// signature names its key; keys of the set without an id are tried for each. The URL of a key set
/// in a signature (`jku`) is not followed. kUnauthenticated
/// when no signature of a trusted key is right, kParseError and kInvalidParams for a text that is
/// not a card or a set that is not one.
[[nodiscard]] Result<VerifiedCard> verify_card(std::string_view card_text,
                                               std::string_view trusted_keys);

}  // namespace a2akit
