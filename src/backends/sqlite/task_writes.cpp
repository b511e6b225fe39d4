#include "backends/sqlite/task_writes.hpp"

#include "backends/common/merge_artifacts.hpp"
#include "backends/common/stored_form.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_reads.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::sqlite {
namespace {

using backends::to_stored;

constexpr Duration kFirstLook = std::chrono::seconds(1);
constexpr Duration kLongestLook = std::chrono::seconds(30);
constexpr Duration kReplyLifetime = std::chrono::hours(24);
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
// ------------------------------------------------------------------------------------------------------------

void drop_input(Session& session, TaskRow& row) {
    ActiveRow& active = *row.active;
    if ((active.input & 1) != 0)
        session.db().query("DELETE FROM inputs WHERE id = ?1").number(row.id).run();
    active.input = 0;
}

// The message goes into the history with the same update as a rule: then it is stored there only.
void make_turn(Session& session, TaskRow& row, const TaskUpdate& update, Timestamp now) {
    const TurnInput& input = *update.turn;
    ++row.turn;
    row.turn_ended = false;
    if (!row.active) row.active.emplace();
    ActiveRow& active = *row.active;
    active.attempts = 0;
    active.looks = 0;
    active.turn_look = now + kFirstLook;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < update.history.size(); ++i) {
        if (update.history[i].same_as(input.message)) number = row.messages + i + 1;
    }
    const bool plain = number != 0 && input.metadata.empty() &&
                       input.accepted_output_modes.empty() && input.extensions.empty() &&
                       !input.sealed_context;
    active.input = static_cast<std::int64_t>(2 * number + (plain ? 0 : 1));
    if (!plain) {
        TurnInput stored = input;
        if (number != 0) stored.message = Shared<Message>();
        const std::string bytes = to_stored(stored);
        const std::string sealed =
            input.sealed_context ? input.sealed_context->bytes : std::string();
        session.db()
            .query("INSERT OR REPLACE INTO inputs VALUES(?1, ?2, ?3)")
            .number(row.id)
            .blob(bytes)
            .maybe_blob(sealed)
            .run();
    }
}

Shared<Message> message_of_turn(Connection& db, const TaskRow& row) {
    const std::int64_t place = row.active->input;
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
// -----------------------------------------------------------------------------------------------

// The turn that is being run now, not one that paused and whose handler has not returned yet.
bool is_running(Session& session, const TaskRow& row, Timestamp now) {
    return live_run(session, row, now) && row.run()->turn == row.turn && !row.turn_ended;
}

// Of the table of what few tasks have: makes the row on first use.
void set_more(Session& session, TaskRow& row, const char* sql, std::string_view value) {
    if (!std::exchange(row.has_more, true)) {
        session.db().query("INSERT INTO more(id) VALUES(?1)").number(row.id).run();
    }
    session.db().query(sql).number(row.id).maybe_blob(value).run();
}

void keep_until(Session& session, TaskRow& row, Timestamp until) {
    if (!std::exchange(row.has_more, true)) {
        session.db().query("INSERT INTO more(id) VALUES(?1)").number(row.id).run();
    }
    session.db()
        .query("UPDATE more SET keep_until = coalesce(keep_until, ?2) WHERE id = ?1")
        .number(row.id)
        .number(to_number(until))
        .run();
}

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

void add_events(Session& session, TaskRow& row, const TaskUpdate& update,
                const std::optional<TaskStatus>& status, Timestamp now) {
    if (!status && update.artifacts.empty()) return;
    row.last_event += update.artifacts.size() + (status ? 1 : 0);
    check_place(row.last_event);
    const std::string chunks =
        update.artifacts.empty() ? std::string() : to_stored(update.artifacts);
    std::string rest;
    if (status) {
        row.state = status->state;
        row.status_time = std::max(now, row.status_time);
        rest = to_stored(backends::StoredStatus{status->message, update.status_metadata});
        row.status_at = status->message ? row.last_event : 0;
    }
    Query query = session.db().query("INSERT INTO log VALUES(?1, ?2, ?3, ?4, ?5)");
    query.number(key_of(row.id, row.last_event));
    if (status)
        query.number(static_cast<std::int64_t>(row.state)).number(to_number(row.status_time));
    else
        query.null().null();
    query.maybe_blob(chunks).maybe_blob(rest).run();
}

// What a status means for the turn and for who runs it.
void settle(Session& session, TaskRow& row, bool by_its_run, Timestamp now) {
    if (!is_terminal(row.state) && !is_interrupted(row.state)) return;
    row.turn_ended = true;
    if (row.active) drop_input(session, row);
    if (!is_terminal(row.state)) return;
    end_run(session, row, !by_its_run, now);
    row.active.reset();
    if (row.has_more) {
        session.db()
            .query("UPDATE more SET checkpoint = NULL WHERE id = ?1 AND checkpoint IS NOT NULL")
            .number(row.id)
            .run();
    }
    if (!row.revealed) keep_until(session, row, now + kReplyLifetime);
}

void remember(TaskRow& row, const WriteId& id, const Appended& appended, bool made) {
    Answer answer{id, appended};
    if (made) row.made = answer;
    if (row.has_ended()) {
        row.ended = std::move(answer);
        return;
    }
    if (made) return;
    auto& answers = row.active->answers;
    if (answers.size() >= kRememberedAnswers) answers.erase(answers.begin());
    answers.push_back(std::move(answer));
}

Appended outcome(Session& session, const TaskRow& before, const TaskRow& after, Timestamp now) {
    Appended appended;
    appended.task = after.task;
    appended.turn = after.turn;
    appended.revision = after.revision;
    appended.first = before.last_event + 1;
    appended.last = after.last_event;
    appended.before = before.state;
    appended.after = after.state;
    appended.turn_ended = after.turn_ended;
    appended.turn_due = after.turn != 0 && !after.turn_ended && !after.has_ended() &&
                        !live_run(session, after, now);
    return appended;
}

// Empty when it cannot be read, which must not keep the task from being ended.
Shared<Message> message_for_dead_letter(Connection& db, const TaskRow& row) {
    if (!row.active || row.active->input == 0) return {};
    try {
        return message_of_turn(db, row);
    } catch (const Failure& failure) {
        if (!failure.is_damage()) throw;
        return {};
    }
}

void add_dead_letter(Session& session, const TaskRow& row, const TaskUpdate& update,
                     Timestamp now) {
    if (!update.dead_letter || !update.status || !is_terminal(update.status->state)) return;
    const Shared<Message> message = message_for_dead_letter(session.db(), row);
    const std::string bytes = to_stored(*message);
    session.db()
        .query("INSERT OR REPLACE INTO dead_letters VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)")
        .id(row.task)
        .number(row.id)
        .number(row.turn)
        .text(*update.dead_letter)
        .number(to_number(std::max(now, row.status_time)))
        .number(row.active ? row.active->attempts : 0)
        .blob(bytes)
        .run();
}

std::optional<Refusal> refuse_claim(Session& session, const TaskRow& row, Turn turn,
                                    Timestamp now) {
    if (row.has_ended()) return Refusal::kEnded;
    if (turn != row.turn || row.turn_ended) return Refusal::kStale;
    if (!live_run(session, row, now)) return std::nullopt;
    return row.run()->turn == turn ? Refusal::kDuplicate : Refusal::kBusy;
}

}  // namespace

Duration until_next_look(int looks) {
    return looks >= 5 ? kLongestLook : std::min(kLongestLook, kFirstLook * (1 << looks));
}

Timestamp run_until(Session& session, const RunRow& run) {
    const Node* node = session.node(run.node);
    return node == nullptr ? run.until : std::max(run.until, node->until);
}

bool live_run(Session& session, const TaskRow& row, Timestamp now) {
    const RunRow* run = row.run();
    return run != nullptr && (run->until > now || run_until(session, *run) > now);
}

TurnInput read_input(Connection& db, const TaskRow& row) {
    const std::int64_t place = row.active->input;
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

void end_run(Session& session, TaskRow& row, bool lost, Timestamp now) {
    if (row.run() == nullptr) return;
    if (lost) {
        if (const Node* node = session.node(row.run()->node)) {
            session.on_commit(
                [&runs = session.lost_runs(),
                 gone = LostRun{node->node, row.task, row.epoch, now}] { runs.push_back(gone); });
        }
    }
    row.active->run.reset();
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
    if (!row.active) return std::nullopt;
    for (const Answer& answer : row.active->answers) {
        if (answer.id == id) return of(answer);
    }
    return std::nullopt;
}

std::optional<Error> refusal(Session& session, const TaskRow& row, const TaskUpdate& update,
                             Timestamp now) {
    const auto about = [&row](ErrorCode code, std::string message) {
        return Error::about_task(code, std::move(message), row.task.to_string());
    };
    if (row.has_ended()) {
        return about(ErrorCode::kTaskTerminal,
                     "the task has ended: " + std::string(to_string(row.state)));
    }
    const Guard& guard = update.guard;
    if (guard.revision && *guard.revision != row.revision) {
        return about(ErrorCode::kRevisionConflict,
                     "the task has changed since revision " + std::to_string(*guard.revision));
    }
    if (guard.epoch) {
        const RunRow* run = row.run();
        // A forced end goes by the number alone: the run that it ends may be gone already.
        const bool holds =
            update.raise_epoch || (run != nullptr && run->turn == row.turn && !row.turn_ended);
        if (*guard.epoch != row.epoch || !holds) {
            return about(ErrorCode::kLeaseLost,
                         "the run of epoch " + std::to_string(*guard.epoch) + " is over");
        }
    }
    if (guard.no_live_run && live_run(session, row, now))
        return about(ErrorCode::kLiveRun, "the task is being run");
    if (update.turn && row.turn != 0 && !row.turn_ended) {
        return about(ErrorCode::kUnsupportedOperation, "the task takes no message in state " +
                                                           std::string(to_string(row.state)) +
                                                           "; it does once it is paused");
    }
    if (update.reply && row.revealed) {
        return about(ErrorCode::kRevealed,
                     "the task is visible already; it can't be answered by a Message alone");
    }
    return std::nullopt;
}

Appended apply(Session& session, TaskRow& row, const TaskUpdate& update, Timestamp now,
               bool creates) {
    const TaskRow before = row;
    const bool by_its_run = update.guard.epoch && !update.raise_epoch;
    std::optional<TaskStatus> status = update.status;
    add_dead_letter(session, row, update, now);
    if (!row.active && !row.has_ended()) row.active.emplace();
    ++row.revision;
    if (update.reveal && !std::exchange(row.revealed, true) && row.has_more) {
        session.db().query("UPDATE more SET keep_until = NULL WHERE id = ?1").number(row.id).run();
    }
    if (update.turn) make_turn(session, row, update, now);
    if (update.raise_epoch) {
        end_run(session, row, true, now);
        ++row.epoch;
        if (!row.turn_ended) row.active->turn_look = now + kFirstLook;
    }
    if (update.reply) {
        const std::string reply = to_stored(**update.reply);
        set_more(session, row, "UPDATE more SET reply = ?2 WHERE id = ?1", reply);
        if (!status) status = TaskStatus{TaskState::kCompleted, {}, {}};
    }
    if (update.cancel_by && !is_running(session, row, now)) {
        if (!status) status = TaskStatus{TaskState::kCanceled, {}, {}};
    } else if (update.cancel_by) {
        auto& cancel_by = row.active->cancel_by;
        cancel_by = cancel_by ? std::min(*cancel_by, *update.cancel_by) : *update.cancel_by;
        row.active->cancel_look = *cancel_by;
    }
    if (update.checkpoint) {
        set_more(session, row, "UPDATE more SET checkpoint = ?2 WHERE id = ?1",
                 update.checkpoint->text());
    }
    if (update.metadata) {
        set_more(session, row, "UPDATE more SET metadata = ?2 WHERE id = ?1",
                 update.metadata->text());
    }
    add_history(session.db(), row, update.history);
    add_events(session, row, update, status, now);
    if (status) settle(session, row, by_its_run, now);
    const Appended appended = outcome(session, before, row, now);
    remember(row, update.id, appended, creates || update.turn.has_value());
    return appended;
}

std::variant<ClaimedRun, Refusal> claim(Session& session, TaskRow& row, const WriteId& id,
                                        Turn turn, const NodeId& node, Lease lease, Timestamp now) {
    const auto claimed = [&row](const Appended& appended) {
        return ClaimedRun{row.epoch, row.active->attempts, appended};
    };
    const RunRow* held = row.run();
    if (held != nullptr && held->claim == id && held->turn == turn && !row.turn_ended &&
        held->answer) {
        Appended repeated = held->answer->appended;
        repeated.repeated = true;
        return claimed(repeated);
    }
    if (const auto refused = refuse_claim(session, row, turn, now)) return *refused;
    const TaskRow before = row;
    // An expired run: of this turn, then its node has to know; or of a turn that has ended.
    end_run(session, row, held != nullptr && held->turn == turn, now);
    ++row.epoch;
    ++row.revision;
    ++row.active->attempts;
    row.active->looks = 0;
    if (row.state != TaskState::kWorking) {
        TaskUpdate update;
        update.status = TaskStatus{TaskState::kWorking, {}, {}};
        add_events(session, row, update, update.status, now);
    }
    row.active->run = RunRow{session.node(node).id, turn, id, now + lease, now + lease, {}};
    const Appended appended = outcome(session, before, row, now);
    row.active->run->answer = Answer{id, appended};
    return claimed(appended);
}

std::optional<Turn> release(Session& session, TaskRow& row, Epoch epoch, Release how,
                            Timestamp not_before, Timestamp now) {
    if (row.has_ended() || row.epoch != epoch) return std::nullopt;
    const std::optional<Turn> due = row.turn_ended ? std::nullopt : std::optional(row.turn);
    const RunRow* run = row.run();
    if (run == nullptr) return due;  // a repetition, its first answer lost
    ActiveRow& active = *row.active;
    const bool of_this_turn = run->turn == row.turn;
    if (of_this_turn && !row.turn_ended) {
        if (how == Release::kHandBack) --active.attempts;
        active.looks = 0;
    }
    const bool later = of_this_turn && how == Release::kRetry;
    active.turn_look = (later ? std::max(now, not_before) : now) + kFirstLook;
    // No run will see the cancel any more: the next sweep ends the task.
    if (active.cancel_by && !row.turn_ended) active.cancel_look = now;
    end_run(session, row, false, now);
    return due;
}

void save(Session& session, const TaskRow* before, const TaskRow& after) {
    if (before == nullptr)
        insert(session.db(), after);
    else
        update(session.db(), *before, after);
    if (before != nullptr && before->state == after.state && before->revealed == after.revealed)
        return;
    if (before != nullptr && before->revealed) session.count(before->owner, before->state, -1);
    if (after.revealed) session.count(after.owner, after.state, 1);
}

TaskSnapshot snapshot_of_new(Session& session, const TaskRow& row, const TaskUpdate& update) {
    TaskSnapshot snapshot = outline(row, session.owner(row.owner), row.run() != nullptr);
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
    Connection& db = session.db();
    for (const char* sql :
         {"DELETE FROM log WHERE key BETWEEN ?1 << 24 AND (?1 << 24) + 16777215",
          "DELETE FROM messages WHERE key BETWEEN ?1 << 24 AND (?1 << 24) + 16777215",
          "DELETE FROM keys WHERE id = ?1", "DELETE FROM tasks WHERE id = ?1"}) {
        db.query(sql).number(row.id).run();
    }
    if (row.active) {
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
