#include "backends/memory/idempotency_table.hpp"

#include <utility>

namespace a2akit::backends {
namespace {

// With lengths in front, so that no two scopes share a key.
std::string scoped(const OwnerScope& scope, const IdempotencyKey& key) {
    std::string text = std::to_string(scope.owner.size());
    text += ':';
    text += scope.owner;
    text += std::to_string(scope.tenant.size());
    text += ':';
    text += scope.tenant;
    text += key.key;
    return text;
}

}  // namespace

IdempotencyTable::Locked IdempotencyTable::lock(const OwnerScope& scope,
                                                const IdempotencyKey& key) {
    std::string scoped_key = scoped(scope, key);
    Part& part = part_of(scoped_key);
    return Locked(part, std::move(scoped_key));
}

void IdempotencyTable::forget(const std::string& scoped_key, const TaskId& task) {
    Part& part = part_of(scoped_key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.entries.find(scoped_key);
    if (found != part.entries.end() && found->second.appended.task == task) part.drop(found);
}

void IdempotencyTable::sweep(Timestamp now) {
    for (Part& part : parts_) {
        const std::lock_guard lock(part.mutex);
        while (!part.expiries.empty() && part.expiries.begin()->first <= now) {
            part.drop(part.entries.find(part.expiries.begin()->second));
        }
    }
}

void IdempotencyTable::Part::drop(Entries::iterator entry) {
    auto [from, to] = expiries.equal_range(entry->second.expires);
    while (from != to && from->second != entry->first) ++from;
    if (from != to) expiries.erase(from);
    entries.erase(entry);
}

Result<std::optional<Appended>> IdempotencyTable::Locked::find(const IdempotencyKey& key,
                                                               Timestamp now) {
    const auto found = part_.entries.find(scoped_key_);
    if (found == part_.entries.end()) return std::optional<Appended>();
    if (found->second.expires <= now) {
        part_.drop(found);
        return std::optional<Appended>();
    }
    if (found->second.request_hash != key.request_hash) {
        return fail(ErrorCode::kIdempotencyConflict,
                    "Idempotency-Key: this key was used with another request; use a new key for a "
                    "new request");
    }
    return std::optional(found->second.appended);
}

void IdempotencyTable::Locked::put(const IdempotencyKey& key, const Appended& appended,
                                   Timestamp now) {
    const Timestamp expires = now + key.lifetime;
    part_.entries[scoped_key_] = {key.request_hash, appended, expires};
    part_.expiries.emplace(expires, scoped_key_);
}

void IdempotencyTable::Locked::drop() {
    const auto found = part_.entries.find(scoped_key_);
    if (found != part_.entries.end()) part_.drop(found);
}

}  // namespace a2akit::backends
