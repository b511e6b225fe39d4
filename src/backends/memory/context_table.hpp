#pragma once

#include "backends/common/keyed_hash.hpp"
#include "core/brief_mutex.hpp"

#include <a2akit/storage/context_store.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace a2akit::backends {

/// The values of ContextStore, in parts with a lock each.
class ContextTable {
public:
    [[nodiscard]] ContextValue load(const OwnerScope& scope, const std::string& context_id);
    [[nodiscard]] Result<std::uint64_t> update(const OwnerScope& scope,
                                               const std::string& context_id, RawJson value,
                                               std::optional<std::uint64_t> expected);
    /// While the lock is held, the value of the context with this keyed hash is not dropped: for a
    /// call that makes a task of the context. Taken before the lock of any task's shard, and after
    /// that of an idempotency key.
    [[nodiscard]] std::unique_lock<BriefMutex> pin(std::uint64_t context_hash) {
        return std::unique_lock(parts_[context_hash % kParts].mutex);
    }
    /// Drops the value, if there is one and `used()` does not hold. Calls `used` under the lock, so
    /// that no task of the context can be made meanwhile.
    template <class Used>
    void forget_unless(const OwnerScope& scope, const std::string& context_id, Used used) {
        Part& part = part_of(context_id);
        const std::lock_guard lock(part.mutex);
        auto& values = part.values;
        if (values.empty()) return;
        const auto found = values.find(name_of(scope, context_id));
        if (found != values.end() && !used()) values.erase(found);
    }

private:
    static constexpr std::size_t kParts = 64;
    struct Part {
        BriefMutex mutex;
        std::unordered_map<std::string, ContextValue, KeyedHash> values;
    };
    Part& part_of(const std::string& context_id) { return parts_[keyed_hash(context_id) % kParts]; }
    [[nodiscard]] static std::string name_of(const OwnerScope& scope,
                                             const std::string& context_id);

    std::array<Part, kParts> parts_;
    std::atomic<std::uint64_t> versions_{
        0};  ///< For all: a value that is removed and made again never repeats one.
};

}  // namespace a2akit::backends
