#include "backends/postgres/postgres_storage.hpp"

#include "backends/common/content_size.hpp"
#include "backends/common/merge_artifacts.hpp"
#include "backends/common/stored_form.hpp"
#include "backends/postgres/claim_ahead.hpp"
#include "backends/postgres/snapshot_reader.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace a2akit::postgres {
namespace {

/// The results of the functions in sql/write.sql.
enum WriteCode {
    kWritten = 0,
    kNotFound = 1,
    kEnded = 2,
    kOtherRevision = 3,
    kOtherEpoch = 4,
    kRunLives = 5,
    kNotPaused = 6,
    kTooLate = 7,
    kKeyOfOtherRequest = 8,
    kKeyOfOtherTask = 9,
    kIdTaken = 10,
};

Error refusal(int code, const TaskId& task, TaskState state) {
    const auto about = [&task](ErrorCode error, std::string message) {
        return Error::about_task(error, std::move(message), task.to_string());
    };
    switch (code) {
        case kNotFound:
            return not_found(task);
        case kEnded:
            return about(ErrorCode::kTaskTerminal,
                         "the task has ended: " + std::string(to_string(state)));
        case kOtherRevision:
            return about(ErrorCode::kRevisionConflict, "the task has changed since it was read");
        case kOtherEpoch:
            return about(ErrorCode::kLeaseLost, "the run is over");
        case kRunLives:
            return about(ErrorCode::kLiveRun, "the task is being run");
        case kNotPaused:
            return about(ErrorCode::kUnsupportedOperation, "the task takes no message in state " +
                                                               std::string(to_string(state)) +
                                                               "; it does once it is paused");
        case kTooLate:
            return about(ErrorCode::kRevealed,
                         "the task is visible already; it can't be answered by a Message alone");
        case kKeyOfOtherRequest:
            return Error{ErrorCode::kIdempotencyConflict,
                         "Idempotency-Key: this key was used with another request; use a new key "
                         "for a new request",
                         nullptr};
        case kKeyOfOtherTask:
            return Error{ErrorCode::kIdempotencyConflict,
                         "Idempotency-Key: this key was used for another task; use a new key for a "
                         "new request",
                         nullptr};
        default:
            return Error{ErrorCode::kInternal, "the id " + task.to_string() + " names another task",
                         nullptr};
    }
}

void add_scope(PgParams& params, const OwnerScope& scope) {
    params.add(scope.system).bytes(scope.owner).bytes(scope.tenant);
}

PgParams& add_json(PgParams& params, const std::optional<RawJson>& json) {
    return json ? params.bytes(json->text()) : params.null();
}

PgParams& add_bytes(PgParams& params, const std::optional<std::string>& bytes) {
    return bytes ? params.bytes(*bytes) : params.null();
}

PgParams& add_write_id(PgParams& params, const WriteId& id) {
    return id.is_nil() ? params.null() : params.add(id);
}

std::optional<std::int64_t> to_number(const std::optional<Timestamp>& time) {
    return time ? std::optional(from_time(*time)) : std::nullopt;
}

/// What a client will see of the update: status, artifacts, history and direct reply.
void add_output(PgParams& params, const TaskUpdate& update) {
    if (update.status) {
        params.add(static_cast<std::int32_t>(update.status->state));
        const backends::StoredStatus status{update.status->message, update.status_metadata};
        params.bytes_or_null(backends::to_stored(status));
    } else {
        params.null().null();
    }
    if (update.artifacts.empty())
        params.null();
    else
        params.bytes(backends::to_stored(update.artifacts));
    params.add(static_cast<std::int32_t>(update.artifacts.size()));
    if (update.history.empty())
        params.null();
    else
        params.bytes(backends::to_stored(update.history));
    if (update.reply)
        params.bytes(backends::to_stored(**update.reply));
    else
        params.null();
}

void add_turn(PgParams& params, const std::optional<TurnInput>& turn) {
    if (!turn) {
        params.null().null();
        return;
    }
    params.bytes(backends::to_stored(*turn));
    if (turn->sealed_context)
        params.bytes(turn->sealed_context->bytes);
    else
        params.null();
}

/// The state of a task that was just made, without reading it.
TaskSnapshot snapshot_of_new(NewTask task, OwnerScope scope, TaskUpdate update,
                             const Appended& appended, Timestamp status_time) {
    TaskSnapshot snapshot;
    snapshot.id = task.id;
    snapshot.owner = {std::move(scope.owner), std::move(scope.tenant), false};
    snapshot.context_id = std::move(task.context_id);
    snapshot.status.state = appended.after;
    if (update.status) snapshot.status.message = std::move(update.status->message);
    if (appended.after != TaskState::kUnspecified) snapshot.status.timestamp = status_time;
    std::vector<backends::ArtifactPiece> pieces;
    for (auto& chunk : update.artifacts)
        pieces.push_back({std::move(chunk.artifact), chunk.append});
    if (!pieces.empty()) snapshot.artifacts = backends::merge_artifacts(std::move(pieces));
    snapshot.history = std::move(update.history);
    if (update.metadata) snapshot.metadata = std::move(*update.metadata);
    if (update.checkpoint && !is_terminal(appended.after))
        snapshot.checkpoint = std::move(*update.checkpoint);
    snapshot.reply = std::move(update.reply);
    snapshot.revealed = task.revealed || update.reveal;
    snapshot.revision = appended.revision;
    snapshot.last_sequence = appended.last;
    snapshot.turn = appended.turn;
    snapshot.turn_ended = appended.turn_ended;
    snapshot.epoch = update.raise_epoch ? 1 : 0;
    return snapshot;
}

/// The events of one write that lie behind `after`.
Result<void> add_events(PgRow& row, Sequence after, EventPage& page) {
    auto sequence = static_cast<Sequence>(row.i64());
    row.skip();  // its last one
    const Timestamp time = to_time(row.i64());
    const auto state = static_cast<TaskState>(row.i32());
    auto status = backends::read_stored_status(row.bytes());
    if (!status) return fail(std::move(status.error()));
    if (!row.is_null()) {
        auto chunks = backends::read_stored_chunks(row.bytes());
        if (!chunks) return fail(std::move(chunks.error()));
        for (auto& chunk : *chunks) {
            if (sequence > after) page.events.push_back({sequence, std::move(chunk)});
            ++sequence;
        }
    }
    if (state == TaskState::kUnspecified) return {};
    TaskStatus changed{state, std::move(status->message), time};
    page.events.push_back(
        {sequence, StatusChange{std::move(changed), std::move(status->metadata)}});
    return {};
}

}  // namespace

// -- Writes

PgParams PostgresStorage::write_params(const TaskId& task, const OwnerScope& scope,
                                       const TaskUpdate& update, const NewTask* made) const {
    PgParams params = node_->params();
    params.add(task);
    add_scope(params, scope);
    if (made != nullptr)
        params.bytes(made->context_id).add(made->revealed);
    else
        params.null().null();
    add_write_id(params, update.id);
    params.add(update.guard.revision).add(update.guard.epoch).add(update.guard.no_live_run);
    params.add(update.raise_epoch).add(update.reveal);
    add_output(params, update);
    add_turn(params, update.turn);
    add_json(params, update.checkpoint);
    add_json(params, update.metadata);
    params.add(to_number(update.cancel_by));
    add_bytes(params, update.dead_letter);
    params.add(update.once ? std::optional(std::int64_t{update.once->lifetime.count()})
                           : std::nullopt);
    params.add(node_->enqueues());
    if (update.once) {
        const auto& hash = update.once->request_hash;
        params.bytes(update.once->key)
            .bytes({reinterpret_cast<const char*>(hash.data()), hash.size()});
    }
    return params;
}

AsyncResult<Created> PostgresStorage::create(NewTask task, OwnerScope scope, TaskUpdate update) {
    const auto& statement = update.once ? node_->sql().create_once : node_->sql().create;
    ClaimAhead ahead(*node_, update.turn.has_value());
    PgParams params = write_params(task.id, scope, update, &task);
    ahead.add_to(params);
    const auto rows = co_await node_->run(statement, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    if (const int code = row.i32(); code != kWritten) {
        ahead.settled();
        co_return refusal(code, task.id, TaskState::kUnspecified);
    }
    Created created;
    created.appended = read_appended(row, TaskId{row.uuid()});
    const Timestamp time = to_time(row.i64());
    if (created.appended.repeated && task.wants_snapshot) {
        const TaskId first = created.appended.task;
        auto snapshot = co_await load(first, OwnerScope::everything(), std::nullopt, true);
        if (!snapshot) co_return fail(std::move(snapshot.error()));
        created.snapshot = std::move(*snapshot);
    }
    if (created.appended.repeated) co_return created;
    ahead.settled();
    const bool claimed = !row.is_null();
    const auto owner = static_cast<std::uint64_t>(row.i64());
    const Appended appended = created.appended;
    if (appended.turn_due && node_->enqueues()) {
        created.appended.turn_due = false;  // it is in the queue already, or claimed
        if (!claimed) node_->queue().hint();
    }
    if (!claimed && !task.wants_snapshot) co_return created;
    std::optional<TurnInput> input = claimed ? std::move(update.turn) : std::nullopt;
    TaskSnapshot made =
        snapshot_of_new(std::move(task), std::move(scope), std::move(update), appended, time);
    if (task.wants_snapshot) created.snapshot = made;
    if (claimed) ahead.deliver(std::move(made), std::move(*input), appended, owner, time);
    co_return created;
}

AsyncResult<Appended> PostgresStorage::append(TaskId task, OwnerScope scope, TaskUpdate update) {
    const auto& statement = update.once ? node_->sql().append_once : node_->sql().append;
    const bool makes_turn = update.turn.has_value();
    PgParams params = write_params(task, scope, update, nullptr);
    const auto rows = co_await node_->run(statement, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    const int code = row.i32();
    Appended appended = read_appended(row, TaskId{row.uuid()});
    if (code != kWritten) co_return refusal(code, task, appended.after);
    if (makes_turn && appended.turn_due && !appended.repeated && node_->enqueues()) {
        appended.turn_due = false;  // it is in the queue already
        node_->queue().hint();
    }
    co_return appended;
}

AsyncResult<std::vector<Renewal>> PostgresStorage::renew(NodeId node, Lease lease) {
    constexpr int kTries = 10;
    constexpr Duration kApart(20);  // a write that was under way is over then, nearly always
    std::vector<Renewal> renewals;
    std::vector<TaskId> busy;
    for (int tries = 1; tries == 1 || !busy.empty(); ++tries) {
        if (tries > 1) co_await sleep_for(kApart);
        PgParams params = node_->params();
        params.add(node).add(static_cast<std::int64_t>(lease.count()));
        if (tries == 1)
            params.null();
        else
            params.uuids(busy.data(), busy.size());
        const auto rows = co_await node_->run(node_->sql().renew, std::move(params));
        if (!rows) co_return fail(rows.error());
        busy.clear();
        for (int i = 0; i < rows->size(); ++i) {
            PgRow row = (*rows)[i];
            Renewal renewal;
            renewal.task = TaskId{row.uuid()};
            renewal.epoch = static_cast<Epoch>(row.i64());
            renewal.kept = true;
            if (const auto cancel_by = row.optional_i64()) renewal.cancel_by = to_time(*cancel_by);
            // In the end it is kept as it stands: the next round comes before its lease is over.
            if (row.boolean() || tries == kTries)
                renewals.push_back(renewal);
            else
                busy.push_back(renewal.task);
        }
    }
    co_return renewals;
}

AsyncResult<std::optional<Turn>> PostgresStorage::release(TaskId task, Epoch epoch, Release how,
                                                          Timestamp not_before) {
    PgParams params = node_->params();
    params.add(task).add(epoch).add(static_cast<std::int32_t>(how)).add(from_time(not_before));
    const auto rows = co_await node_->run(node_->sql().release, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    if (row.is_null()) co_return std::optional<Turn>();
    co_return std::optional(static_cast<Turn>(row.i32()));
}

// -- Reads

AsyncResult<EventPage> PostgresStorage::events(TaskId task, OwnerScope scope, Sequence after,
                                               EventLimit limit) {
    PgParams params;
    params.add(task);
    add_scope(params, scope);
    params.add(after).add(std::int32_t{std::max(limit.events, 0)}).add(to_bigint(limit.bytes));
    const auto rows = co_await node_->run(node_->sql().events, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (rows->size() == 0) co_return not_found(task);
    EventPage page;
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        page.last = static_cast<Sequence>(row.i64());
        page.turn = static_cast<Turn>(row.i32());
        page.state = static_cast<TaskState>(row.i32());
        page.turn_ended = row.boolean();
        if (const auto compacted = static_cast<Sequence>(row.i64()); after < compacted) {
            co_return Error::about_task(
                ErrorCode::kCompacted,
                "the events up to " + std::to_string(compacted) + " are kept no longer",
                task.to_string());
        }
        if (row.is_null()) break;  // nothing behind `after`
        if (auto added = add_events(row, after, page); !added) {
            co_return fail(node_->unreadable().note(task, added.error().message));
        }
    }
    // A write may hold more events than were asked for.
    backends::ContentBudget budget(limit.bytes);
    std::size_t kept = 0;
    const auto most =
        std::min(page.events.size(), static_cast<std::size_t>(std::max(limit.events, 0)));
    while (kept < most && budget.take(backends::content_size(page.events[kept]))) ++kept;
    page.events.resize(kept);
    co_return page;
}

AsyncResult<std::vector<Tail>> PostgresStorage::tails(std::vector<TaskId> tasks) {
    PgParams params;
    params.uuids(tasks.data(), tasks.size());
    const auto rows = co_await node_->run(node_->sql().tails, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<Tail> tails;
    tails.reserve(tasks.size());
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        Tail& tail = tails.emplace_back();
        tail.task = TaskId{row.uuid()};
        tail.exists = !row.is_null();
        tail.last = static_cast<Sequence>(row.i64());
        tail.turn = static_cast<Turn>(row.i32());
        tail.turn_ended = row.boolean();
    }
    co_return tails;
}

AsyncResult<Timestamp> PostgresStorage::now() {
    const auto rows = co_await node_->run(node_->sql().now, node_->params());
    if (!rows) co_return fail(rows.error());
    co_return to_time((*rows)[0].i64());
}

// -- Listings

AsyncResult<ListPage> PostgresStorage::list(OwnerScope scope, ListQuery query) {
    backends::ListCursor cursor;
    const bool continued = !query.page_token.empty();
    if (continued) {
        auto read = node_->cursors().read(query.page_token, scope, query);
        if (!read) co_return fail(std::move(read.error()));
        cursor = *read;
    }
    const auto page_size = static_cast<std::size_t>(std::max(query.page_size, 1));
    PgParams params = node_->params();
    add_scope(params, scope);
    params.bytes_or_null(query.context_id).add(static_cast<std::int32_t>(query.state));
    params.add(query.status_after ? from_time(*query.status_after)
                                  : std::numeric_limits<std::int64_t>::min());
    if (continued)
        params.add(from_time(cursor.started)).add(from_time(cursor.last_time)).add(cursor.last_id);
    else
        params.null().null().null();
    params.add(static_cast<std::int32_t>(page_size + 1));
    const auto rows = co_await node_->run(node_->sql().list, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    const std::int64_t total = row.i64();
    if (!continued) cursor.total = total;
    cursor.started = to_time(row.i64());
    ListPage page;
    page.total = cursor.total;
    page.as_of = to_time(row.i64());
    std::vector<TaskId> tasks;
    for (const Uuid& id : row.uuid_array()) tasks.push_back(TaskId{id});
    const std::vector<std::int64_t> times = row.i64_array();
    const bool more = tasks.size() > page_size;
    if (more) tasks.resize(page_size);
    if (tasks.empty()) co_return page;
    const std::vector<TaskId> asked = tasks;
    auto found = co_await snapshots(std::move(tasks), query.history_length, query.include_artifacts,
                                    query.max_bytes);
    if (!found) co_return fail(std::move(found.error()));
    const auto looked_at = static_cast<std::size_t>(found->looked_at);
    if (more || looked_at < asked.size()) {
        cursor.last_time = to_time(times[looked_at - 1]);
        cursor.last_id = asked[looked_at - 1];
        page.next_page_token = node_->cursors().write(cursor, scope, query);
    }
    std::size_t at = 0;
    for (TaskSnapshot& task : found->tasks) {
        while (at < asked.size() && asked[at] != task.id) ++at;
        // Changed since it was chosen: it has left the listing.
        if (at < asked.size() && from_time(*task.status.timestamp) == times[at])
            page.tasks.push_back(std::move(task));
    }
    co_return page;
}

// -- Contexts

AsyncResult<ContextValue> PostgresStorage::load_context(OwnerScope scope, std::string context_id) {
    PgParams params;
    params.bytes(scope.owner).bytes(scope.tenant).bytes(context_id);
    const auto rows = co_await node_->run(node_->sql().load_context, std::move(params));
    if (!rows) co_return fail(rows.error());
    ContextValue value;
    if (rows->size() == 0) co_return value;
    PgRow row = (*rows)[0];
    value.value = RawJson(std::string(row.bytes()));
    value.version = static_cast<std::uint64_t>(row.i64());
    co_return value;
}

AsyncResult<std::uint64_t> PostgresStorage::update_context(OwnerScope scope, std::string context_id,
                                                           RawJson value,
                                                           std::optional<std::uint64_t> expected) {
    PgParams params;
    params.bytes(scope.owner)
        .bytes(scope.tenant)
        .bytes(context_id)
        .bytes_or_null(value.text())
        .add(expected);
    const auto rows = co_await node_->run(node_->sql().update_context, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    const int code = row.i32();
    const auto version = static_cast<std::uint64_t>(row.i64());
    if (code == kWritten) co_return version;
    co_return fail(ErrorCode::kRevisionConflict, "the context has version " +
                                                     std::to_string(version) + ", not " +
                                                     std::to_string(*expected) + "; load it again");
}

}  // namespace a2akit::postgres
