#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/storage/task_update.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::backends {

/// How messages, chunks and inputs are stored in a database, the same in every engine that writes
/// to disk.
///
/// Each text begins with the number of its format, so that later versions can read what earlier
/// ones wrote; then come fields, each with its length in front: messages and artifacts as the
/// protocol's own JSON. Reading fails with kInternal when the bytes do not have one of these forms:
/// then something else wrote them.

/// The parts of a status event that have no columns: its message and its metadata. Empty when it
/// has neither.
struct StoredStatus {
    std::optional<Shared<Message>> message;
    RawJson metadata;
};
[[nodiscard]] std::string to_stored(const StoredStatus& status);
[[nodiscard]] Result<StoredStatus> read_stored_status(std::string_view bytes);

[[nodiscard]] std::string to_stored(const std::vector<Shared<Message>>& messages);
[[nodiscard]] Result<std::vector<Shared<Message>>> read_stored_messages(std::string_view bytes);

[[nodiscard]] std::string to_stored(const std::vector<ArtifactChunk>& chunks);
[[nodiscard]] Result<std::vector<ArtifactChunk>> read_stored_chunks(std::string_view bytes);

/// Separate JSON: metadata. Empty for none.
[[nodiscard]] Result<RawJson> read_stored_json(std::string_view bytes);

[[nodiscard]] std::string to_stored(const Message& message);
[[nodiscard]] Result<Message> read_stored_message(std::string_view bytes);

/// Without its contexts: the transient one is never stored, and the sealed one is stored
/// separately, so that it can be erased.
[[nodiscard]] std::string to_stored(const TurnInput& input);
[[nodiscard]] Result<TurnInput> read_stored_input(std::string_view bytes);

}  // namespace a2akit::backends
