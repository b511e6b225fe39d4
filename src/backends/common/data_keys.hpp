#pragma once

#include "core/aead.hpp"

#include <a2akit/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::backends {

/// The keys of A2AKIT_DATA_KEYS, which encrypt what is stored. The first one seals, and all of them
/// open. Safe from any thread.
class DataKeys {
public:
    /// "id:key,id2:key2": an id has 1 to 32 letters, digits, ".", "_" or "-", and names the key in
    /// what it has sealed; a key is 32 bytes as 64 hexadecimal digits or as base64. kInvalidParams
    /// says what is wrong, without a word of a key.
    [[nodiscard]] static Result<DataKeys> parse(std::string_view text);

    /// kInternal when OpenSSL has no randomness. What was sealed opens only with the same `about`.
    [[nodiscard]] Result<std::string> seal(std::string_view plain, std::string_view about) const;
    /// kInternal when it was sealed with none of these keys or about something else, or was
    /// changed; the message names the id of the key.
    [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view about) const;

    /// The id of the key that it was sealed with; empty when it is not in a form that this version
    /// knows.
    [[nodiscard]] static std::string_view key_id(std::string_view sealed) noexcept;
    [[nodiscard]] bool has_key(std::string_view id) const noexcept;
    /// The id of the key that seals.
    [[nodiscard]] const std::string& first_id() const noexcept { return keys_.front().first; }

private:
    explicit DataKeys(std::vector<std::pair<std::string, AeadKey>> keys) : keys_(std::move(keys)) {}
    std::vector<std::pair<std::string, AeadKey>> keys_;
};

}  // namespace a2akit::backends
