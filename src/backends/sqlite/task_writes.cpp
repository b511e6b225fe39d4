#include "backends/sqlite/task_writes.hpp"

#include "backends/common/merge_artifacts.hpp"
#include "backends/common/stored_form.hpp"
#include "backends/sqlite/push_rows.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_reads.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::sqlite {
namespace {

using backends::to_stored;

constexpr std::size_t kRememberedAnswers = 6;

template <class T>
T readable(Result<T> stored) {
    if (!stored) throw Failure::corrupt(stored.error().message);
    return std::move(*stored);
}

void check_place(std::uint64_t place) {
    if (place > static_cast<std::uint64_t>(kMaxPlace)) {
        throw Failure(18 /* SQLITE_TOOBIG */,
                      "a task has more events or messages than the database can number");
    }
}

// -- Turns

void drop_input(Session& session, TaskRow& row) {
    if ((row.input & 1) != 0)
        session.db().query("DELETE FROM inputs WHERE id = ?1").number(row.id).run();
    row.input = 0;
}

// The message goes into the history with the same update as a rule: then it is stored there only.
void keep_input(Session& session, TaskRow& row, const TaskUpdate& update) {
    const TurnInput& input = *update.turn;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < update.history.size(); ++i) {
        if (update.history[i].same_as(input.message)) number = row.messages + i + 1;
    }
    const bool plain = number != 0 && input.metadata.empty() &&
                       input.accepted_output_modes.empty() && input.extensions.empty() &&
                       !input.sealed_context;
    row.input = static_cast<std::int64_t>(2 * number + (plain ? 0 : 1));
    if (plain) return;
    TurnInput stored = input;
    if (number != 0) stored.message = Shared<Message>();
    const std::string bytes = to_stored(stored);
    const std::string sealed = input.sealed_context ? input.sealed_context->bytes : std::string();
    session.db()
        .query("INSERT OR REPLACE INTO inputs VALUES(?1, ?2, ?3)")
        .number(row.id)
        .blob(bytes)
        .maybe_blob(sealed)
        .run();
}

Shared<Message> message_of_turn(Connection& db, const TaskRow& row) {
    const std::int64_t place = row.input;
    if (place == 1) {
        Query query = db.query("SELECT input FROM inputs WHERE id = ?1");
        if (!query.number(row.id).step()) throw Failure::corrupt("a turn has no input");
        return readable(backends::read_stored_input(query.bytes())).message;
    }
    const auto number = static_cast<std::uint64_t>(place / 2);
    Query query = db.query("SELECT key, body FROM messages WHERE key >= ?1 ORDER BY key LIMIT 1");
    if (!query.number(key_of(row.id, number)).step())
        throw Failure::corrupt("a turn has no message");
    const std::uint64_t last = place_of(query.number());
    const auto messages = readable(backends::read_stored_messages(query.bytes()));
    if (last < number || last - number >= messages.size())
        throw Failure::corrupt("a turn has no message");
    return messages[messages.size() - 1 - (last - number)];
}

// -- Parts of an update

// -- The table of what few tasks have

void make_more(Session& session, TaskRow& row) {
    if (std::exchange(row.has_more, true)) return;
    session.db().query("INSERT INTO more(id) VALUES(?1)").number(row.id).run();
}

void set_more(Session& session, TaskRow& row, const char* sql, std::string_view value) {
    make_more(session, row);
    session.db().query(sql).number(row.id).maybe_blob(value).run();
}

void keep_reply_until(Session& session, TaskRow& row, Timestamp until) {
    make_more(session, row);
    session.db()
        .query("UPDATE more SET keep_until = coalesce(keep_until, ?2) WHERE id = ?1")
        .number(row.id)
        .number(to_number(until))
        .run();
}

void add_more(Session& session, TaskRow& row, const TaskUpdate& update,
              const kernel::Effects& effects) {
    if (update.reply) {
        const std::string reply = to_stored(**update.reply);
        set_more(session, row, "UPDATE more SET reply = ?2 WHERE id = ?1", reply);
    }
    if (update.metadata) {
        set_more(session, row, "UPDATE more SET metadata = ?2 WHERE id = ?1",
                 update.metadata->text());
    }
    if (update.checkpoint && !row.has_ended()) {
        set_more(session, row, "UPDATE more SET checkpoint = ?2 WHERE id = ?1",
                 update.checkpoint->text());
    }
    if (row.has_ended() && row.has_more) {
        session.db()
            .query("UPDATE more SET checkpoint = NULL WHERE id = ?1 AND checkpoint IS NOT NULL")
            .number(row.id)
            .run();
    }
    if (effects.keep_reply_until) keep_reply_until(session, row, *effects.keep_reply_until);
}

// -- Rows of an update

void add_history(Connection& db, TaskRow& row, const std::vector<Shared<Message>>& messages) {
    if (messages.empty()) return;
    row.messages += messages.size();
    check_place(row.messages);
    const std::string body = to_stored(messages);
    db.query("INSERT INTO messages VALUES(?1, ?2)")
        .number(key_of(row.id, row.messages))
        .blob(body)
        .run();
}

// The row of the log that ends with the task's last event. `message`: of the status, if `status`.
void add_events(Session& session, TaskRow& row, const std::vector<ArtifactChunk>& artifacts,
                bool status, const std::optional<Shared<Message>>& message,
                const RawJson& metadata) {
    if (!status && artifacts.empty()) return;
    check_place(row.last);
    const std::string chunks = artifacts.empty() ? std::string() : to_stored(artifacts);
    std::string rest;
    if (status) {
        rest = to_stored(backends::StoredStatus{message, metadata});
        row.status_at = message ? row.last : 0;
    }
    Query query = session.db().query("INSERT INTO log VALUES(?1, ?2, ?3, ?4, ?5)");
    query.number(key_of(row.id, row.last));
    if (status)
        query.number(static_cast<std::int64_t>(row.state)).number(to_number(row.status_time));
    else
        query.null().null();
    query.maybe_blob(chunks).maybe_blob(rest).run();
    if (session.has_pushes()) wake_push_rows(session.db(), row.id);
}

void remember(TaskRow& row, const WriteId& id, const Appended& appended, bool made) {
    Answer answer{id, appended};
    if (made) row.made = answer;
    if (row.has_ended()) {
        row.ended = std::move(answer);
        return;
    }
    if (made) return;
    auto& answers = row.answers;
    if (answers.size() >= kRememberedAnswers) answers.erase(answers.begin());
    answers.push_back(std::move(answer));
}

// Empty when it cannot be read, which must not keep the task from being ended.
Shared<Message> message_for_dead_letter(Connection& db, const TaskRow& row) {
    if (row.input == 0) return {};
    try {
        return message_of_turn(db, row);
    } catch (const Failure& failure) {
        if (!failure.is_damage()) throw;
        return {};
    }
}

// `former`: the task before its end.
void add_dead_letter(Session& session, const TaskRow& row, const kernel::TaskHead& former,
                     const std::string& reason) {
    const Shared<Message> message = message_for_dead_letter(session.db(), row);
    const std::string bytes = to_stored(*message);
    session.db()
        .query("INSERT OR REPLACE INTO dead_letters VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)")
        .id(row.task)
        .number(row.id)
        .number(former.turn)
        .text(reason)
        .number(to_number(row.status_time))
        .number(former.attempts)
        .blob(bytes)
        .run();
}

// The run of this epoch is over, and its node has to be told.
void note_lost_run(Session& session, const TaskRow& row, Epoch epoch, Timestamp now) {
    const Node* node = session.node(row.node);
    if (node == nullptr) return;
    session.on_commit([&runs = session.lost_runs(),
                       gone = LostRun{node->node, row.task, epoch, now}] { runs.push_back(gone); });
}

// What the table of rare things holds is read from there.
void keep_ended(Session& session, const TaskRow& row) {
    auto contents = session.unfinished().take(row.task);
    if (!contents || row.has_more || !row.revealed) return;
    auto task = std::make_shared<TaskSnapshot>(outline(row, session.owner(row.owner), false));
    task->status.message = std::move(contents->status_message);
    task->history = std::move(contents->history);
    task->artifacts = backends::merge_artifacts(std::move(contents->pieces));
    session.on_commit([&ended = session.ended(), task = std::move(task), bytes = contents->bytes] {
        ended.keep(task, sizeof(TaskSnapshot) + task->context_id.size() + bytes);
    });
}

}  // namespace

TurnInput read_input(Connection& db, const TaskRow& row) {
    const std::int64_t place = row.input;
    if (place == 0) throw Failure::corrupt("a turn has no input");
    TurnInput input;
    if ((place & 1) != 0) {
        Query query = db.query("SELECT input, sealed FROM inputs WHERE id = ?1");
        if (!query.number(row.id).step()) throw Failure::corrupt("a turn has no input");
        input = readable(backends::read_stored_input(query.bytes()));
        if (const auto sealed = query.bytes(); !sealed.empty())
            input.sealed_context = SealedContext{std::string(sealed)};
    }
    if (place > 1) input.message = message_of_turn(db, row);
    return input;
}

std::optional<Appended> repeated_write(const TaskRow& row, const WriteId& id) {
    if (id.is_nil()) return std::nullopt;
    const auto of = [](const Answer& answer) {
        Appended appended = answer.appended;
        appended.repeated = true;
        return appended;
    };
    if (row.made && row.made->id == id) return of(*row.made);
    if (row.ended && row.ended->id == id) return of(*row.ended);
    for (const Answer& answer : row.answers) {
        if (answer.id == id) return of(answer);
    }
    return std::nullopt;
}

Appended apply(Session& session, TaskRow& row, const TaskUpdate& update, Timestamp now,
               bool creates) {
    const kernel::TaskHead before = row;
    const kernel::Effects effects = kernel::apply(row, row.task, update, creates, now);
    if (effects.dead_letter) add_dead_letter(session, row, before, *update.dead_letter);
    if (effects.run_lost) note_lost_run(session, row, before.epoch, now);
    if (row.revealed && !before.revealed && row.has_more) {
        session.db().query("UPDATE more SET keep_until = NULL WHERE id = ?1").number(row.id).run();
    }
    if (row.turn_ended)
        drop_input(session, row);
    else if (update.turn)
        keep_input(session, row, update);
    add_more(session, row, update, effects);
    add_history(session.db(), row, update.history);
    add_events(session, row, update.artifacts, effects.status.has_value(),
               update.status ? update.status->message : std::nullopt, update.status_metadata);
    remember(row, update.id, effects.appended, creates || update.turn.has_value());
    session.unfinished().add(row.task, update, creates);
    return effects.appended;
}

std::variant<ClaimedRun, Refusal> claim(Session& session, TaskRow& row, const WriteId& id,
                                        Turn turn, const NodeId& node, Lease lease, Timestamp now) {
    const Epoch former = row.epoch;
    const auto claimed = kernel::claim(row, row.task, id, turn, lease, now);
    if (const auto* refused = std::get_if<Refusal>(&claimed)) return *refused;
    const auto& effects = std::get<kernel::Effects>(claimed);
    if (effects.appended.repeated) {
        if (!row.claimed) return Refusal::kDuplicate;  // its answer cannot be read
        Appended repeated = row.claimed->appended;
        repeated.repeated = true;
        return ClaimedRun{row.epoch, row.attempts, repeated};
    }
    if (effects.run_lost) note_lost_run(session, row, former, now);
    add_events(session, row, {}, effects.status.has_value(), {}, {});
    row.node = session.node(node).id;
    row.claimed = Answer{id, effects.appended};
    return ClaimedRun{row.epoch, row.attempts, effects.appended};
}

std::optional<TaskRow> find_task(Session& session, const TaskId& task) {
    const TaskRow* const kept = session.rows().find(task);
    if (kept == nullptr) return find_task(session.db(), task);
    TaskRow row = *kept;
    const Node* const node = row.run ? session.node(row.node) : nullptr;
    if (node != nullptr) row.run->lease_until = std::max(row.run->lease_until, node->until);
    return row;
}

void save(Session& session, const TaskRow* before, const TaskRow& after) {
    if (before == nullptr)
        insert(session.db(), after);
    else
        update(session.db(), *before, after);
    session.rows().keep(after);
    if (after.has_ended()) keep_ended(session, after);
    if (before != nullptr && before->state == after.state && before->revealed == after.revealed)
        return;
    if (before != nullptr && before->revealed) session.count(before->owner, before->state, -1);
    if (after.revealed) session.count(after.owner, after.state, 1);
}

TaskSnapshot snapshot_of_new(Session& session, const TaskRow& row, const TaskUpdate& update) {
    TaskSnapshot snapshot = outline(row, session.owner(row.owner), row.run.has_value());
    if (update.status) snapshot.status.message = update.status->message;
    snapshot.history = update.history;
    std::vector<backends::ArtifactPiece> pieces;
    for (const ArtifactChunk& chunk : update.artifacts)
        pieces.push_back({chunk.artifact, chunk.append});
    snapshot.artifacts = backends::merge_artifacts(std::move(pieces));
    if (update.checkpoint) snapshot.checkpoint = *update.checkpoint;
    if (update.metadata) snapshot.metadata = *update.metadata;
    snapshot.reply = update.reply;
    return snapshot;
}

void erase(Session& session, const TaskRow& row) {
    session.rows().forget(row.task);
    session.ended().forget(row.task);
    Connection& db = session.db();
    for (const char* sql :
         {"DELETE FROM log WHERE key BETWEEN ?1 << 24 AND (?1 << 24) + 16777215",
          "DELETE FROM messages WHERE key BETWEEN ?1 << 24 AND (?1 << 24) + 16777215",
          "DELETE FROM keys WHERE id = ?1", "DELETE FROM push WHERE id = ?1",
          "DELETE FROM tasks WHERE id = ?1"}) {
        db.query(sql).number(row.id).run();
    }
    if (row.has_active) {
        db.query("DELETE FROM active WHERE id = ?1").number(row.id).run();
        db.query("DELETE FROM inputs WHERE id = ?1").number(row.id).run();
    }
    if (row.has_more) db.query("DELETE FROM more WHERE id = ?1").number(row.id).run();
    db.query("DELETE FROM dead_letters WHERE task = ?1").id(row.task).run();
    if (row.revealed) session.count(row.owner, row.state, -1);
    const StoredContext context(row.context);
    Query query = db.query(
        "DELETE FROM contexts WHERE owner = ?1 AND context = ?2 AND NOT EXISTS "
        "(SELECT 1 FROM tasks WHERE owner = ?1 AND context = ?2)");
    query.number(row.owner);
    context.bind(query);
    query.run();
}

}  // namespace a2akit::sqlite
