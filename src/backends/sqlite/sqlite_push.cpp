#include "backends/sqlite/push_rows.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "backends/sqlite/task_reads.hpp"

#include <utility>

namespace a2akit::sqlite {
namespace {

backends::PushTaskFacts facts_of(const TaskRow& row) {
    return {row.last, row.revealed, row.has_ended()};
}

std::optional<TaskRow> visible_task(Connection& db, const OwnerScope& scope, const TaskId& task) {
    auto row = find_task(db, task);
    if (!row || !sees(db, scope, *row)) return std::nullopt;
    return row;
}

Result<PushConfig> put(Session& session, const OwnerScope& scope, const NewPushConfig& config) {
    Connection& db = session.db();
    const auto task = visible_task(db, scope, config.task);
    if (!task) return not_found(config.task);
    const Timestamp now = session.now();
    auto row = find_push_row(db, task->id, config.config.id);
    if (row) {
        row->progress = replaced_progress(std::move(row->progress), config, now);
    } else {
        if (count_push_rows(db, task->id) >= config.at_most)
            return backends::too_many_configs(config);
        row.emplace();
        row->id = task->id;
        row->config.key = Uuid::generate();
        row->config.task = task->task;
        row->progress = backends::new_progress(config, facts_of(*task), now);
    }
    row->config.config = config.config;
    row->config.version = config.version;
    save_push_row(db, *row, task->last);
    session.note_push();
    return row->config;
}

#define A2AKIT_PUSH_IS_DUE                                                         \
    "p.state = 0 AND p.next_try <= ?1 AND p.lease_until <= ?1 AND t.revealed AND " \
    "(p.task_first OR p.cursor < t.last_event) "

bool is_any_due(Connection& db, Timestamp now) {
    Query query = db.query(
        "SELECT 1 FROM push p JOIN tasks t ON t.id = p.id WHERE " A2AKIT_PUSH_IS_DUE "LIMIT 1");
    return query.number(to_number(now)).step();
}

/// `retries`: of those whose last attempt failed, or of the others.
std::vector<PushRow> due_rows(Connection& db, const PushQuery& query, bool retries, int limit,
                              Timestamp now) {
    std::vector<PushRow> rows;
    if (limit <= 0) return rows;
    Query found = db.query("SELECT " A2AKIT_PUSH_COLUMNS
                           "FROM push p JOIN tasks t ON t.id = p.id WHERE " A2AKIT_PUSH_IS_DUE
                           "AND (p.attempts > 0) = ?2 AND (?3 IS NULL OR t.task = ?3) "
                           "ORDER BY p.next_try, p.key LIMIT ?4");
    found.number(to_number(now)).number(retries ? 1 : 0);
    if (query.task)
        found.id(*query.task);
    else
        found.null();
    found.number(limit);
    while (found.step()) rows.push_back(read_push_row(found));
    return rows;
}

std::vector<PushDelivery> lease_due(Session& session, const PushQuery& query) {
    Connection& db = session.db();
    const Timestamp now = session.now();
    std::vector<PushRow> rows = due_rows(db, query, false, query.limit, now);
    const int left = query.limit - static_cast<int>(rows.size());
    for (PushRow& row : due_rows(db, query, true, std::min(left, query.retries), now))
        rows.push_back(std::move(row));
    std::vector<PushDelivery> due;
    for (PushRow& row : rows) {
        backends::take_lease(row.progress, query.lease, now);
        const auto task = find_task(db, row.id);
        if (task) save_push_progress(db, row, task->last);
        if (!task) throw Failure::corrupt("a push notification configuration has no task");
        due.push_back({std::move(row.config), task->context, row.progress.cursor,
                       row.progress.task_first, row.progress.attempts, row.progress.lease});
    }
    return due;
}

}  // namespace

AsyncResult<PushConfig> SqliteStorage::put_config(OwnerScope scope, NewPushConfig config) {
    auto call =
        writer_.call<PushConfig>([&](Session& session) { return put(session, scope, config); });
    co_return co_await call;
}

AsyncResult<std::optional<PushConfig>> SqliteStorage::find_config(OwnerScope scope, TaskId task,
                                                                  std::string id) {
    using Found = std::optional<PushConfig>;
    auto call = readers_.call<Found>([&](Connection& db) -> Result<Found> {
        const auto row = visible_task(db, scope, task);
        if (!row) return not_found(task);
        auto found = find_push_row(db, row->id, id);
        if (!found) return Found();
        return Found(std::move(found->config));
    });
    co_return co_await call;
}

AsyncResult<std::vector<PushConfig>> SqliteStorage::list_configs(OwnerScope scope, TaskId task) {
    using All = std::vector<PushConfig>;
    auto call = readers_.call<All>([&](Connection& db) -> Result<All> {
        const auto row = visible_task(db, scope, task);
        if (!row) return not_found(task);
        All all;
        Query query = db.query("SELECT " A2AKIT_PUSH_COLUMNS
                               "FROM push p JOIN tasks t ON t.id = p.id WHERE p.id = ?1 ORDER BY "
                               "p.name");
        query.number(row->id);
        while (query.step()) all.push_back(read_push_row(query).config);
        return all;
    });
    co_return co_await call;
}

AsyncResult<void> SqliteStorage::remove_config(OwnerScope scope, TaskId task, std::string id) {
    auto call = writer_.call<void>([&](Session& session) -> Result<void> {
        const auto row = visible_task(session.db(), scope, task);
        if (!row) return not_found(task);
        session.db()
            .query("DELETE FROM push WHERE id = ?1 AND name = ?2")
            .number(row->id)
            .text(id)
            .run();
        return {};
    });
    co_return co_await call;
}

// Most looks find nothing, and those write nothing.
AsyncResult<std::vector<PushDelivery>> SqliteStorage::due_deliveries(PushQuery query) {
    auto look = readers_.call<bool>(
        [&](Connection& db) -> Result<bool> { return is_any_due(db, time_.now()); });
    const Result<bool> any = co_await look;
    if (!any) co_return fail(Error(any.error()));
    if (!*any) co_return std::vector<PushDelivery>();
    auto call = writer_.call<std::vector<PushDelivery>>(
        [&](Session& session) -> Result<std::vector<PushDelivery>> {
            return lease_due(session, query);
        });
    co_return co_await call;
}

AsyncResult<void> SqliteStorage::settle(Uuid key, std::uint64_t lease, PushOutcome outcome) {
    auto call = writer_.call<void>([&](Session& session) -> Result<void> {
        auto row = find_push_row(session.db(), key);
        if (!row) return backends::lost_push_lease();
        const auto task = find_task(session.db(), row->id);
        if (!task ||
            !backends::settle(row->progress, lease, outcome, facts_of(*task), session.now()))
            return backends::lost_push_lease();
        save_push_progress(session.db(), *row, task->last);
        return {};
    });
    co_return co_await call;
}

AsyncResult<std::vector<PushDeadLetter>> SqliteStorage::dead_deliveries(std::optional<Uuid> after,
                                                                        int limit) {
    using Letters = std::vector<PushDeadLetter>;
    auto call = readers_.call<Letters>([&](Connection& db) -> Result<Letters> {
        Letters letters;
        Query query = db.query("SELECT " A2AKIT_PUSH_COLUMNS
                               ", t.owner FROM push p JOIN tasks t ON t.id = p.id "
                               "WHERE p.state = 2 AND p.key > ?1 ORDER BY p.key LIMIT ?2");
        if (after)
            query.id(*after);
        else
            query.blob({});
        query.number(limit);
        while (query.step()) {
            PushRow row = read_push_row(query);
            letters.push_back({row.config.key, row.config.task, read_owner(db, query.number()),
                               std::move(row.config.config.id), row.progress.cursor,
                               row.progress.attempts, std::move(row.progress.reason),
                               row.progress.at});
        }
        return letters;
    });
    co_return co_await call;
}

AsyncResult<void> SqliteStorage::redrive_delivery(Uuid key) {
    auto call = writer_.call<void>([&](Session& session) -> Result<void> {
        auto row = find_push_row(session.db(), key);
        if (!row || !backends::redrive(row->progress, session.now()))
            return backends::no_dead_delivery();
        const auto task = find_task(session.db(), row->id);
        if (!task) return backends::no_dead_delivery();
        save_push_progress(session.db(), *row, task->last);
        return {};
    });
    co_return co_await call;
}

}  // namespace a2akit::sqlite
