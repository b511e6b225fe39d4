#pragma once

#include "runtime/context_cipher.hpp"

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace a2akit {

/// Brings a turn's transient context from the request that made the turn to the handler that runs it, and nowhere else.
///
/// Where Storage serves one process only the context goes with the turn as it is. With a key it is also sealed into the
/// turn, and so survives a restart and reaches other nodes. Without one it stays on its node: a handler elsewhere, or
/// after a restart, does without. Safe from any thread.
class ContextVault {
public:
    /// `in_process`: of StorageCapabilities.
    ContextVault(bool in_process, std::optional<ContextCipher> cipher)
        : in_process_(in_process), cipher_(std::move(cipher)) {}

    /// Before the write that makes the turn: puts the context into `input`, or keeps it. The same turn again replaces it.
    [[nodiscard]] Result<void> pack(TurnInput& input, TaskId task, Turn turn,
                                    std::shared_ptr<const RequestContext> context);
    /// After the claim: gives `input` its context, if it is to be had.
    void unpack(TurnInput& input, TaskId task, Turn turn);
    /// When the turn has ended, or was never made.
    void forget(TaskId task, Turn turn) noexcept;

private:
    // What other nodes ran is forgotten here only to make room: the oldest first.
    static constexpr std::size_t kShards = 16;
    static constexpr std::size_t kMostPerShard = 4096;
    struct Kept {
        Turn turn = 0;
        std::shared_ptr<const RequestContext> context;
    };
    struct Shard {
        std::mutex mutex;
        std::unordered_map<TaskId, Kept> kept;
        std::deque<TaskId> oldest;  ///< In the order kept; some were forgotten since.
    };
    [[nodiscard]] Shard& shard_of(TaskId task) noexcept { return shards_[task.hash() % kShards]; }

    bool in_process_;
    std::optional<ContextCipher> cipher_;
    std::array<Shard, kShards> shards_;
};

}  // namespace a2akit
