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

/// What the tasks of one owner that have not ended take, in all shards. From any thread.
struct OwnerUse {
    std::atomic<std::int64_t> bytes{0};
    std::atomic<std::int64_t> tasks{0};
};

/// What is stored in all shards. From any thread; its lock is taken after the lock of a shard.
class StoredBytes {
public:
    std::atomic<std::int64_t> total{0};

    [[nodiscard]] std::shared_ptr<OwnerUse> use_of(const OwnerScope& owner);
    /// Forgets the owner unless somebody holds what `use_of` gave.
    void release(const OwnerScope& owner, std::shared_ptr<OwnerUse> use);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<OwnerUse>> owners_;
};

/// What an update adds to a task. Both about.
struct UpdateSize {
    std::int64_t all = 0;
    std::int64_t input = 0;  ///< Of that, what the end of the turn gives back.
};
[[nodiscard]] UpdateSize size_of(const TaskUpdate& update);
/// Of a task that has ended, with everything that it holds.
[[nodiscard]] std::int64_t size_of(const TaskRecord& task);
[[nodiscard]] std::size_t content_size(const StoredEvent& event);

/// A task that holds nothing yet, with its places in all tables.
inline constexpr std::int64_t kEmptyTask = 1024;

}  // namespace a2akit::backends
