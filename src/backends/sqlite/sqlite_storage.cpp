#include "backends/sqlite/sqlite_storage.hpp"

#include "backends/sqlite/idempotency.hpp"
#include "backends/sqlite/task_reads.hpp"
#include "backends/sqlite/task_writes.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace a2akit::sqlite {
namespace {

/// A reader that answers a long listing does not hold up the others.
unsigned reader_count() { return std::clamp(std::thread::hardware_concurrency() / 2, 2U, 8U); }

constexpr Duration kTellLostRuns = std::chrono::minutes(1);

// One file serves one process, so all runs from before this process opened it are dead.
void end_former_runs(Connection& db, Timestamp now) {
    db.execute("BEGIN IMMEDIATE");
    db.query(
          "UPDATE active SET node = NULL, run_turn = 0, run_claim = NULL, run_until = 0, run_look "
          "= 0, "
          "run_answer = NULL, turn_look = ?1, "
          "look = CASE WHEN input != 0 THEN ?1 WHEN cancel_by IS NOT NULL THEN cancel_look END "
          "WHERE node IS NOT NULL OR look IS NOT NULL")
        .number(to_number(now))
        .run();
    db.execute(
        "UPDATE push SET lease = lease + 1, lease_until = 0 WHERE lease_until != 0; "
        "DELETE FROM nodes; COMMIT");
}

/// The run that is claimed for a waiting receiver in the transaction that makes its turn.
class ClaimAhead {
public:
    ClaimAhead(local::BrokerHub& hub, const Loop* loop) : hub_(hub), loop_(loop) {}

    /// Claims the turn if it is due and a receiver waits. The caller saves `row`, then passes the
    /// task.
    void claim(Session& session, TaskRow& row, const TaskUpdate& update, Appended& appended,
               Timestamp now) {
        if (!update.turn || !appended.turn_due) return;
        const std::uint64_t owner = owner_key(read_owner(session.db(), row.owner));
        local::Seat* seat = hub_.reserve(loop_, owner);
        if (seat == nullptr) return;
        session.on_failure([&hub = hub_, seat, owner] { hub.let_go(*seat, owner); });
        const auto claimed =
            sqlite::claim(session, row, WriteId::next(), row.turn, seat->node, seat->lease, now);
        const auto& made = std::get<ClaimedRun>(claimed);  // nothing else has seen this turn
        run_ = std::make_shared<Run>();
        run_->epoch = made.epoch;
        run_->attempt = made.attempt;
        run_->input = *update.turn;
        run_->input.context.reset();
        run_->appended = made.appended;
        const RunOperation operation{row.task, row.turn, owner};
        session.on_commit([&hub = hub_, seat, operation, run = run_] {
            hub.deliver(*seat, operation, std::make_unique<Run>(std::move(*run)));
        });
        appended.turn_due = false;
    }
    [[nodiscard]] Run* run() const noexcept { return run_.get(); }

private:
    local::BrokerHub& hub_;
    const Loop* loop_;
    std::shared_ptr<Run> run_;
};

void keep_newest(std::vector<Shared<Message>>& history, std::int32_t length) {
    const auto kept = std::min(history.size(), static_cast<std::size_t>(std::max(length, 0)));
    history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kept));
}

std::optional<TaskSnapshot> snapshot_if_wanted(Session& session, const NewTask& task,
                                               const TaskRow& row) {
    if (!task.wants_snapshot) return std::nullopt;
    return read_snapshot(session.db(), row, {}, session.now());
}

Result<Created> create_fresh(Session& session, const NewTask& task, const OwnerScope& scope,
                             const TaskUpdate& update, ClaimAhead ahead) {
    const Timestamp now = session.now();
    // The index refuses an id that is taken, and then the transaction is done again.
    if (auto taken = session.is_done_again() ? find_task(session.db(), task.id) : std::nullopt) {
        auto repeated = repeated_write(*taken, update.id);
        if (!repeated || !taken->made || taken->made->id != update.id) {
            return fail(ErrorCode::kInternal,
                        "the id " + task.id.to_string() + " names another task");
        }
        return Created{*repeated, snapshot_if_wanted(session, task, *taken)};
    }
    TaskRow row;
    row.id = session.next_task();
    row.task = task.id;
    row.owner = session.owner_id(scope);
    row.context = task.context_id;
    row.revealed = task.revealed;
    Created created;
    created.appended = apply(session, row, update, now, true);
    if (update.once) keep_key(session, row, scope, *update.once, created.appended, now);
    if (task.wants_snapshot) created.snapshot = snapshot_of_new(session, row, update);
    ahead.claim(session, row, update, created.appended, now);
    save(session, nullptr, row);
    if (ahead.run() != nullptr) {
        ahead.run()->snapshot = snapshot_of_new(session, row, update);
        ahead.run()->snapshot.status.message.reset();
    }
    return created;
}

Result<Created> create_once(Session& session, const NewTask& task, const OwnerScope& scope,
                            const TaskUpdate& update, const ClaimAhead& ahead) {
    auto first = find_key(session, scope, *update.once);
    if (!first) return std::move(first.error());
    if (!*first) return create_fresh(session, task, scope, update, ahead);
    const KeptWrite& kept = **first;
    return Created{joined(kept), snapshot_if_wanted(session, task, kept.row)};
}

Result<Appended> append_to(Session& session, const TaskId& task, const OwnerScope& scope,
                           const TaskUpdate& update, ClaimAhead ahead) {
    if (update.once) {
        auto first = find_key(session, scope, *update.once);
        if (!first) return std::move(first.error());
        if (*first) {
            if ((*first)->row.task == task) return joined(**first);
            return fail(ErrorCode::kIdempotencyConflict,
                        "Idempotency-Key: this key was used for another task; use a new key for a "
                        "new request");
        }
    }
    auto row = find_task(session, task);
    if (!row || !sees(session.db(), scope, *row)) return not_found(task);
    if (auto repeated = repeated_write(*row, update.id)) return *repeated;
    const Timestamp now = session.now();
    if (auto refused = kernel::refuse(*row, task, update, now)) return std::move(*refused);
    const TaskRow before = *row;
    Appended appended = apply(session, *row, update, now, false);
    if (update.once) keep_key(session, *row, scope, *update.once, appended, now);
    ahead.claim(session, *row, update, appended, now);
    save(session, &before, *row);
    if (ahead.run() != nullptr) ahead.run()->snapshot = read_snapshot(session.db(), *row, {}, now);
    return appended;
}

}  // namespace

Result<std::shared_ptr<SqliteStorage>> SqliteStorage::open(DatabaseOptions options,
                                                           std::shared_ptr<const Clock> clock) {
    auto database = Database::open(std::move(options));
    if (!database) return fail(std::move(database.error()));
    try {
        Parts parts;
        parts.clock = clock ? std::move(clock) : system_clock();
        parts.writer = (*database)->writer();
        parts.checkpointer = (*database)->checkpointer();
        for (unsigned i = 0; i < reader_count(); ++i)
            parts.readers.push_back((*database)->reader());
        end_former_runs(*parts.writer, parts.clock->now());
        const std::string key =
            parts.writer->text_of("SELECT value FROM meta WHERE name = 'cursor_key'");
        if (key.size() != parts.cursor_key.size())
            throw Failure::corrupt("it has no key for page tokens");
        std::copy(key.begin(), key.end(), parts.cursor_key.begin());
        parts.database = std::move(*database);
        return std::shared_ptr<SqliteStorage>(new SqliteStorage(std::move(parts)));
    } catch (const Failure& failure) {
        return fail(failure.to_error());
    }
}

SqliteStorage::SqliteStorage(Parts parts)
    : database_(std::move(parts.database)),
      time_(parts.clock),
      cursors_(parts.cursor_key),
      hub_(parts.clock),
      log_length_(*parts.writer),
      checkpointer_(std::move(parts.checkpointer)),
      writer_(std::move(parts.writer), time_,
              [this](Connection& db) { checkpointer_.log_has_grown(db, log_length_.pages()); }),
      readers_(std::move(parts.readers)) {}

SqliteStorage::~SqliteStorage() = default;

// The read shows that the file is there and has space; the write shows that the disk still accepts
// SQLite's writes.
AsyncResult<void> SqliteStorage::check() {
    auto place = readers_.call<void>([database = database_.get()](Connection& db) -> Result<void> {
        static_cast<void>(db.query("SELECT name FROM meta LIMIT 1").step());
        return database->check_place();
    });
    Result<void> placed = co_await place;
    if (!placed) co_return placed;
    auto probe = writer_.call<void>([](Session& session) -> Result<void> {
        // Another value each time: SQLite writes no page in which nothing changes.
        session.db()
            .query(
                "INSERT INTO meta VALUES('probe', 0) ON CONFLICT DO UPDATE SET value = 1 - value")
            .run();
        return {};
    });
    co_return co_await probe;
}

AsyncResult<void> SqliteStorage::stop(SteadyTime) {
    auto call = writer_.call<void>([](Session&) { return Result<void>(); });
    co_return co_await call;
}

AsyncResult<Created> SqliteStorage::create(NewTask task, OwnerScope scope, TaskUpdate update) {
    const ClaimAhead ahead(hub_, Loop::current());
    auto call = writer_.call<Created>([&](Session& session) {
        return update.once ? create_once(session, task, scope, update, ahead)
                           : create_fresh(session, task, scope, update, ahead);
    });
    co_return co_await call;
}

AsyncResult<TaskSnapshot> SqliteStorage::load(TaskId task, OwnerScope scope,
                                              std::optional<std::int32_t> history_length,
                                              bool include_artifacts) {
    const auto ended = writer_.ended().find(task, scope);
    if (!ended) return load_stored(task, std::move(scope), history_length, include_artifacts);
    TaskSnapshot snapshot = *ended;
    if (!include_artifacts) snapshot.artifacts.clear();
    if (history_length) keep_newest(snapshot.history, *history_length);
    return Result<TaskSnapshot>(std::move(snapshot));
}

AsyncResult<TaskSnapshot> SqliteStorage::load_stored(TaskId task, OwnerScope scope,
                                                     std::optional<std::int32_t> history_length,
                                                     bool include_artifacts) {
    auto call = readers_.call<TaskSnapshot>([&](Connection& db) -> Result<TaskSnapshot> {
        const auto row = find_task(db, task);
        if (!row || !sees(db, scope, *row)) return not_found(task);
        const SnapshotParts parts{history_length, include_artifacts};
        auto snapshot = read_or_note(
            task, unreadable_, [&] { return read_shared_snapshot(db, *row, parts, time_.now()); });
        // A caller that asks for neither is about to end the task, which must stay possible.
        if (!snapshot && history_length == 0 && !include_artifacts)
            return read_head(db, *row, time_.now());
        return snapshot;
    });
    co_return co_await call;
}

AsyncResult<Appended> SqliteStorage::append(TaskId task, OwnerScope scope, TaskUpdate update) {
    const ClaimAhead ahead(hub_, Loop::current());
    auto call = writer_.call<Appended>(
        [&](Session& session) { return append_to(session, task, scope, update, ahead); });
    co_return co_await call;
}

AsyncResult<Claimed> SqliteStorage::claim(WriteId id, TaskId task, Turn turn, NodeId node,
                                          Lease lease) {
    auto call = writer_.call<Claimed>([&](Session& session) -> Result<Claimed> {
        auto row = find_task(session, task);
        if (!row) return Claimed(Refusal::kEnded);
        const Timestamp now = session.now();
        const TaskRow before = *row;
        const auto claimed = sqlite::claim(session, *row, id, turn, node, lease, now);
        if (const auto* refused = std::get_if<Refusal>(&claimed)) return Claimed(*refused);
        const auto& made = std::get<ClaimedRun>(claimed);
        auto run = read_or_note(task, unreadable_, [&] {
            Run read;
            read.epoch = made.epoch;
            read.attempt = made.attempt;
            read.input = read_input(session.db(), *row);
            read.appended = made.appended;
            read.snapshot = read_snapshot(session.db(), *row, {}, now);
            return read;
        });
        // The attempt counts, so that the sweeps end the task after its last one.
        if (!run) kernel::release(*row, made.epoch, Release::kRetry, now, now);
        if (!run || row->revision != before.revision) save(session, &before, *row);
        if (!run) return fail(std::move(run.error()));
        return Claimed(std::move(*run));
    });
    co_return co_await call;
}

AsyncResult<std::vector<Renewal>> SqliteStorage::renew(NodeId node, Lease lease) {
    auto call =
        writer_.call<std::vector<Renewal>>([&](Session& session) -> Result<std::vector<Renewal>> {
            std::vector<Renewal> renewals;
            const Timestamp now = session.now();
            Node& renewed = session.node(node);
            Query query = session.db().query(
                "SELECT t.task, t.epoch, a.cancel_by FROM active a JOIN tasks t ON t.id = a.id "
                "WHERE a.node = ?1");
            query.number(renewed.id);
            while (query.step()) {
                Renewal renewal;
                renewal.task = query.id<TaskId>();
                renewal.epoch = static_cast<Epoch>(query.number());
                renewal.kept = true;
                if (const auto cancel_by = query.maybe()) renewal.cancel_by = to_time(*cancel_by);
                renewals.push_back(renewal);
            }
            if (!renewals.empty()) {
                renewed.until = now + lease;
                session.db()
                    .query("UPDATE nodes SET until = ?2 WHERE id = ?1")
                    .number(renewed.id)
                    .number(to_number(renewed.until))
                    .run();
            }
            // Reported for a while and not only once, since the answer may get lost.
            std::erase_if(session.lost_runs(),
                          [now](const LostRun& lost) { return lost.at + kTellLostRuns < now; });
            for (const LostRun& lost : session.lost_runs()) {
                if (lost.node == node) renewals.push_back({lost.task, lost.epoch, false, {}});
            }
            return renewals;
        });
    co_return co_await call;
}

AsyncResult<std::optional<Turn>> SqliteStorage::release(TaskId task, Epoch epoch, Release how,
                                                        Timestamp not_before) {
    auto call =
        writer_.call<std::optional<Turn>>([&](Session& session) -> Result<std::optional<Turn>> {
            auto row = find_task(session, task);
            if (!row) return std::optional<Turn>();
            const TaskRow before = *row;
            const auto due = kernel::release(*row, epoch, how, not_before, session.now());
            if (before.run && !row->run) save(session, &before, *row);
            return due;
        });
    co_return co_await call;
}

AsyncResult<EventPage> SqliteStorage::events(TaskId task, OwnerScope scope, Sequence after,
                                             EventLimit limit) {
    auto call = readers_.call<EventPage>([&](Connection& db) -> Result<EventPage> {
        const auto row = find_task(db, task);
        if (!row || !sees(db, scope, *row)) return not_found(task);
        if (after < row->compacted) {
            return Error::about_task(
                ErrorCode::kCompacted,
                "the events up to " + std::to_string(row->compacted) + " are kept no longer",
                task.to_string());
        }
        auto events =
            read_or_note(task, unreadable_, [&] { return read_events(db, *row, after, limit); });
        if (!events) return fail(std::move(events.error()));
        return EventPage{std::move(*events), row->last, row->turn, row->state, row->turn_ended};
    });
    co_return co_await call;
}

AsyncResult<std::vector<Tail>> SqliteStorage::tails(std::vector<TaskId> tasks) {
    auto call = readers_.call<std::vector<Tail>>([&](Connection& db) -> Result<std::vector<Tail>> {
        std::vector<Tail> tails;
        tails.reserve(tasks.size());
        for (const TaskId& task : tasks) {
            Query query =
                db.query("SELECT last_event, turn, turn_ended FROM tasks WHERE task = ?1");
            Tail tail{task, 0, 0, false, query.id(task).step()};
            if (tail.exists) {
                tail.last = static_cast<Sequence>(query.number());
                tail.turn = static_cast<Turn>(query.number());
                tail.turn_ended = query.flag();
            }
            tails.push_back(tail);
        }
        return tails;
    });
    co_return co_await call;
}

AsyncResult<std::vector<RunOperation>> SqliteStorage::due_turns(int limit) {
    auto call = readers_.call<std::vector<RunOperation>>([&](Connection& db)
                                                             -> Result<std::vector<RunOperation>> {
        std::vector<RunOperation> turns;
        Query query = db.query(
            "SELECT t.task, t.turn, o.owner FROM active a JOIN tasks t ON t.id = a.id LEFT JOIN "
            "owners o ON o.id = t.owner "
            "WHERE a.input != 0 AND a.node IS NULL ORDER BY a.id LIMIT ?1");
        query.number(limit);
        while (query.step()) {
            const auto task = query.id<TaskId>();
            const auto turn = static_cast<Turn>(query.number());
            turns.push_back({task, turn, owner_key({std::string(query.bytes()), "", false})});
        }
        return turns;
    });
    co_return co_await call;
}

AsyncResult<ContextValue> SqliteStorage::load_context(OwnerScope scope, std::string context_id) {
    auto call = readers_.call<ContextValue>([&](Connection& db) -> Result<ContextValue> {
        const StoredContext context(context_id);
        Query query = db.query(
            "SELECT c.value, c.version FROM contexts c JOIN owners o ON o.id = c.owner "
            "WHERE o.owner = ?1 AND o.tenant = ?2 AND c.context = ?3");
        query.text(scope.owner).text(scope.tenant);
        context.bind(query);
        if (!query.step()) return ContextValue{};
        RawJson value{std::string(query.bytes())};
        return ContextValue{std::move(value), static_cast<std::uint64_t>(query.number())};
    });
    co_return co_await call;
}

AsyncResult<std::uint64_t> SqliteStorage::update_context(OwnerScope scope, std::string context_id,
                                                         RawJson value,
                                                         std::optional<std::uint64_t> expected) {
    auto call = writer_.call<std::uint64_t>([&](Session& session) -> Result<std::uint64_t> {
        Connection& db = session.db();
        const StoredContext context(context_id);
        const std::int64_t owner = session.owner_id(scope);
        std::uint64_t version = 0;
        {
            Query query =
                db.query("SELECT version FROM contexts WHERE owner = ?1 AND context = ?2");
            query.number(owner);
            context.bind(query);
            if (query.step()) version = static_cast<std::uint64_t>(query.number());
        }
        if (expected && *expected != version) {
            return fail(ErrorCode::kRevisionConflict,
                        "the context has version " + std::to_string(version) + ", not " +
                            std::to_string(*expected) + "; load it again");
        }
        // One counter for all: a value that is removed and made again never repeats a version.
        std::int64_t next = 0;
        {
            Query query = db.query(
                "UPDATE meta SET value = value + 1 WHERE name = 'context_version' RETURNING value");
            query.step();
            next = query.number();
            while (query.step()) {
            }
        }
        const bool removes = value.empty();
        Query query = db.query(removes ? "DELETE FROM contexts WHERE owner = ?1 AND context = ?2"
                                       : "INSERT OR REPLACE INTO contexts VALUES(?1, ?2, ?3, ?4)");
        query.number(owner);
        context.bind(query);
        if (!removes) query.text(value.text()).number(next);
        query.run();
        return static_cast<std::uint64_t>(next);
    });
    co_return co_await call;
}

}  // namespace a2akit::sqlite
