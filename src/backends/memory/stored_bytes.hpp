#pragma once

#include "backends/common/keyed_hash.hpp"
#include "backends/memory/task_record.hpp"
#include "core/brief_mutex.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace a2akit::backends {

struct OwnerName {
    std::string owner;
    std::string tenant;
};
/// A name to look up, in several tables if need be: it is hashed once.
struct OwnerNameView {
    OwnerNameView(std::string_view of_owner, std::string_view of_tenant) noexcept
        : owner(of_owner), tenant(of_tenant), hash(hash_of(of_owner) * 31 + hash_of(of_tenant)) {}
    std::string_view owner;
    std::string_view tenant;
    std::size_t hash;

private:
    // Most calls are without a tenant, many without an owner.
    static std::size_t hash_of(std::string_view name) noexcept {
        return name.empty() ? 0 : keyed_hash(name);
    }
};
struct OwnerHash {
    using is_transparent = void;
    std::size_t operator()(const OwnerNameView& name) const noexcept { return name.hash; }
    std::size_t operator()(const OwnerName& name) const noexcept {
        return OwnerNameView(name.owner, name.tenant).hash;
    }
};
struct OwnerEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
        return a.owner == b.owner && a.tenant == b.tenant;
    }
};

/// The bytes and the number of one owner's unfinished tasks, in all shards. Safe from any thread.
struct OwnerUse {
    std::atomic<std::int64_t> bytes{0};
    std::atomic<std::int64_t> tasks{0};
};

/// The total of all shards. Safe from any thread; its lock is taken after the lock of a shard.
class StoredBytes {
public:
    std::atomic<std::int64_t> total{0};

    [[nodiscard]] std::shared_ptr<OwnerUse> use_of(const OwnerNameView& owner);
    /// Forgets the owner unless a result of `use_of` is still held.
    void release(const OwnerNameView& owner, std::shared_ptr<OwnerUse> use);

private:
    BriefMutex mutex_;
    std::unordered_map<OwnerName, std::shared_ptr<OwnerUse>, OwnerHash, OwnerEqual> owners_;
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
