#pragma once

#include "security/digest.hpp"

#include <a2akit/core/clock.hpp>

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace a2akit::security {

/// Remembers what was found out about credentials, under their digests: for a limited time, and at
/// most `capacity` of them. The one that was not used for the longest time makes room. Safe from
/// any thread.
template <class Value>
class ExpiringCache {
public:
    explicit ExpiringCache(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] std::optional<Value> find(const Digest& key, Timestamp now) {
        const std::lock_guard lock(mutex_);
        const auto found = places_.find(key);
        if (found == places_.end()) return std::nullopt;
        const auto entry = found->second;
        // A clock that was set back must not make an entry live longer.
        if (now < entry->since || now >= entry->until) {
            places_.erase(found);
            entries_.erase(entry);
            return std::nullopt;
        }
        entries_.splice(entries_.begin(), entries_, entry);
        return entry->value;
    }

    /// Replaces what was remembered under the key.
    void put(const Digest& key, Value value, Timestamp now, Timestamp until) {
        if (until <= now || capacity_ == 0) return;
        const std::lock_guard lock(mutex_);
        if (const auto found = places_.find(key); found != places_.end()) {
            entries_.erase(found->second);
            places_.erase(found);
        } else if (places_.size() >= capacity_) {
            places_.erase(entries_.back().key);
            entries_.pop_back();
        }
        entries_.push_front({key, std::move(value), now, until});
        places_.emplace(key, entries_.begin());
    }

    void clear() {
        const std::lock_guard lock(mutex_);
        places_.clear();
        entries_.clear();
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return places_.size();
    }

private:
    struct Entry {
        Digest key;
        Value value;
        Timestamp since;
        Timestamp until;
    };

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;  ///< The one that was used last comes first.
    std::unordered_map<Digest, typename std::list<Entry>::iterator, DigestHash> places_;
};

}  // namespace a2akit::security
