// What a database alone can do: for each task one insert, two updates and four event rows in WAL
// mode, in three transactions for every 32 tasks. Links nothing of a2akit. Prints one line of JSON.
//
//   bare_sqlite FILE full|normal TASKS

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kTogether = 32;

sqlite3* db = nullptr;

void check(int code) {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    std::fprintf(stderr, "bare_sqlite: %s\n", sqlite3_errmsg(db));
    std::exit(1);
}
void execute(const char* sql) { check(sqlite3_exec(db, sql, nullptr, nullptr, nullptr)); }

sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
}
void run(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
}

double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Statements {
    sqlite3_stmt* begin = prepare("BEGIN IMMEDIATE");
    sqlite3_stmt* commit = prepare("COMMIT");
    sqlite3_stmt* insert = prepare("INSERT INTO tasks VALUES(?1, ?2, 1, ?3, ?4)");
    sqlite3_stmt* update = prepare("UPDATE tasks SET state = ?2, at = ?3 WHERE id = ?1");
    sqlite3_stmt* event = prepare("INSERT INTO events VALUES(?1, ?2, ?3)");
};

const std::string kBody(300, 'x');

void add_event(Statements& s, sqlite3_int64 task, int sequence) {
    sqlite3_bind_int64(s.event, 1, task);
    sqlite3_bind_int(s.event, 2, sequence);
    sqlite3_bind_text(s.event, 3, kBody.data(), static_cast<int>(kBody.size()), SQLITE_STATIC);
    run(s.event);
}
void insert_task(Statements& s, sqlite3_int64 task) {
    unsigned char id[16];
    sqlite3_randomness(sizeof id, id);
    sqlite3_bind_int64(s.insert, 1, task);
    sqlite3_bind_blob(s.insert, 2, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_int64(s.insert, 3, task);
    sqlite3_bind_text(s.insert, 4, kBody.data(), static_cast<int>(kBody.size()), SQLITE_STATIC);
    run(s.insert);
    add_event(s, task, 1);
}
void update_task(Statements& s, sqlite3_int64 task, int state) {
    sqlite3_bind_int64(s.update, 1, task);
    sqlite3_bind_int(s.update, 2, state);
    sqlite3_bind_int64(s.update, 3, task);
    run(s.update);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fprintf(stderr, "usage: bare_sqlite FILE full|normal TASKS\n"), 2;
    check(sqlite3_open(argv[1], &db));
    execute("PRAGMA journal_mode=WAL; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY");
    execute((std::string("PRAGMA synchronous=") + argv[2]).c_str());
    execute(
        "CREATE TABLE tasks(id INTEGER PRIMARY KEY, task BLOB UNIQUE, state INTEGER, at INTEGER, "
        "message TEXT);"
        "CREATE TABLE events(task INTEGER, sequence INTEGER, body TEXT, PRIMARY KEY(task, "
        "sequence)) WITHOUT ROWID");
    Statements s;
    const int tasks = std::max(kTogether, std::atoi(argv[3]));
    std::vector<double> commits;
    const auto commit = [&] {
        const auto before = Clock::now();
        run(s.commit);
        commits.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before).count());
    };
    const auto started = Clock::now();
    const double cpu_before = cpu_seconds();
    sqlite3_int64 next = 1;
    for (; next <= tasks; next += kTogether) {
        run(s.begin);
        for (int i = 0; i < kTogether; ++i) insert_task(s, next + i);
        commit();
        run(s.begin);
        for (int i = 0; i < kTogether; ++i) update_task(s, next + i, 2), add_event(s, next + i, 2);
        commit();
        run(s.begin);
        for (int i = 0; i < kTogether; ++i) {
            add_event(s, next + i, 3);
            update_task(s, next + i, 3);
            add_event(s, next + i, 4);
        }
        commit();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    const double done = static_cast<double>(next - 1);
    std::nth_element(commits.begin(),
                     commits.begin() + static_cast<std::ptrdiff_t>(commits.size() / 2),
                     commits.end());
    std::printf(
        "{\"tasks_per_second\": %.0f, \"cpu_us_per_task\": %.2f, \"median_commit_us\": %.0f}\n",
        done / seconds, (cpu_seconds() - cpu_before) * 1e6 / done, commits[commits.size() / 2]);
    return 0;
}
