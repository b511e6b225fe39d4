#include "backends/common/stored_form.hpp"
#include "backends/sqlite/damage.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_row.hpp"
#include "json/codec.hpp"

#include <sqlite3.h>

#include <array>
#include <cstring>
#include <filesystem>
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

template <class T>
bool readable(const Result<T>& read) {
    return read.has_value();
}

bool is_json(std::string_view bytes) { return readable(backends::read_stored_json(bytes)); }

bool is_push_config(std::string_view bytes) {
    return json::decode<TaskPushNotificationConfig>(bytes).has_value();
}

/// A column of stored bytes, and the function that reads them.
struct Column {
    const char* name;
    const char* sql;  ///< Its bytes, and the number of the task.
    bool (*read)(std::string_view bytes);
};

bool read_answers(std::string_view bytes) {
    static_cast<void>(unpack(bytes, TaskId{}));
    return true;
}

constexpr std::array kColumns = {
    Column{"messages.body", "SELECT body, key >> 24 FROM messages",
           [](std::string_view bytes) { return readable(backends::read_stored_messages(bytes)); }},
    Column{"log.chunks", "SELECT chunks, key >> 24 FROM log WHERE chunks IS NOT NULL",
           [](std::string_view bytes) { return readable(backends::read_stored_chunks(bytes)); }},
    Column{"log.status", "SELECT status, key >> 24 FROM log WHERE status IS NOT NULL",
           [](std::string_view bytes) { return readable(backends::read_stored_status(bytes)); }},
    Column{"inputs.input", "SELECT input, id FROM inputs",
           [](std::string_view bytes) { return readable(backends::read_stored_input(bytes)); }},
    Column{"more.reply", "SELECT reply, id FROM more WHERE reply IS NOT NULL",
           [](std::string_view bytes) { return readable(backends::read_stored_message(bytes)); }},
    Column{"more.metadata", "SELECT metadata, id FROM more WHERE metadata IS NOT NULL", is_json},
    Column{"more.checkpoint", "SELECT checkpoint, id FROM more WHERE checkpoint IS NOT NULL",
           is_json},
    Column{"dead_letters.message", "SELECT message, id FROM dead_letters",
           [](std::string_view bytes) { return readable(backends::read_stored_message(bytes)); }},
    Column{"push.config", "SELECT config, id FROM push", is_push_config},
    Column{"tasks.made", "SELECT made, id FROM tasks WHERE made IS NOT NULL", read_answers},
    Column{"tasks.ended", "SELECT ended, id FROM tasks WHERE ended IS NOT NULL", read_answers},
    Column{"active.answers", "SELECT answers, id FROM active WHERE answers IS NOT NULL",
           read_answers},
    Column{"keys.answer", "SELECT answer, id FROM keys", read_answers},
    Column{"active.run_answer", "SELECT run_answer, id FROM active WHERE run_answer IS NOT NULL",
           read_answers},
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

bool can_be_read(const Column& column, std::string_view bytes) {
    try {
        return column.read(bytes);
    } catch (const Failure&) {
        return false;
    }
}

// The task's public id; if the row with the id is missing, the number in its other rows.
std::string name_of(Connection& db, std::int64_t number) {
    Query query = db.query("SELECT task FROM tasks WHERE id = ?1");
    const bool found = query.number(number).step();
    const std::string_view id = found ? query.bytes() : std::string_view();
    if (id.size() != TaskId{}.bytes.size()) return "number " + std::to_string(number);
    TaskId task;
    std::memcpy(task.bytes.data(), id.data(), id.size());
    return task.to_string();
}

void find_unreadable(Connection& db, DamagedTasks& damaged) {
    for (const Column& column : kColumns) {
        Query query = db.query(column.sql);
        while (query.step()) {
            if (can_be_read(column, query.bytes())) continue;
            const std::int64_t task = query.number();
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
void check_everything(Connection& db, Findings& findings) {
    db.execute("BEGIN");
    findings.lines = find_damaged_pages(db);
    if (findings.lines.empty()) {
        const DamagedTasks damaged = find_damaged_tasks(db);
        findings.damaged_tasks = damaged.size();
        describe(damaged, findings.lines);
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

DamagedTasks find_damaged_tasks(Connection& db) {
    DamagedTasks damaged;
    find_unreadable(db, damaged);
    find_broken(db, damaged);
    return damaged;
}

Result<Findings> check_database(const std::string& path) {
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
        check_everything(connection, findings);
    } catch (const Failure& failure) {
        if ((failure.code() & 0xFF) != SQLITE_CORRUPT) return fail(refused(path, why_of(failure)));
        findings = {};
        findings.lines.emplace_back(failure.what());
    }
    return findings;
}

}  // namespace a2akit::sqlite
