#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/core/shared.hpp>
#include <a2akit/protocol/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace a2akit {

/// On whose behalf a call is made. Every by-id and list call carries one into Storage; a task of
/// another owner or tenant is a task not found.
struct OwnerScope {
    /// The principal's stable name; empty for anonymous. In the ports of a server with several
    /// agents the name of the agent stands in front of it, so that no agent sees another's tasks.
    std::string owner;
    std::string tenant;   ///< Empty for none.
    bool system = false;  ///< The runtime itself: sees every task. Never made from a request.

    [[nodiscard]] static OwnerScope everything() { return {{}, {}, true}; }
    friend bool operator==(const OwnerScope&, const OwnerScope&) = default;
};

/// One piece of an artifact, as one call of the handler produced it.
struct ArtifactChunk {
    /// The first chunk carries name, description…; later ones may carry parts only.
    Shared<Artifact> artifact;
    /// True: the parts follow those already there. False: they replace the artifact.
    bool append = false;
    bool last_chunk = false;
    RawJson metadata;  ///< Of the event, not of the artifact.
};

/// A change of status, as it stands in the event log.
struct StatusChange {
    TaskStatus status;
    RawJson metadata;  ///< Of the event.
};

/// One entry of a task's event log.
struct TaskEvent {
    Sequence sequence = 0;
    std::variant<StatusChange, ArtifactChunk> change;
};

/// A task as Storage holds it at one moment. Copying shares the messages and artifacts.
struct TaskSnapshot {
    TaskId id;
    OwnerScope owner;
    std::string context_id;
    TaskStatus status;
    std::vector<Shared<Artifact>> artifacts;  ///< Chunks already merged.
    std::vector<Shared<Message>> history;     ///< Oldest first.
    RawJson metadata;
    RawJson checkpoint;  ///< What the handler last saved; empty for none.
    /// A direct reply: the answer is this Message, not the task.
    std::optional<Shared<Message>> reply;
    bool revealed = true;  ///< False: get, list, subscribe and cancel do not find it yet.

    Revision revision = 0;
    Sequence last_sequence = 0;
    Turn turn = 0;  ///< The newest turn.
    /// Whether that turn has ended, by a terminal or an interrupted status.
    bool turn_ended = false;
    Epoch epoch = 0;
    bool live_run = false;               ///< Somebody holds a run whose lease has not expired.
    std::optional<Timestamp> cancel_by;  ///< A cancel is pending; forced at this time.
};

/// The task as the protocol shows it. `history_length` as specification 1.0, section 3.2.4.
[[nodiscard]] Task to_task(const TaskSnapshot& snapshot,
                           std::optional<std::int32_t> history_length = std::nullopt,
                           bool include_artifacts = true);

}  // namespace a2akit
