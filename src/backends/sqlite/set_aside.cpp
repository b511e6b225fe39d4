#include "backends/sqlite/damage.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/refusal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace a2akit::sqlite {
namespace {

/// A table that holds rows of tasks: what makes its copy, what copies the rows of damaged tasks,
/// and what deletes them.
struct Table {
    const char* make;
    const char* copy;
    const char* remove;
};
#define A2AKIT_TABLE(NAME, KEY)                                                 \
    Table{"CREATE TABLE aside." NAME " AS SELECT * FROM main." NAME " WHERE 0", \
          "INSERT INTO aside." NAME " SELECT * FROM main." NAME " WHERE " KEY   \
          " IN (SELECT id FROM temp.damaged)",                                  \
          "DELETE FROM main." NAME " WHERE " KEY " IN (SELECT id FROM temp.damaged)"}
constexpr std::array kTables = {
    A2AKIT_TABLE("tasks", "id"),      A2AKIT_TABLE("active", "id"),
    A2AKIT_TABLE("inputs", "id"),     A2AKIT_TABLE("more", "id"),
    A2AKIT_TABLE("log", "key >> 24"), A2AKIT_TABLE("messages", "key >> 24"),
    A2AKIT_TABLE("keys", "id"),       A2AKIT_TABLE("dead_letters", "id"),
    A2AKIT_TABLE("push", "id"),
};
#undef A2AKIT_TABLE

/// An empty file of a new name, for its owner alone.
Result<std::string> make_file(const std::string& path) {
    for (int number = 1;; ++number) {
        std::string name = path + ".set-aside-" + std::to_string(number);
        const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file >= 0) {
            ::close(file);
            return name;
        }
        if (errno == EEXIST) continue;
        const int error = errno;
        return fail(refused(path, "the file " + name + " cannot be made: " + std::strerror(error)));
    }
}

void list_damaged(Connection& db, const DamagedTasks& damaged) {
    db.execute("CREATE TEMP TABLE damaged(id INTEGER PRIMARY KEY)");
    for (const auto& [task, line] : damaged) {
        db.query("INSERT INTO temp.damaged VALUES(?1)").number(task).run();
    }
}

// The copies are committed before anything is deleted: a transaction over two files is not atomic
// here, and a crash in between then leaves a copy too many, not one too few.
void move_tasks(Connection& db, const std::string& file) {
    db.query("ATTACH ?1 AS aside").text(file).run();
    db.execute("BEGIN IMMEDIATE");
    for (const Table& table : kTables) {
        db.execute(table.make);
        db.execute(table.copy);
    }
    db.execute(
        "CREATE TABLE aside.owners AS SELECT * FROM main.owners WHERE id IN "
        "(SELECT owner FROM aside.tasks)");
    db.execute("COMMIT");
    db.execute("BEGIN IMMEDIATE");
    for (const Table& table : kTables) db.execute(table.remove);
    db.execute("COMMIT");
    db.execute("DETACH aside");
}

void count_anew(Connection& db) {
    db.execute(
        "BEGIN IMMEDIATE; DELETE FROM counts; INSERT INTO counts SELECT owner, state, count(*) "
        "FROM tasks WHERE revealed GROUP BY owner, state; COMMIT");
}

}  // namespace

Result<SetAside> set_aside(const std::string& path, const backends::DataKeys* keys) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) return fail(refused(path, "there is no such file"));
    DatabaseOptions options;
    options.path = path;
    auto database = Database::open(std::move(options));
    if (!database) return fail(std::move(database.error()));
    try {
        const std::unique_ptr<Connection> db = (*database)->writer();
        if (!find_damaged_pages(*db).empty()) {
            return fail(refused(path, "its pages are damaged; restore it from a backup"));
        }
        const DamagedTasks damaged = find_damaged_tasks(*db, keys).tasks;
        SetAside done;
        done.tasks = damaged.size();
        if (!damaged.empty()) {
            auto file = make_file(path);
            if (!file) return fail(std::move(file.error()));
            done.file = std::move(*file);
            list_damaged(*db, damaged);
            move_tasks(*db, done.file);
        }
        count_anew(*db);
        return done;
    } catch (const Failure& failure) {
        return fail(refused(path, why_of(failure)));
    }
}

}  // namespace a2akit::sqlite
