#pragma once

#include "backends/common/intrusive_table.hpp"
#include "core/brief_mutex.hpp"

#include <a2akit/cancel/cancel_registry.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace a2akit {

/// Signals of this process, sharded by task. While there are no cancels, `watch` costs its scope
/// and `forget` one load.
///
/// Keeps a bounded number of signals: if thousands are never forgotten, one may be dropped, and the
/// next renewal of the task's lease reports the cancel again. REQUIRES: outlives its scopes.
class MemoryCancelRegistry final : public CancelRegistry {
public:
    AsyncResult<void> start() override { return Result<void>(); }
    AsyncResult<void> stop(SteadyTime) override { return Result<void>(); }
    AsyncResult<void> check() override { return Result<void>(); }

    AsyncResult<void> request_cancel(TaskId task) override;
    AsyncResult<std::unique_ptr<CancelScope>> watch(TaskId task) override;
    AsyncResult<void> forget(TaskId task) override;

private:
    class Scope;
    struct alignas(64) Shard {
        BriefMutex mutex;
        local::IntrusiveTable<Scope> scopes;
        std::unordered_set<TaskId> requested;
        std::atomic<std::size_t> requested_count{0};
    };
    [[nodiscard]] Shard& shard(TaskId task) noexcept {
        return shards_[local::shard_of(task.hash())];
    }

    std::array<Shard, local::kShards> shards_;
};

}  // namespace a2akit
