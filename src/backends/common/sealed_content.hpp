#pragma once

#include "backends/common/data_keys.hpp"

#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::backends {

/// Encrypts the contents of one task, and decrypts them. Each piece is bound to the task and to
/// what it is, so that pieces of other tasks, or of another kind, do not open in its place.
///
/// A sealed message or artifact has one part, of the media type kSealedType; the ids of artifacts
/// and the roles of messages stay readable, as the engines work with the former. Sealed JSON is an
/// object with one string. What is not sealed is left as it is: it was stored before there was a
/// key. Everything that opens fails with kInternal, as DataKeys::open does.
class SealedContent {
public:
    static constexpr std::string_view kSealedType = "application/vnd.a2akit.sealed";

    /// REQUIRES: `keys` outlives it.
    SealedContent(const DataKeys& keys, TaskId task) : keys_(keys), task_(task) {}

    [[nodiscard]] Result<void> seal(TaskUpdate& update) const;
    [[nodiscard]] Result<void> open(TaskSnapshot& snapshot) const;
    [[nodiscard]] Result<void> open(TurnInput& input) const;
    [[nodiscard]] Result<void> open(TaskEvent& event) const;
    [[nodiscard]] Result<void> open(Shared<Message>& message) const;

    /// All but the id of the configuration.
    [[nodiscard]] Result<void> seal(TaskPushNotificationConfig& config) const;
    [[nodiscard]] Result<void> open(TaskPushNotificationConfig& config) const;

    /// Seals again, under the first key, what another key has sealed. False: nothing was to be
    /// done.
    [[nodiscard]] Result<bool> renew(Shared<Message>& message) const;
    [[nodiscard]] Result<bool> renew(ArtifactChunk& chunk) const;
    [[nodiscard]] Result<bool> renew(TurnInput& input) const;
    [[nodiscard]] Result<bool> renew(TaskPushNotificationConfig& config) const;
    /// The status of an event.
    [[nodiscard]] Result<bool> renew(std::optional<Shared<Message>>& message,
                                     RawJson& metadata) const;
    [[nodiscard]] Result<bool> renew_checkpoint(RawJson& checkpoint) const;
    [[nodiscard]] Result<bool> renew_metadata(RawJson& metadata) const;

private:
    [[nodiscard]] std::string about(std::string_view kind) const;
    [[nodiscard]] Result<void> seal(Shared<Message>& message) const;
    [[nodiscard]] Result<void> seal(Shared<Artifact>& artifact) const;
    [[nodiscard]] Result<void> open(Shared<Artifact>& artifact) const;
    [[nodiscard]] Result<void> seal(RawJson& json, std::string_view kind) const;
    [[nodiscard]] Result<void> open(RawJson& json, std::string_view kind) const;
    [[nodiscard]] Result<bool> renew(std::string& bytes, std::string_view kind) const;
    [[nodiscard]] Result<bool> renew(RawJson& json, std::string_view kind) const;

    const DataKeys& keys_;
    const TaskId task_;
};

/// The same for JSON that belongs to no task.
[[nodiscard]] Result<RawJson> seal_json(const DataKeys& keys, const RawJson& json,
                                        std::string_view about);
[[nodiscard]] Result<RawJson> open_json(const DataKeys& keys, const RawJson& json,
                                        std::string_view about);
/// Seals it again when another key than the first one has sealed it. False: nothing was to be done.
[[nodiscard]] Result<bool> renew_json(const DataKeys& keys, RawJson& json, std::string_view about);
/// What the value of a context is sealed about.
[[nodiscard]] std::string about_context(std::string_view owner, std::string_view tenant,
                                        std::string_view context_id);
/// Whether it has the form that seal_json makes.
[[nodiscard]] bool is_sealed(const RawJson& json) noexcept;

/// The ids of the keys with which pieces of it are sealed, in order; one that is empty stands for a
/// piece of a form that this version does not know.
using KeyIds = std::vector<std::string>;
void add_key_ids(const Message& message, KeyIds& ids);
void add_key_ids(const Artifact& artifact, KeyIds& ids);
void add_key_ids(const RawJson& json, KeyIds& ids);
void add_key_ids(const TaskPushNotificationConfig& config, KeyIds& ids);

}  // namespace a2akit::backends
