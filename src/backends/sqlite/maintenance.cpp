#include "backends/common/stored_form.hpp"
#include "backends/sqlite/idempotency.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "backends/sqlite/task_reads.hpp"
#include "backends/sqlite/task_writes.hpp"
#include "core/log.hpp"
#include "core/log_text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace a2akit::sqlite {
namespace {

constexpr std::array kEnded = {TaskState::kCompleted, TaskState::kFailed, TaskState::kCanceled,
                               TaskState::kRejected};
constexpr Duration kKeepLonger = std::chrono::minutes(1);
constexpr Duration kDamagedLookAgain = std::chrono::seconds(30);
constexpr std::size_t kMostDamaged =
    1000;  // remembered; further ones are logged and tried again each time
/// How much of a long job is done in one transaction, so that no request waits long.
constexpr int kStep = 32;
constexpr std::size_t kStepBytes = 8 << 20;
constexpr int kPagesGivenBack = 64;
constexpr int kStepsOfGivingBack = 32;

std::string name_of(Connection& db, std::int64_t id) {
    try {
        Query query = db.query("SELECT task FROM tasks WHERE id = ?1");
        if (query.number(id).step()) return query.id<TaskId>().to_string();
    } catch (const Failure&) {
        // Only the row's number is known.
    }
    return "row " + std::to_string(id);
}

// A task that cannot be read does not keep the others from their upkeep.
void note_damage(Session& session, std::int64_t id, const Failure& failure) {
    auto& damaged = session.damaged();
    if (damaged.contains(id)) return;
    log::error("a task cannot be read and is left as it is; see `a2akit check` task={} error={}",
               name_of(session.db(), id), quoted(failure.what()));
    if (damaged.size() < kMostDamaged) damaged.insert(id);
}

// Runs `function` as a whole: if the task is damaged, its writes are undone. False: the task is
// damaged.
template <class Function>
bool unless_damaged(Session& session, std::int64_t id, Function function) {
    Connection& db = session.db();
    const Session::Mark mark = session.mark();
    db.query("SAVEPOINT one_task").run();
    try {
        function();
        db.query("RELEASE one_task").run();
        return true;
    } catch (const Failure& failure) {
        if (!failure.is_damage() || !db.in_transaction()) throw;
        session.undo(mark);
        db.query("ROLLBACK TO one_task").run();
        db.query("RELEASE one_task").run();
        note_damage(session, id, failure);
        return false;
    }
}

// -- Sweeps

// What to do about a task whose look has come; moves the look.
std::optional<Due> look_at(Session& session, std::int64_t id, Timestamp now) {
    auto row = find_task(session.db(), id);
    if (!row || !row->has_active) throw Failure::corrupt("a turn has no task");
    const TaskRow before = *row;
    const std::optional<Due> found = kernel::look(*row, row->task, now);
    save(session, &before, *row);
    return found;
}

std::vector<std::int64_t> ids_of(Query& query) {
    std::vector<std::int64_t> ids;
    while (query.step()) ids.push_back(query.number());
    return ids;
}

void drop_old_replies(Session& session, Timestamp now) {
    std::vector<std::int64_t> old;
    {
        Query query = session.db().query("SELECT id FROM more WHERE keep_until <= ?1 LIMIT ?2");
        query.number(to_number(now)).number(kStep);
        old = ids_of(query);
    }
    for (const std::int64_t id : old) {
        bool erased = false;
        unless_damaged(session, id, [&] {
            const auto row = find_task(session.db(), id);
            if (!row || !row->has_ended() || row->revealed) return;
            erase(session, *row);
            erased = true;
        });
        if (erased) continue;
        session.db()
            .query("UPDATE more SET keep_until = ?2 WHERE id = ?1")
            .number(id)
            .number(to_number(now + kKeepLonger))
            .run();
    }
}

std::vector<Due> sweep(Session& session, int limit) {
    std::vector<Due> found;
    const Timestamp now = session.now();
    sweep_keys(session.db(), now);
    drop_old_replies(session, now);
    while (static_cast<int>(found.size()) < limit) {
        std::vector<std::int64_t> looks;
        {
            Query query = session.db().query(
                "SELECT id FROM active WHERE look IS NOT NULL AND look <= ?1 ORDER BY look LIMIT "
                "?2");
            query.number(to_number(now)).number(limit - static_cast<int>(found.size()));
            looks = ids_of(query);
        }
        if (looks.empty()) break;
        for (const std::int64_t id : looks) {
            std::optional<Due> due;
            if (unless_damaged(session, id, [&] { due = look_at(session, id, now); })) {
                if (due) found.push_back(*due);
                continue;
            }
            session.db()
                .query("UPDATE active SET look = ?2 WHERE id = ?1")
                .number(id)
                .number(to_number(now + kDamagedLookAgain))
                .run();
        }
    }
    return found;
}

// -- Erasing

struct Resting {
    Timestamp time{};
    std::int64_t id = 0;
    friend auto operator<=>(const Resting&, const Resting&) = default;
};

// Ended tasks, oldest first. A direct reply, which is not among those counted, only when it is
// older than `before`.
std::vector<Resting> oldest_ended(Connection& db, std::optional<TaskState> state,
                                  std::optional<Timestamp> before, int limit) {
    std::vector<Resting> oldest;
    for (const TaskState ended : kEnded) {
        if (state && *state != ended) continue;
        for (const int compacted : {0, 1}) {
            Query query = db.query(
                "SELECT status_time, id FROM tasks WHERE state = ?1 AND state >= 3 AND (compacted "
                "> 0) = ?2 "
                "AND (status_time < ?3 OR revealed) ORDER BY status_time LIMIT ?4");
            query.number(static_cast<std::int64_t>(ended)).number(compacted);
            query.number(before ? to_number(*before) : INT64_MIN).number(limit);
            while (query.step()) {
                const Timestamp time = to_time(query.number());
                oldest.push_back({time, query.number()});
            }
        }
    }
    std::sort(oldest.begin(), oldest.end());
    if (oldest.size() > static_cast<std::size_t>(limit))
        oldest.resize(static_cast<std::size_t>(limit));
    return oldest;
}

std::int64_t count_ended(Session& session, std::optional<TaskState> state) {
    std::int64_t count = 0;
    for (const TaskState ended : kEnded) {
        if (!state || *state == ended) count += session.counted(ended);
    }
    return count;
}

// Retry while unreadable tasks filled the batch.
template <class Pass>
void past_damaged(Session& session, Pass pass) {
    std::size_t known = 0;
    do {
        known = session.damaged().size();
        pass(static_cast<int>(known));
    } while (session.damaged().size() > known);
}

std::vector<TaskId> erase_some(Session& session, const EraseQuery& query, int limit) {
    std::vector<TaskId> erased;
    kernel::Erasing erasing(query, query.keep_at_most ? count_ended(session, query.state) : 0);
    if (!query.ended_before && !erasing.takes(Timestamp::max(), true)) return erased;
    past_damaged(session, [&](int damaged) {
        for (const Resting& one :
             oldest_ended(session.db(), query.state, query.ended_before, limit + damaged)) {
            if (static_cast<int>(erased.size()) == limit) return;
            if (!erasing.takes(one.time, true)) return;
            std::optional<TaskRow> row;
            const bool sound = unless_damaged(session, one.id, [&] {
                row = find_task(session.db(), one.id);
                if (!row) throw Failure::corrupt("an index names a task that is not there");
                erase(session, *row);
            });
            if (!sound) continue;
            erased.push_back(row->task);
            erasing.took(row->revealed);
        }
    });
    return erased;
}

struct Compacted {
    int tasks = 0;
    std::size_t bytes = 0;
};

Result<Compacted> compact_some(Session& session, Timestamp ended_before, int limit) {
    Compacted compacted;
    for (const TaskState ended : kEnded) {
        past_damaged(session, [&](int damaged) {
            std::vector<std::int64_t> ids;
            {
                Query query = session.db().query(
                    "SELECT id FROM tasks WHERE state = ?1 AND state >= 3 AND (compacted > 0) = 0 "
                    "AND status_time < ?2 AND NOT EXISTS (SELECT 1 FROM push p WHERE p.id = "
                    "tasks.id AND p.state = 0 AND (p.task_first OR p.cursor < tasks.last_event)) "
                    "ORDER BY status_time LIMIT ?3");
                query.number(static_cast<std::int64_t>(ended)).number(to_number(ended_before));
                query.number(limit - compacted.tasks + damaged);
                ids = ids_of(query);
            }
            for (const std::int64_t id : ids) {
                if (compacted.tasks == limit || compacted.bytes >= kStepBytes) return;
                const bool done = unless_damaged(session, id, [&] {
                    const auto row = find_task(session.db(), id);
                    if (!row) throw Failure::corrupt("an index names a task that is not there");
                    compacted.bytes += compact(session.db(), *row);
                });
                if (done) ++compacted.tasks;
            }
        });
    }
    return compacted;
}

}  // namespace

AsyncResult<std::vector<Due>> SqliteStorage::due(int limit) {
    auto call = writer_.call<std::vector<Due>>(
        [&](Session& session) -> Result<std::vector<Due>> { return sweep(session, limit); });
    co_return co_await call;
}

AsyncResult<std::vector<TaskId>> SqliteStorage::erase(EraseQuery query) {
    std::vector<TaskId> erased;
    while (static_cast<int>(erased.size()) < query.limit) {
        const int step = std::min(kStep, query.limit - static_cast<int>(erased.size()));
        auto call =
            writer_.call<std::vector<TaskId>>([&](Session& session) -> Result<std::vector<TaskId>> {
                return erase_some(session, query, step);
            });
        Result<std::vector<TaskId>> some = co_await call;
        if (!some) co_return fail(std::move(some.error()));
        erased.insert(erased.end(), some->begin(), some->end());
        if (some->empty()) break;
    }
    if (const Result<void> given_back = co_await give_back_space(); !given_back) {
        co_return fail(Error(given_back.error()));
    }
    co_return erased;
}

// Free pages go back to the file system a few at a time, so that no request waits long for its
// turn.
AsyncResult<void> SqliteStorage::give_back_space() {
    for (int step = 0; step < kStepsOfGivingBack; ++step) {
        auto call = writer_.call<std::int64_t>([](Session& session) -> Result<std::int64_t> {
            static_assert(kPagesGivenBack == 64);
            Connection& db = session.db();
            const std::int64_t free = db.number_of("PRAGMA freelist_count");
            if (free > 0) db.query("PRAGMA incremental_vacuum(64)").run();
            return free - kPagesGivenBack;
        });
        const Result<std::int64_t> left = co_await call;
        if (!left) co_return fail(Error(left.error()));
        if (*left <= 0) break;
    }
    co_return Result<void>();
}

AsyncResult<int> SqliteStorage::compact(Timestamp ended_before, int limit) {
    int compacted = 0;
    while (compacted < limit) {
        const int step = std::min(kStep, limit - compacted);
        auto call = writer_.call<Compacted>(
            [&](Session& session) { return compact_some(session, ended_before, step); });
        const Result<Compacted> some = co_await call;
        if (!some) co_return fail(Error(some.error()));
        compacted += some->tasks;
        if (some->tasks < step && some->bytes < kStepBytes) break;
    }
    co_return compacted;
}

AsyncResult<std::vector<DeadLetter>> SqliteStorage::dead_letters(std::optional<TaskId> after,
                                                                 int limit) {
    auto call = readers_.call<std::vector<DeadLetter>>(
        [&](Connection& db) -> Result<std::vector<DeadLetter>> {
            std::vector<DeadLetter> letters;
            Query query = db.query(
                "SELECT d.task, d.turn, d.reason, d.at, d.attempts, d.message, d.redriven, "
                "t.owner, t.context "
                "FROM dead_letters d JOIN tasks t ON t.id = d.id WHERE d.task > ?1 ORDER BY d.task "
                "LIMIT ?2");
            if (after)
                query.id(*after);
            else
                query.blob({});
            query.number(limit);
            while (query.step()) {
                DeadLetter& letter = letters.emplace_back();
                letter.task = query.id<TaskId>();
                letter.turn = static_cast<Turn>(query.number());
                letter.reason = query.bytes();
                letter.at = to_time(query.number());
                letter.attempts = static_cast<int>(query.number());
                auto message = backends::read_stored_message(query.bytes());
                if (message)
                    letter.message = std::move(*message);
                else
                    unreadable_.note(letter.task, message.error().message);
                if (const auto redriven = query.id<TaskId>(); !redriven.is_nil())
                    letter.redriven = redriven;
                const auto owned = read_or_note(letter.task, unreadable_, [&] {
                    letter.owner = read_owner(db, query.number());
                    letter.context_id = StoredContext::read(query);
                    return true;
                });
                if (!owned) letter.message = {};
            }
            return letters;
        });
    co_return co_await call;
}

AsyncResult<TaskId> SqliteStorage::mark_redriven(TaskId dead_letter, TaskId redriven) {
    auto call = writer_.call<TaskId>([&](Session& session) -> Result<TaskId> {
        Query query = session.db().query(
            "UPDATE dead_letters SET redriven = coalesce(redriven, ?2) WHERE task = ?1 RETURNING "
            "redriven");
        if (query.id(dead_letter).id(redriven).step()) return query.id<TaskId>();
        return Error::about_task(ErrorCode::kTaskNotFound, "there is no dead letter of this task",
                                 dead_letter.to_string());
    });
    co_return co_await call;
}

AsyncResult<std::vector<TaskId>> SqliteStorage::stale_paused(Timestamp before, int limit) {
    auto call =
        readers_.call<std::vector<TaskId>>([&](Connection& db) -> Result<std::vector<TaskId>> {
            std::vector<TaskId> stale;
            for (const TaskState state : {TaskState::kInputRequired, TaskState::kAuthRequired}) {
                Query query = db.query(
                    "SELECT task FROM tasks WHERE state = ?1 AND state >= 3 AND (compacted > 0) = "
                    "0 AND status_time < ?2 "
                    "ORDER BY status_time LIMIT ?3");
                query.number(static_cast<std::int64_t>(state)).number(to_number(before));
                query.number(limit - static_cast<std::int64_t>(stale.size()));
                while (query.step()) stale.push_back(query.id<TaskId>());
            }
            return stale;
        });
    co_return co_await call;
}

AsyncResult<StoredUse> SqliteStorage::stored_use(std::string owner, bool with_bytes) {
    auto call = readers_.call<StoredUse>([&](Connection& db) -> Result<StoredUse> {
        StoredUse use;
        Query count = db.query(
            "SELECT coalesce(sum(c.tasks), 0) FROM counts c JOIN owners o ON o.id = c.owner "
            "WHERE o.owner = ?1");
        if (count.text(owner).step()) use.tasks = count.number();
        if (!with_bytes) return use;
        // The lengths stand at the beginning of a row: the contents are not read for them.
        Query bytes = db.query(
            "SELECT coalesce(sum("
            "coalesce((SELECT sum(coalesce(length(l.chunks), 0) + coalesce(length(l.status), 0)) "
            "FROM log l WHERE l.key BETWEEN t.id << 24 AND (t.id << 24) + 16777215), 0) + "
            "coalesce((SELECT sum(length(m.body)) "
            "FROM messages m WHERE m.key BETWEEN t.id << 24 AND (t.id << 24) + 16777215), 0) + "
            "coalesce((SELECT coalesce(length(r.checkpoint), 0) + coalesce(length(r.metadata), 0) "
            "+ "
            "coalesce(length(r.reply), 0) FROM more r WHERE r.id = t.id), 0)), 0) "
            "FROM owners o JOIN tasks t ON t.owner = o.id WHERE o.owner = ?1 AND t.revealed");
        if (bytes.text(owner).step()) use.bytes = bytes.number();
        return use;
    });
    co_return co_await call;
}

}  // namespace a2akit::sqlite
