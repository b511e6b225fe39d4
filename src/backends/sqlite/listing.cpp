#include "backends/sqlite/list_statements.hpp"
#include "backends/sqlite/sqlite_storage.hpp"

#include "backends/common/content_size.hpp"
#include "backends/sqlite/task_reads.hpp"

#include <algorithm>
#include <utility>

// Listing: an index of owner (and context), state and status time gives the keys of each state
// newest first; the best of them are the page, and only those tasks are read.

namespace a2akit::sqlite {
namespace {

/// A task's place in a listing: newest status first, and newest id first within one millisecond.
struct StatusKey {
    Timestamp time{};
    TaskId task;
    std::int64_t id = 0;
    friend bool operator<(const StatusKey& a, const StatusKey& b) noexcept {
        return a.time != b.time ? a.time > b.time : a.task > b.task;
    }
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
          continued_(!query.page_token.empty()),
          wanted_(static_cast<std::size_t>(std::max(query.page_size, 1)) + 1) {}

    void look_at(std::int64_t owner) {
        for (int state = kFirstState; state <= kLastState; ++state) {
            if (query_.state != TaskState::kUnspecified && state != static_cast<int>(query_.state))
                continue;
            if (query_.context_id.empty()) {
                look_at_state(owner, state);
                if (!continued_) total_ += count(owner, state);
            } else {
                look_at_context(owner, state);
                if (!continued_) total_ += count_in_context(owner, state);
            }
        }
    }

    /// In the order of the listing. One more than the page holds when another page follows.
    [[nodiscard]] std::vector<StatusKey> take() {
        std::sort_heap(best_.begin(), best_.end());
        return std::move(best_);
    }
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
        rows.number(to_number(continued_ ? cursor_.last_time : cursor_.started)).number(after());
        while (rows.step()) {
            const StatusKey key = read_key(rows);
            if (follows(key) && !offer(key)) return;
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

    static StatusKey read_key(Query& rows) {
        StatusKey key;
        key.time = to_time(rows.number());
        key.task = rows.id<TaskId>();
        key.id = rows.number();
        return key;
    }
    // Whether a key comes behind the page before and was there when the listing began.
    [[nodiscard]] bool follows(const StatusKey& key) const {
        if (key.time > cursor_.started) return false;
        return !continued_ || StatusKey{cursor_.last_time, cursor_.last_id, 0} < key;
    }
    /// False when this key, and so every later one of its state, is too late for the page.
    bool offer(const StatusKey& key) {
        if (best_.size() == wanted_) {
            if (!(key < best_.front())) return false;
            std::pop_heap(best_.begin(), best_.end());
            best_.pop_back();
        }
        best_.push_back(key);
        std::push_heap(best_.begin(), best_.end());
        return true;
    }

    Connection& db_;
    const ListQuery& query_;
    const StoredContext context_;
    const backends::ListCursor& cursor_;
    const bool continued_;
    const std::size_t wanted_;
    std::vector<StatusKey> best_;
    std::int64_t total_ = 0;
};

// A task whose contents cannot be read is listed without them, so that its owner can end it;
// without a readable row it is left out.
std::optional<TaskSnapshot> read_listed(Connection& db, const StatusKey& key,
                                        const SnapshotParts& parts, Timestamp now,
                                        backends::UnreadableTasks& unreadable) {
    const auto row = read_or_note(key.task, unreadable, [&] {
        auto found = find_task(db, key.id);
        if (!found) throw Failure::corrupt("an index names a task that is not there");
        return std::move(*found);
    });
    if (!row) return std::nullopt;
    auto snapshot =
        read_or_note(key.task, unreadable, [&] { return read_snapshot(db, *row, parts, now); });
    if (snapshot) return std::move(*snapshot);
    auto head = read_or_note(key.task, unreadable, [&] { return read_head(db, *row, now); });
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
        const bool continued = !query.page_token.empty();
        if (continued) {
            auto read = cursors_.read(query.page_token, scope, query);
            if (!read) return std::move(read.error());
            cursor = *read;
        }
        Candidates candidates(db, query, cursor);
        look_at_owners(db, scope, candidates);
        if (!continued) cursor.total = candidates.total();
        std::vector<StatusKey> keys = candidates.take();
        const auto page_size = static_cast<std::size_t>(std::max(query.page_size, 1));
        bool more = keys.size() > page_size;
        if (more) keys.resize(page_size);

        ListPage page;
        page.total = cursor.total;
        page.as_of = settled - Duration(1);
        page.tasks.reserve(keys.size());
        backends::ContentBudget budget(query.max_bytes);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const SnapshotParts parts{query.history_length, query.include_artifacts};
            auto task = read_listed(db, keys[i], parts, time_.now(), unreadable_);
            if (!task) continue;
            if (!budget.take(backends::content_size(*task))) {
                keys.resize(i);
                more = true;
                break;
            }
            page.tasks.push_back(std::move(*task));
        }
        if (more) {
            cursor.last_time = keys.back().time;
            cursor.last_id = keys.back().task;
            page.next_page_token = cursors_.write(cursor, scope, query);
        }
        return page;
    });
    co_return co_await call;
}

}  // namespace a2akit::sqlite
