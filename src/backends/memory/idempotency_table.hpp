#pragma once

#include "backends/common/keyed_hash.hpp"

#include <a2akit/storage/storage.hpp>

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace a2akit::backends {

/// The write that an idempotency key has made.
struct KeyEntry {
    std::array<std::uint8_t, 32> request_hash{};
    Appended appended;
    Timestamp expires{};
};

/// The idempotency keys, in parts with a lock each. A lock is held from looking a key up until its
/// write is applied, so that a repetition never sees half of it. The lock of a part is taken before
/// the lock of any task's shard.
class IdempotencyTable {
public:
    /// One part, locked, for one key.
    class Locked;
    [[nodiscard]] Locked lock(const OwnerScope& scope, const IdempotencyKey& key);
    /// Drops a key, if it still names this task.
    void forget(const std::string& scoped_key, const TaskId& task);
    /// Drops the keys that have expired.
    void sweep(Timestamp now);

private:
    static constexpr std::size_t kParts = 64;
    struct Part {
        using Entries = std::unordered_map<std::string, KeyEntry, KeyedHash>;
        std::mutex mutex;
        Entries entries;
        std::multimap<Timestamp, std::string> expiries;
        void drop(Entries::iterator entry);
    };
    Part& part_of(const std::string& scoped_key) { return parts_[keyed_hash(scoped_key) % kParts]; }

    std::array<Part, kParts> parts_;
};

class IdempotencyTable::Locked {
public:
    Locked(Part& part, std::string scoped_key)
        : part_(part), lock_(part.mutex), scoped_key_(std::move(scoped_key)) {}

    /// The write that the key has made, if it has not expired. kIdempotencyConflict when the
    /// request is another one.
    [[nodiscard]] Result<std::optional<Appended>> find(const IdempotencyKey& key, Timestamp now);
    void put(const IdempotencyKey& key, const Appended& appended, Timestamp now);
    /// Drops the entry: the task that it names is gone.
    void drop();
    [[nodiscard]] const std::string& scoped_key() const noexcept { return scoped_key_; }

private:
    Part& part_;
    std::lock_guard<std::mutex> lock_;
    std::string scoped_key_;
};

}  // namespace a2akit::backends
