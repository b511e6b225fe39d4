#include "backends/sqlite/content_columns.hpp"
#include "backends/sqlite/damage.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_row.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

// Checks the whole file: first its pages and indexes, by SQLite itself, then the contents of the
// rows and whether they agree.

namespace a2akit::sqlite {
namespace {

using Lines = std::vector<std::string>;
constexpr std::size_t kMostLines = 100;

using backends::ContentCheck;
using State = ContentCheck::State;

/// A column of answers to writes, which hold no contents.
struct AnswerColumn {
    const char* name;
    const char* sql;  ///< Its bytes, and the number of the task.
};
constexpr std::array kAnswerColumns = {
    AnswerColumn{"tasks.made", "SELECT made, id FROM tasks WHERE made IS NOT NULL"},
    AnswerColumn{"tasks.ended", "SELECT ended, id FROM tasks WHERE ended IS NOT NULL"},
    AnswerColumn{"active.answers", "SELECT answers, id FROM active WHERE answers IS NOT NULL"},
    AnswerColumn{"keys.answer", "SELECT answer, id FROM keys"},
    AnswerColumn{"active.run_answer",
                 "SELECT run_answer, id FROM active WHERE run_answer IS NOT NULL"},
};

/// Rows that contradict others; each query's rows are numbers of tasks.
struct Rule {
    const char* broken;
    const char* sql;
};
constexpr std::array kRules = {
    Rule{"has messages, and does not exist",
         "SELECT DISTINCT key >> 24 FROM messages WHERE key >> 24 NOT IN (SELECT id FROM tasks)"},
    Rule{"has a log, and does not exist",
         "SELECT DISTINCT key >> 24 FROM log WHERE key >> 24 NOT IN (SELECT id FROM tasks)"},
    Rule{"has a turn, and does not exist",
         "SELECT id FROM active WHERE id NOT IN (SELECT id FROM tasks)"},
    Rule{"has ended, and still has a turn",
         "SELECT id FROM tasks WHERE state IN (3, 4, 5, 7) AND id IN (SELECT id FROM active)"},
    Rule{"lacks the end of its log",
         "SELECT id FROM tasks WHERE last_event > compacted "
         "AND NOT EXISTS (SELECT 1 FROM log WHERE key = (id << 24) + last_event)"},
    Rule{"lacks the end of its history",
         "SELECT id FROM tasks WHERE messages > 0 "
         "AND NOT EXISTS (SELECT 1 FROM messages WHERE key = (id << 24) + tasks.messages)"},
    Rule{"has no message for its turn",
         "SELECT id FROM active WHERE (input & 1 AND id NOT IN (SELECT id FROM inputs)) "
         "OR (input > 1 AND NOT EXISTS (SELECT 1 FROM messages WHERE key >= (active.id << 24) + "
         "input / 2 "
         "AND key <= (active.id << 24) + 16777215))"},
    Rule{"lacks its newest status",
         "SELECT id FROM tasks WHERE status_at > 0 AND NOT EXISTS (SELECT 1 FROM log WHERE "
         "key = (tasks.id << 24) + iif(compacted >= status_at, 0, status_at))"},
    Rule{"has an id of a wrong length",
         "SELECT id FROM tasks WHERE length(task) != 16 "
         "OR (typeof(context) = 'blob' AND length(context) != 16) "
         "UNION SELECT id FROM active WHERE length(run_claim) != 16"},
    Rule{"belongs to nobody", "SELECT id FROM tasks WHERE owner NOT IN (SELECT id FROM owners)"},
};

bool are_readable_answers(std::string_view bytes) {
    try {
        static_cast<void>(unpack(bytes, TaskId{}));
        return true;
    } catch (const Failure&) {
        return false;
    }
}

std::optional<TaskId> id_of(Connection& db, std::int64_t number) {
    Query query = db.query("SELECT task FROM tasks WHERE id = ?1");
    const bool found = query.number(number).step();
    const std::string_view id = found ? query.bytes() : std::string_view();
    TaskId task;
    if (id.size() != task.bytes.size()) return std::nullopt;
    std::memcpy(task.bytes.data(), id.data(), id.size());
    return task;
}

// The task's public id; if the row with the id is missing, the number in its other rows.
std::string name_of(Connection& db, std::int64_t number) {
    const std::optional<TaskId> id = id_of(db, number);
    return id ? id->to_string() : "number " + std::to_string(number);
}

/// What does not open: damage where the key has opened anything else.
struct Sealed {
    std::string key;  ///< Empty: not at hand.
    std::string line;
};

void find_unreadable_contents(Connection& db, const backends::DataKeys* keys, Damage& damage) {
    ContentCheck contents(keys);
    std::multimap<std::int64_t, Sealed> sealed;
    for (const ContentColumn& column : kContentColumns) {
        Query query = db.query(column.each);
        while (query.step()) {
            const std::string_view bytes = query.bytes();
            const std::int64_t task = query.number();
            const auto id = keys != nullptr ? id_of(db, task) : std::nullopt;
            auto reading = contents.read(column.kind, id.value_or(TaskId{}), bytes);
            if (reading.state == State::kReadable) continue;
            std::string line;  // of those that are encrypted there may be many
            if (reading.state != State::kEncrypted)
                line = "task " + name_of(db, task) + ": " + column.table + '.' + column.name;
            if (reading.state == State::kDamaged) {
                damage.tasks.try_emplace(task, line + " cannot be read");
            } else {
                if (!line.empty()) line += " cannot be decrypted";
                Sealed one{std::move(reading.key), std::move(line)};
                const auto [first, last] = sealed.equal_range(task);
                const bool known = std::any_of(
                    first, last, [&](const auto& other) { return other.second.key == one.key; });
                if (!known) sealed.emplace(task, std::move(one));
            }
        }
    }
    for (auto& [task, one] : sealed) {
        if (contents.has_opened(one.key)) damage.tasks.try_emplace(task, std::move(one.line));
    }
    for (auto at = sealed.begin(); at != sealed.end(); at = sealed.upper_bound(at->first)) {
        if (!damage.tasks.contains(at->first)) ++damage.encrypted;
    }
}

void find_unreadable_answers(Connection& db, DamagedTasks& damaged) {
    for (const AnswerColumn& column : kAnswerColumns) {
        Query query = db.query(column.sql);
        while (query.step()) {
            const std::string_view bytes = query.bytes();
            const std::int64_t task = query.number();
            if (are_readable_answers(bytes)) continue;
            damaged.try_emplace(
                task, "task " + name_of(db, task) + ": " + column.name + " cannot be read");
        }
    }
}

void find_broken(Connection& db, DamagedTasks& damaged) {
    for (const Rule& rule : kRules) {
        Query query = db.query(rule.sql);
        while (query.step()) {
            const std::int64_t task = query.number();
            damaged.try_emplace(task, "task " + name_of(db, task) + ' ' + rule.broken);
        }
    }
}

bool counts_differ(Connection& db) {
    return db.number_of(
               "SELECT count(*) FROM (SELECT owner, state, sum(tasks) AS n FROM ("
               "SELECT owner, state, tasks FROM counts UNION ALL "
               "SELECT owner, state, -count(*) FROM tasks WHERE revealed GROUP BY owner, state) "
               "GROUP BY owner, state) WHERE n != 0") != 0;
}

void describe(const DamagedTasks& damaged, Lines& lines) {
    for (const auto& [task, line] : damaged) {
        if (lines.size() == kMostLines) {
            lines.push_back("and " + std::to_string(damaged.size() - kMostLines) + " more tasks");
            return;
        }
        lines.push_back(line);
    }
}

// One transaction: the agent that runs may write meanwhile.
void check_everything(Connection& db, const backends::DataKeys* keys, Findings& findings) {
    db.execute("BEGIN");
    findings.lines = find_damaged_pages(db);
    if (findings.lines.empty()) {
        const Damage damage = find_damaged_tasks(db, keys);
        findings.damaged_tasks = damage.tasks.size();
        findings.encrypted = damage.encrypted;
        describe(damage.tasks, findings.lines);
        findings.wrong_counts = counts_differ(db);
        if (findings.wrong_counts) {
            findings.lines.emplace_back("the counts of tasks are not those of the tasks");
        }
    }
    db.execute("COMMIT");
}

}  // namespace

std::vector<std::string> find_damaged_pages(Connection& db) {
    Lines lines;
    Query query = db.query("PRAGMA integrity_check");
    while (query.step()) {
        if (auto line = std::string(query.bytes()); line != "ok") lines.push_back(std::move(line));
    }
    return lines;
}

Damage find_damaged_tasks(Connection& db, const backends::DataKeys* keys) {
    Damage damage;
    find_unreadable_answers(db, damage.tasks);
    find_unreadable_contents(db, keys, damage);
    find_broken(db, damage.tasks);
    return damage;
}

Result<Findings> check_database(const std::string& path, const backends::DataKeys* keys) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) return fail(refused(path, "there is no such file"));
    Findings findings;
    try {
        Connection connection(path, Connection::Mode::kReadOnly);
        connection.execute("PRAGMA busy_timeout=5000; PRAGMA cell_size_check=ON");
        if (connection.number_of("PRAGMA application_id") != kApplicationId) {
            return fail(refused(path, of_another_application()));
        }
        const auto version = connection.number_of("PRAGMA user_version");
        if (version > newest_schema()) return fail(refused(path, of_a_newer_version(version)));
        check_schema(connection);
        check_everything(connection, keys, findings);
    } catch (const Failure& failure) {
        if ((failure.code() & 0xFF) != SQLITE_CORRUPT) return fail(refused(path, why_of(failure)));
        findings = {};
        findings.lines.emplace_back(failure.what());
    }
    return findings;
}

}  // namespace a2akit::sqlite
