#include "backends/sqlite/task_row.hpp"

#include <algorithm>

namespace a2akit::sqlite {
namespace {

// All runs of a node are renewed together: see `nodes`.
#define A2AKIT_TASK_COLUMNS                                                                       \
    "t.id, t.task, t.owner, t.context, t.revealed, t.state, t.status_time, t.status_at, t.turn, " \
    "t.turn_ended, t.revision, t.epoch, t.last_event, t.compacted, t.messages, t.has_more, "      \
    "t.made, t.ended, a.id, a.turn_look, a.looks, a.attempts, a.input, a.node, a.run_turn, "      \
    "a.run_claim, max(a.run_until, coalesce(n.until, 0)), a.run_look, a.run_answer, "             \
    "a.cancel_by, a.cancel_look, a.answers FROM tasks t LEFT JOIN active a ON a.id = t.id "       \
    "LEFT JOIN nodes n ON n.id = a.node "

void put_number(std::string& bytes, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
    bytes += static_cast<char>(value);
}

std::uint64_t take_number(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 63 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) return value;
    }
    throw Failure::corrupt("an answer cannot be read");
}

std::string packed(const std::optional<Answer>& answer) {
    return answer ? pack({*answer}) : std::string();
}

// They only serve writes that are repeated: damage in them must not make the task unusable.
std::vector<Answer> answers_in(std::string_view bytes, const TaskId& task) {
    try {
        return unpack(bytes, task);
    } catch (const Failure&) {
        return {};
    }
}

std::optional<Answer> answer_in(std::string_view bytes, const TaskId& task) {
    auto answers = answers_in(bytes, task);
    return answers.empty() ? std::nullopt : std::optional(std::move(answers.front()));
}

void read_active(Query& query, TaskRow& row) {
    row.turn_look = to_time(query.number());
    row.looks = static_cast<int>(query.number());
    row.attempts = static_cast<int>(query.number());
    row.input = query.number();
    const auto node = query.maybe();
    kernel::RunHead run;
    run.turn = static_cast<Turn>(query.number());
    run.claim = query.id<WriteId>();
    run.lease_until = to_time(query.number());
    run.look = to_time(query.number());
    row.claimed = answer_in(query.bytes(), row.task);
    if (node) {
        row.node = *node;
        row.run = run;
    }
    if (const auto cancel_by = query.maybe()) row.cancel_by = to_time(*cancel_by);
    row.cancel_look = to_time(query.number());
    row.answers = answers_in(query.bytes(), row.task);
}

std::optional<TaskRow> read_task(Query& query) {
    if (!query.step()) return std::nullopt;
    TaskRow row;
    row.id = query.number();
    row.task = query.id<TaskId>();
    row.owner = query.number();
    row.context = StoredContext::read(query);
    row.revealed = query.flag();
    row.state = static_cast<TaskState>(query.number());
    row.status_time = to_time(query.number());
    row.status_at = static_cast<Sequence>(query.number());
    row.turn = static_cast<Turn>(query.number());
    row.turn_ended = query.flag();
    row.revision = static_cast<Revision>(query.number());
    row.epoch = static_cast<Epoch>(query.number());
    row.last = static_cast<Sequence>(query.number());
    row.compacted = static_cast<Sequence>(query.number());
    row.messages = static_cast<std::uint64_t>(query.number());
    row.has_more = query.flag();
    row.made = answer_in(query.bytes(), row.task);
    row.ended = answer_in(query.bytes(), row.task);
    row.has_active = query.maybe().has_value();
    if (row.has_active) read_active(query, row);
    return row;
}

void bind_active(Query& query, const TaskRow& row, std::string_view run_answer,
                 std::string_view answers) {
    const Timestamp look = kernel::next_look(row);
    query.number(row.id)
        .maybe(look != Timestamp::max() ? std::optional(to_number(look)) : std::nullopt)
        .number(to_number(row.turn_look))
        .number(row.looks)
        .number(row.attempts)
        .number(row.input);
    if (row.run) {
        query.number(row.node).number(row.run->turn).id(row.run->claim);
        query.number(to_number(row.run->lease_until)).number(to_number(row.run->look));
        query.maybe_blob(run_answer);
    } else {
        query.null().number(0).null().number(0).number(0).null();
    }
    query.maybe(row.cancel_by ? std::optional(to_number(*row.cancel_by)) : std::nullopt)
        .number(to_number(row.cancel_look))
        .maybe_blob(answers);
}

void write_active(Connection& db, const char* sql, const TaskRow& row) {
    const std::string run_answer = row.run ? packed(row.claimed) : std::string();
    const std::string answers = pack(row.answers);
    Query query = db.query(sql);
    bind_active(query, row, run_answer, answers);
    query.run();
}

void insert_active(Connection& db, const TaskRow& row) {
    write_active(db,
                 "INSERT INTO active VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                 "?13, ?14, ?15)",
                 row);
}

void update_active(Connection& db, const TaskRow& before, const TaskRow& after) {
    // Most writes of a run change only the kept answer here, and then no index is looked up.
    const bool same_work = static_cast<const kernel::TaskWork&>(before) == after &&
                           before.input == after.input && before.node == after.node &&
                           kernel::next_look(before) == kernel::next_look(after);
    if (same_work) {
        const std::string answers = pack(after.answers);
        db.query("UPDATE active SET answers = ?2 WHERE id = ?1")
            .number(after.id)
            .maybe_blob(answers)
            .run();
        return;
    }
    write_active(db,
                 "UPDATE active SET look = ?2, turn_look = ?3, looks = ?4, attempts = ?5, input = "
                 "?6, node = ?7, run_turn = ?8, run_claim = ?9, run_until = ?10, run_look = ?11, "
                 "run_answer = ?12, cancel_by = ?13, cancel_look = ?14, answers = ?15 WHERE id = "
                 "?1",
                 after);
}

}  // namespace

const TaskRow* RowCache::find(const TaskId& task) const {
    const auto found = rows_.find(task);
    return found == rows_.end() ? nullptr : &found->second;
}

void RowCache::keep(const TaskRow& row) {
    if (row.has_ended()) return forget(row.task);
    if (rows_.size() >= kMostRows) rows_.clear();
    TaskRow& kept = rows_[row.task];
    kept = row;
    kept.has_active = true;
    if (kept.run) return;
    kept.node = 0;
    kept.claimed.reset();
}

std::string pack(const std::vector<Answer>& answers) {
    std::string bytes;
    for (const Answer& answer : answers) {
        const Appended& appended = answer.appended;
        bytes.append(reinterpret_cast<const char*>(answer.id.bytes.data()), answer.id.bytes.size());
        put_number(bytes, appended.turn);
        put_number(bytes, appended.revision);
        put_number(bytes, appended.first);
        put_number(bytes, appended.last);
        put_number(bytes, static_cast<std::uint64_t>(appended.before));
        put_number(bytes, static_cast<std::uint64_t>(appended.after));
        put_number(bytes, (appended.turn_ended ? 1U : 0U) | (appended.turn_due ? 2U : 0U));
    }
    return bytes;
}

std::vector<Answer> unpack(std::string_view bytes, const TaskId& task) {
    std::vector<Answer> answers;
    while (!bytes.empty()) {
        Answer answer;
        if (bytes.size() < answer.id.bytes.size())
            throw Failure::corrupt("an answer cannot be read");
        std::memcpy(answer.id.bytes.data(), bytes.data(), answer.id.bytes.size());
        bytes.remove_prefix(answer.id.bytes.size());
        Appended& appended = answer.appended;
        appended.task = task;
        appended.turn = static_cast<Turn>(take_number(bytes));
        appended.revision = take_number(bytes);
        appended.first = take_number(bytes);
        appended.last = take_number(bytes);
        appended.before = static_cast<TaskState>(take_number(bytes));
        appended.after = static_cast<TaskState>(take_number(bytes));
        const auto flags = take_number(bytes);
        appended.turn_ended = (flags & 1) != 0;
        appended.turn_due = (flags & 2) != 0;
        answers.push_back(std::move(answer));
    }
    return answers;
}

StoredContext::StoredContext(std::string_view context_id) : text_(context_id) {
    uuid_ = Uuid::parse(context_id);
    if (uuid_ && uuid_->to_string() != context_id) uuid_.reset();  // in upper case: another context
}

void StoredContext::bind(Query& query) const {
    if (uuid_)
        query.id(*uuid_);
    else
        query.text(text_);
}

std::string StoredContext::read(Query& query) {
    if (query.next_is_blob()) return query.id<Uuid>().to_string();
    return std::string(query.bytes());
}

std::optional<TaskRow> find_task(Connection& db, const TaskId& task) {
    Query query = db.query("SELECT " A2AKIT_TASK_COLUMNS "WHERE t.task = ?1");
    query.id(task);
    return read_task(query);
}

std::optional<TaskRow> find_task(Connection& db, std::int64_t id) {
    Query query = db.query("SELECT " A2AKIT_TASK_COLUMNS "WHERE t.id = ?1");
    query.number(id);
    return read_task(query);
}

void insert(Connection& db, const TaskRow& row) {
    const StoredContext context(row.context);
    const std::string made = packed(row.made);
    const std::string ended = packed(row.ended);
    Query query = db.query(
        "INSERT INTO tasks VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
        "?15, ?16, ?17, ?18)");
    query.number(row.id).id(row.task).number(row.owner);
    context.bind(query);
    query.number(row.revealed)
        .number(static_cast<std::int64_t>(row.state))
        .number(to_number(row.status_time))
        .number(static_cast<std::int64_t>(row.status_at))
        .number(row.turn)
        .number(row.turn_ended)
        .number(static_cast<std::int64_t>(row.revision))
        .number(static_cast<std::int64_t>(row.epoch))
        .number(static_cast<std::int64_t>(row.last))
        .number(static_cast<std::int64_t>(row.compacted))
        .number(static_cast<std::int64_t>(row.messages))
        .number(row.has_more)
        .maybe_blob(made)
        .maybe_blob(ended)
        .run();
    if (!row.has_ended()) insert_active(db, row);
}

void update(Connection& db, const TaskRow& before, const TaskRow& after) {
    const std::string made = packed(after.made);
    const std::string ended = packed(after.ended);
    // The columns of indexes only when they change: SQLite would look every index up.
    const bool moves = before.state != after.state || before.status_time != after.status_time ||
                       before.revealed != after.revealed;
    Query query = db.query(moves ? "UPDATE tasks SET status_at = ?2, turn = ?3, turn_ended = ?4, "
                                   "revision = ?5, epoch = ?6, "
                                   "last_event = ?7, messages = ?8, has_more = ?9, made = ?10, "
                                   "ended = ?11, state = ?12, "
                                   "status_time = ?13, revealed = ?14 WHERE id = ?1"
                                 : "UPDATE tasks SET status_at = ?2, turn = ?3, turn_ended = ?4, "
                                   "revision = ?5, epoch = ?6, "
                                   "last_event = ?7, messages = ?8, has_more = ?9, made = ?10, "
                                   "ended = ?11 WHERE id = ?1");
    query.number(after.id)
        .number(static_cast<std::int64_t>(after.status_at))
        .number(after.turn)
        .number(after.turn_ended)
        .number(static_cast<std::int64_t>(after.revision))
        .number(static_cast<std::int64_t>(after.epoch))
        .number(static_cast<std::int64_t>(after.last))
        .number(static_cast<std::int64_t>(after.messages))
        .number(after.has_more)
        .maybe_blob(made)
        .maybe_blob(ended);
    if (moves) {
        query.number(static_cast<std::int64_t>(after.state))
            .number(to_number(after.status_time))
            .number(after.revealed);
    }
    query.run();
    if (!after.has_ended() && before.has_active)
        update_active(db, before, after);
    else if (!after.has_ended())
        insert_active(db, after);
    else if (before.has_active)
        db.query("DELETE FROM active WHERE id = ?1").number(after.id).run();
}

}  // namespace a2akit::sqlite
