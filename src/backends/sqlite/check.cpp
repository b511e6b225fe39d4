#include "backends/common/stored_form.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_row.hpp"

#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

// The whole file: first what SQLite knows of its pages and indexes, then what the rows say and whether they agree.

namespace a2akit::sqlite {
namespace {

using Lines = std::vector<std::string>;
constexpr std::size_t kMostLines = 100;

template <class T>
bool readable(const Result<T>& read) {
    return read.has_value();
}

/// A column of stored bytes, and what reads them.
struct Column {
    const char* name;
    const char* sql;  ///< Its bytes, and what to call the row.
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
    Column{"dead_letters.message", "SELECT message, id FROM dead_letters",
           [](std::string_view bytes) { return readable(backends::read_stored_message(bytes)); }},
    Column{"tasks.made", "SELECT made, id FROM tasks WHERE made IS NOT NULL", read_answers},
    Column{"tasks.ended", "SELECT ended, id FROM tasks WHERE ended IS NOT NULL", read_answers},
    Column{"active.answers", "SELECT answers, id FROM active WHERE answers IS NOT NULL", read_answers},
    Column{"keys.answer", "SELECT answer, id FROM keys", read_answers},
    Column{"active.run_answer", "SELECT run_answer, id FROM active WHERE run_answer IS NOT NULL", read_answers},
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
    Rule{"has a turn, and does not exist", "SELECT id FROM active WHERE id NOT IN (SELECT id FROM tasks)"},
    Rule{"has ended, and still has a turn",
         "SELECT id FROM tasks WHERE state IN (3, 4, 5, 7) AND id IN (SELECT id FROM active)"},
    Rule{"lacks the end of its log",
         "SELECT id FROM tasks WHERE last_event > compacted "
         "AND NOT EXISTS (SELECT 1 FROM log WHERE key = (id << 24) + last_event)"},
    Rule{"lacks the end of its history",
         "SELECT id FROM tasks WHERE messages > 0 "
         "AND NOT EXISTS (SELECT 1 FROM messages WHERE key = (id << 24) + tasks.messages)"},
    Rule{"belongs to nobody", "SELECT id FROM tasks WHERE owner NOT IN (SELECT id FROM owners)"},
};

bool can_be_read(const Column& column, std::string_view bytes) {
    try {
        return column.read(bytes);
    } catch (const Failure&) {
        return false;
    }
}

void check_columns(Connection& db, Lines& wrong) {
    for (const Column& column : kColumns) {
        Query query = db.query(column.sql);
        while (wrong.size() < kMostLines && query.step()) {
            if (can_be_read(column, query.bytes())) continue;
            wrong.push_back("task " + std::to_string(query.number()) + ": " + column.name + " cannot be read");
        }
    }
}

void check_rules(Connection& db, Lines& wrong) {
    for (const Rule& rule : kRules) {
        Query query = db.query(rule.sql);
        while (wrong.size() < kMostLines && query.step()) {
            wrong.push_back("task " + std::to_string(query.number()) + ' ' + rule.broken);
        }
    }
    const auto differing = db.number_of(
        "SELECT count(*) FROM (SELECT owner, state, sum(tasks) AS n FROM ("
        "SELECT owner, state, tasks FROM counts UNION ALL "
        "SELECT owner, state, -count(*) FROM tasks WHERE revealed GROUP BY owner, state) GROUP BY owner, state) "
        "WHERE n != 0");
    if (differing != 0) wrong.emplace_back("the counts of tasks are not those of the tasks");
}

// One transaction: the agent that runs may write meanwhile.
void check_everything(Connection& db, Lines& wrong) {
    db.execute("BEGIN");
    {
        Query query = db.query("PRAGMA integrity_check");
        while (query.step()) {
            if (auto line = std::string(query.bytes()); line != "ok") wrong.push_back(std::move(line));
        }
    }
    if (wrong.empty()) check_columns(db, wrong);
    if (wrong.empty()) check_rules(db, wrong);
    db.execute("COMMIT");
}

}  // namespace

Result<std::vector<std::string>> check_database(const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) return fail(refused(path, "there is no such file"));
    Lines wrong;
    try {
        Connection connection(path, Connection::Mode::kReadOnly);
        connection.execute("PRAGMA busy_timeout=5000; PRAGMA cell_size_check=ON");
        if (connection.number_of("PRAGMA application_id") != kApplicationId) {
            return fail(refused(path, of_another_application()));
        }
        const auto version = connection.number_of("PRAGMA user_version");
        if (version > newest_schema()) return fail(refused(path, of_a_newer_version(version)));
        check_schema(connection);
        check_everything(connection, wrong);
    } catch (const Failure& failure) {
        if ((failure.code() & 0xFF) != SQLITE_CORRUPT) return fail(refused(path, why_of(failure)));
        wrong.emplace_back(failure.what());
    }
    return wrong;
}

}  // namespace a2akit::sqlite
