#include "backends/sqlite/list_statements.hpp"
#include "backends/sqlite/sqlite_storage.hpp"

#include "backends/common/list_page.hpp"
#include "backends/sqlite/task_reads.hpp"

#include <algorithm>
#include <utility>

// Listing: an index of owner (and context), state and status time gives the keys of each state
// newest first; the best of them are the page, and only those tasks are read.

namespace a2akit::sqlite {
namespace {

struct RowKey : backends::StatusKey {
    std::int64_t row = 0;
};

constexpr int kFirstState = static_cast<int>(TaskState::kUnspecified);
constexpr int kLastState = static_cast<int>(TaskState::kAuthRequired);

class Candidates {
public:
    Candidates(Connection& db, const ListQuery& query, const backends::ListCursor& cursor)
        : db_(db),
          query_(query),
          context_(query.context_id),
          cursor_(cursor),
          first_(query, cursor) {}

    void look_at(std::int64_t owner) {
        for (int state = kFirstState; state <= kLastState; ++state) {
            if (query_.state != TaskState::kUnspecified && state != static_cast<int>(query_.state))
                continue;
            if (query_.context_id.empty()) {
                look_at_state(owner, state);
                if (!first_.continued()) total_ += count(owner, state);
            } else {
                look_at_context(owner, state);
                if (!first_.continued()) total_ += count_in_context(owner, state);
            }
        }
    }

    [[nodiscard]] std::vector<RowKey> take() { return first_.take(); }
    [[nodiscard]] std::int64_t total() const noexcept { return total_; }

private:
    void look_at_state(std::int64_t owner, int state) {
        Query rows = db_.query(kListOfState);
        rows.number(owner).number(state);
        look_at(rows);
    }

    void look_at_context(std::int64_t owner, int state) {
        Query rows = db_.query(kListOfContext);
        rows.number(owner);
        context_.bind(rows);
        rows.number(state);
        look_at(rows);
    }

    /// REQUIRES: all is bound but the times.
    void look_at(Query& rows) {
        rows.number(to_number(first_.continued() ? cursor_.last_time : cursor_.started))
            .number(after());
        while (rows.step()) {
            if (!first_.offer(read_key(rows))) return;
        }
    }
    [[nodiscard]] std::int64_t after() const {
        return query_.status_after ? to_number(*query_.status_after) : INT64_MIN;
    }

    [[nodiscard]] std::int64_t count(std::int64_t owner, int state) {
        if (!query_.status_after) {
            Query query = db_.query("SELECT tasks FROM counts WHERE owner = ?1 AND state = ?2");
            return query.number(owner).number(state).step() ? query.number() : 0;
        }
        Query query = db_.query(kCountOfState);
        query.number(owner).number(state).number(after());
        return query.step() ? query.number() : 0;
    }

    [[nodiscard]] std::int64_t count_in_context(std::int64_t owner, int state) {
        Query query = db_.query(kCountOfContext);
        query.number(owner);
        context_.bind(query);
        query.number(state).number(after());
        return query.step() ? query.number() : 0;
    }

    static RowKey read_key(Query& rows) {
        RowKey key;
        key.time = to_time(rows.number());
        key.id = rows.id<TaskId>();
        key.row = rows.number();
        return key;
    }

    Connection& db_;
    const ListQuery& query_;
    const StoredContext context_;
    const backends::ListCursor& cursor_;
    backends::FirstKeys<RowKey> first_;
    std::int64_t total_ = 0;
};

// A task whose contents cannot be read is listed without them, so that its owner can end it;
// without a readable row it is left out.
std::optional<TaskSnapshot> read_listed(Connection& db, const RowKey& key,
                                        const SnapshotParts& parts, Timestamp now,
                                        backends::UnreadableTasks& unreadable) {
    const auto row = read_or_note(key.id, unreadable, [&] {
        auto found = find_task(db, key.row);
        if (!found) throw Failure::corrupt("an index names a task that is not there");
        return std::move(*found);
    });
    if (!row) return std::nullopt;
    auto snapshot =
        read_or_note(key.id, unreadable, [&] { return read_snapshot(db, *row, parts, now); });
    if (snapshot) return std::move(*snapshot);
    auto head = read_or_note(key.id, unreadable, [&] { return read_head(db, *row, now); });
    return head ? std::optional(std::move(*head)) : std::nullopt;
}

void look_at_owners(Connection& db, const OwnerScope& scope, Candidates& candidates) {
    Query owners =
        db.query(scope.system ? "SELECT id FROM owners"
                              : "SELECT id FROM owners WHERE owner = ?1 AND tenant = ?2");
    if (!scope.system) owners.text(scope.owner).text(scope.tenant);
    while (owners.step()) candidates.look_at(owners.number());
}

}  // namespace

AsyncResult<ListPage> SqliteStorage::list(OwnerScope scope, ListQuery query) {
    auto call = readers_.call<ListPage>([&](Connection& db) -> Result<ListPage> {
        // From here on the snapshot is new: it holds all writes that are stamped earlier than
        // `settled`.
        db.query("COMMIT").run();
        const Timestamp settled = time_.settled();
        db.query("BEGIN").run();
        backends::ListCursor cursor;
        cursor.started = time_.now();
        if (!query.page_token.empty()) {
            auto read = cursors_.read(query.page_token, scope, query);
            if (!read) return std::move(read.error());
            cursor = *read;
        }
        Candidates candidates(db, query, cursor);
        look_at_owners(db, scope, candidates);
        if (query.page_token.empty()) cursor.total = candidates.total();
        const SnapshotParts parts{query.history_length, query.include_artifacts};
        const auto read = [&](const RowKey& key) {
            return read_listed(db, key, parts, time_.now(), unreadable_);
        };
        ListPage page =
            backends::make_page(candidates.take(), cursor, scope, query, cursors_, read);
        page.as_of = settled - Duration(1);
        return page;
    });
    co_return co_await call;
}

}  // namespace a2akit::sqlite
