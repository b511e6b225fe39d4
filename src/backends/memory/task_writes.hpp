#pragma once

#include "backends/common/merge_artifacts.hpp"
#include "backends/memory/task_shard.hpp"

#include <optional>

// The effects of Storage's calls on one task. All REQUIRE the lock of the task's shard.

namespace a2akit::backends {

/// The first answer, if a write with this id was applied before.
[[nodiscard]] std::optional<Appended> repeated_write(const TaskRecord& task, const WriteId& id);

/// Applies an update that is allowed, and counts `size`, the update's size. `head`: the task's.
Appended apply(TaskShard& shard, TaskRecord& task, kernel::TaskHead head, TaskUpdate&& update,
               UpdateSize size, Timestamp now, bool creates);

/// What a claim asks for.
struct ClaimQuery {
    WriteId id;
    Turn turn = 0;
    NodeId node;
    Lease lease;
};
/// A claim that succeeds returns nullopt, and fills the run except for its snapshot.
[[nodiscard]] std::optional<Refusal> claim(TaskShard& shard, TaskRecord& task,
                                           const ClaimQuery& query, Timestamp now, Run& run);

[[nodiscard]] std::optional<Turn> release(TaskShard& shard, TaskRecord& task, Epoch epoch,
                                          Release how, Timestamp not_before, Timestamp now);

/// Takes a snapshot in two steps: `take` under the lock copies references; `merge`, without it,
/// makes the artifacts.
class SnapshotTaker {
public:
    /// REQUIRES: `snapshot` is empty, and outlives the taker.
    SnapshotTaker(TaskSnapshot& snapshot, std::optional<std::int32_t> history_length,
                  bool include_artifacts)
        : snapshot_(snapshot),
          history_length_(history_length),
          include_artifacts_(include_artifacts) {}
    void take(const TaskRecord& task, Timestamp now);
    /// Merges the chunks of each artifact.
    void merge();

private:
    void take_artifacts(const TaskRecord& task);

    TaskSnapshot& snapshot_;
    std::optional<std::int32_t> history_length_;
    bool include_artifacts_;
    std::vector<ArtifactPiece> pieces_;
};

[[nodiscard]] TaskEvent to_event(const StoredEvent& stored, Sequence sequence);
/// Drops the log of an ended task, and keeps what its snapshot needs.
void compact_log(TaskShard& shard, TaskRecord& task);

}  // namespace a2akit::backends
