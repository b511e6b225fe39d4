#pragma once

#include <a2akit/protocol/agent_card.hpp>

#include <string>
#include <string_view>

namespace a2akit::cli {

enum class SignatureOutcome { kAbsent, kVerified, kUnverifiable };

struct SignatureReport {
    SignatureOutcome outcome = SignatureOutcome::kAbsent;
    std::string detail = {};  ///< Human-readable: which key, or why not.
    /// "verified (ES256, key a.pem)"
    [[nodiscard]] std::string text() const;
};

/// Verifies the signatures of a card (specification 1.0, section 8.4.3) with the public keys or
/// certificates of a PEM file; ES256, RS256 and EdDSA. Keys that the card itself names are not
/// trusted. `json` is the card as it was published. An empty `key_file` verifies nothing. Throws
/// Failure (usage) when the file holds no key.
[[nodiscard]] SignatureReport check_signatures(std::string_view json, const AgentCard& card,
                                               const std::string& key_file);

}  // namespace a2akit::cli
