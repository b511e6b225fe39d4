#include "backends/sqlite/idempotency.hpp"

#include <algorithm>

namespace a2akit::sqlite {
namespace {

std::string_view bytes_of(const IdempotencyKey& key) {
    return {reinterpret_cast<const char*>(key.request_hash.data()), key.request_hash.size()};
}

}  // namespace

Result<std::optional<KeptWrite>> find_key(Session& session, const OwnerScope& scope,
                                          const IdempotencyKey& key) {
    Connection& db = session.db();
    const std::int64_t owner = session.find_owner(scope);
    if (owner == 0) return std::optional<KeptWrite>();
    Query query = db.query(
        "SELECT id, hash, answer FROM keys WHERE owner = ?1 AND name = ?2 AND expires > ?3");
    query.number(owner).text(key.key).number(to_number(session.now()));
    if (!query.step()) return std::optional<KeptWrite>();
    auto row = find_task(db, query.number());
    if (!row) return std::optional<KeptWrite>();
    if (query.bytes() != bytes_of(key)) {
        return fail(ErrorCode::kIdempotencyConflict,
                    "Idempotency-Key: this key was used with another request; use a new key for a "
                    "new request");
    }
    auto answers = unpack(query.bytes(), row->task);
    if (answers.empty()) throw Failure::corrupt("a key has no answer");
    return std::optional(KeptWrite{answers.front().appended, std::move(*row)});
}

void keep_key(Session& session, const TaskRow& row, const OwnerScope& scope,
              const IdempotencyKey& key, const Appended& appended, Timestamp now) {
    const std::int64_t expires = to_number(now + key.lifetime);
    const std::string answer = pack({Answer{{}, appended}});
    session.db()
        .query("INSERT OR REPLACE INTO keys VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
        .number(session.owner_id(scope))
        .text(key.key)
        .blob(bytes_of(key))
        .number(row.id)
        .blob(answer)
        .number(expires)
        .run();
}

Appended joined(const KeptWrite& kept) {
    Appended appended = kept.appended;
    appended.repeated = true;
    appended.turn_due = false;
    appended.turn_ended = kept.row.turn != appended.turn || kept.row.turn_ended;
    return appended;
}

void sweep_keys(Connection& db, Timestamp now) {
    constexpr int kAtOnce = 256;
    db.query(
          "DELETE FROM keys WHERE (owner, name) IN "
          "(SELECT owner, name FROM keys WHERE expires <= ?1 ORDER BY expires LIMIT ?2)")
        .number(to_number(now))
        .number(kAtOnce)
        .run();
}

}  // namespace a2akit::sqlite
