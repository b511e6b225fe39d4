#pragma once

#include "backends/common/intrusive_table.hpp"
#include "core/brief_mutex.hpp"

#include <a2akit/event_bus/event_bus.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace a2akit {

/// Wakes the subscribers of this process, directly. Sharded by task; a publish without waiting
/// subscribers is one load.
///
/// REQUIRES: outlives its subscriptions.
class MemoryEventBus final : public EventBus {
public:
    AsyncResult<void> start() override { return Result<void>(); }
    AsyncResult<void> stop(SteadyTime) override { return Result<void>(); }
    AsyncResult<void> check() override { return Result<void>(); }

    AsyncResult<void> publish(Wake wake) override;
    AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId task, Interest interest) override;
    [[nodiscard]] std::vector<TaskId> watched() const override;
    void wake_local(Wake wake, bool erased) override;

private:
    class Subscriber;
    struct alignas(64) Shard {
        mutable BriefMutex mutex;
        local::IntrusiveTable<Subscriber> subscribers;
        std::atomic<std::size_t> count{0};
    };
    [[nodiscard]] Shard& shard(TaskId task) noexcept {
        return shards_[local::shard_of(task.hash())];
    }

    mutable std::array<Shard, local::kShards> shards_;
};

}  // namespace a2akit
