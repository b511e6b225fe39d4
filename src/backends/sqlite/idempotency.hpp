#pragma once

#include "backends/sqlite/session.hpp"

#include <optional>

// Idempotency keys and the writes that they have made. On the writer's thread; all throw Failure.

namespace a2akit::sqlite {

struct KeptWrite {
    Appended appended;
    TaskRow row;  ///< The current state of the task that it belongs to.
};
/// The write that the key has made, if it has not expired and its task is still there.
/// kIdempotencyConflict when the request is another one.
[[nodiscard]] Result<std::optional<KeptWrite>> find_key(Session& session, const OwnerScope& scope,
                                                        const IdempotencyKey& key);

void keep_key(Session& session, const TaskRow& row, const OwnerScope& scope,
              const IdempotencyKey& key, const Appended& appended, Timestamp now);

/// The answer to a repetition of the write.
[[nodiscard]] Appended joined(const KeptWrite& kept);

/// Drops some of those that have expired.
void sweep_keys(Connection& db, Timestamp now);

}  // namespace a2akit::sqlite
