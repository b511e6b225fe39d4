#pragma once

#include "core/aead.hpp"

#include <a2akit/core/ids.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/core/result.hpp>
#include <a2akit/storage/task_update.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace a2akit {

/// Seals transient contexts for one task and turn: AES-256-GCM, with both as associated data, so
/// that what was sealed for one turn opens for no other. Safe from any thread.
class ContextCipher {
public:
    /// A2AKIT_CONTEXT_KEY: 32 bytes as 64 hexadecimal digits or as base64; several, separated by
    /// commas, for a change of keys: the first one seals, all of them open. kInvalidParams, without
    /// a word of the key.
    [[nodiscard]] static Result<ContextCipher> from_text(std::string_view keys);

    /// kInternal when OpenSSL has no randomness.
    [[nodiscard]] Result<SealedContext> seal(const RequestContext& context, TaskId task,
                                             Turn turn) const;
    /// Nothing when it was sealed under another key or for another turn, or was changed.
    [[nodiscard]] std::optional<RequestContext> open(const SealedContext& sealed, TaskId task,
                                                     Turn turn) const;

private:
    explicit ContextCipher(std::vector<AeadKey> keys) : keys_(std::move(keys)) {}
    std::vector<AeadKey> keys_;
};

}  // namespace a2akit
