#include "cli/card_signature.hpp"

#include "cli/failure.hpp"

#include <a2akit/protocol/card_signature.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace a2akit::cli {
namespace {

/// The keys of a PEM file as a set of keys.
std::string read_keys(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    const Result<std::string> keys = key_set_of_pem(text.str());
    if (!keys) {
        throw usage("--card-key: " + path + " holds no public key or certificate in PEM",
                    "card get");
    }
    return *keys;
}

}  // namespace

std::string SignatureReport::text() const {
    if (outcome == SignatureOutcome::kAbsent) return "absent";
    return (outcome == SignatureOutcome::kVerified ? "verified (" : "unverifiable (") + detail +
           ")";
}

SignatureReport check_signatures(std::string_view json, const AgentCard& card,
                                 const std::string& key_file) {
    const std::string keys = key_file.empty() ? std::string() : read_keys(key_file);
    if (card.signatures.empty()) return {};
    if (keys.empty())
        return {SignatureOutcome::kUnverifiable, "no key is trusted; name one with --card-key"};
    const Result<VerifiedCard> verified = verify_card(json, keys);
    if (!verified)
        return {SignatureOutcome::kUnverifiable, "no signature matches a key of " + key_file};
    return {SignatureOutcome::kVerified, verified->algorithm + ", with a key of " +
                                             std::filesystem::path(key_file).filename().string()};
}

}  // namespace a2akit::cli
