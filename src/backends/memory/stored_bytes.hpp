#pragma once

#include "backends/memory/task_record.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace a2akit::backends {

/// The bytes and the number of one owner's unfinished tasks, in all shards. Safe from any thread.
struct OwnerUse {
    std::atomic<std::int64_t> bytes{0};
    std::atomic<std::int64_t> tasks{0};
};

/// The total of all shards. Safe from any thread; its lock is taken after the lock of a shard.
class StoredBytes {
public:
    std::atomic<std::int64_t> total{0};

    [[nodiscard]] std::shared_ptr<OwnerUse> use_of(const OwnerScope& owner);
    /// Forgets the owner unless a result of `use_of` is still held.
    void release(const OwnerScope& owner, std::shared_ptr<OwnerUse> use);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<OwnerUse>> owners_;
};

/// The bytes that an update adds to a task, approximately.
struct UpdateSize {
    std::int64_t all = 0;
    std::int64_t input = 0;  ///< The part that the end of the turn gives back.
};
[[nodiscard]] UpdateSize size_of(const TaskUpdate& update);
/// The bytes of a task that has ended, with everything that it holds.
[[nodiscard]] std::int64_t size_of(const TaskRecord& task);
[[nodiscard]] std::int64_t size_of(const PushRecord& record);
[[nodiscard]] std::size_t content_size(const StoredEvent& event);

/// The bytes of an empty task, with its entries in all tables.
inline constexpr std::int64_t kEmptyTask = 1024;

}  // namespace a2akit::backends
