#pragma once

#include "backends/common/merge_artifacts.hpp"
#include "backends/memory/task_shard.hpp"

#include <optional>

// The effects of Storage's calls on one task. All REQUIRE the lock of the task's shard.

namespace a2akit::backends {

/// The first answer, if a write with this id was applied before.
[[nodiscard]] std::optional<Appended> repeated_write(const TaskRecord& task, const WriteId& id);

/// Applies an update that is allowed, and counts `size`, the update's size.
Appended apply(TaskShard& shard, TaskRecord& task, TaskUpdate update, UpdateSize size,
               Timestamp now, bool creates);

/// A successful claim: the run's numbers, its input, and its write.
struct ClaimedRun {
    Epoch epoch = 0;
    int attempt = 0;
    TurnInput input;
    Appended appended;
};
[[nodiscard]] std::variant<ClaimedRun, Refusal> claim(TaskShard& shard, TaskRecord& task,
                                                      const WriteId& id, Turn turn,
                                                      const NodeId& node, Lease lease,
                                                      Timestamp now);

[[nodiscard]] std::optional<Turn> release(TaskShard& shard, TaskRecord& task, Epoch epoch,
                                          Release how, Timestamp not_before, Timestamp now);

/// Takes a snapshot in two steps: `take` under the lock copies references; `merged`, without it,
/// makes the artifacts.
class SnapshotTaker {
public:
    SnapshotTaker(std::optional<std::int32_t> history_length, bool include_artifacts)
        : history_length_(history_length), include_artifacts_(include_artifacts) {}
    void take(const TaskRecord& task, Timestamp now);
    /// The snapshot that was taken, with the chunks of each artifact merged.
    [[nodiscard]] TaskSnapshot&& merged() &&;

private:
    std::optional<std::int32_t> history_length_;
    bool include_artifacts_;
    TaskSnapshot snapshot_;
    std::vector<ArtifactPiece> pieces_;
};

[[nodiscard]] TaskEvent to_event(const StoredEvent& stored, Sequence sequence);
/// Drops the log of an ended task, and keeps what its snapshot needs.
void compact_log(TaskShard& shard, TaskRecord& task);

}  // namespace a2akit::backends
