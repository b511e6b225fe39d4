#include "backends/sqlite/schema.hpp"

#include <array>
#include <string>

namespace a2akit::sqlite {
namespace {

// A task is a row of `tasks` for as long as it is stored, and a row of `active` until it has ended:
// that row is its newest turn, the run of it, and the queue entry. `log` has a row per write that
// made events, keyed by the write's last event; once compacted, one row at place 0. `messages` has
// a row per write that added history, keyed by the number of the write's last message. States are
// the protocol's numbers; times are milliseconds since 1970.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE owners(id INTEGER PRIMARY KEY, owner TEXT NOT NULL, tenant TEXT NOT NULL, UNIQUE(owner, tenant));
CREATE TABLE counts(owner INTEGER NOT NULL, state INTEGER NOT NULL, tasks INTEGER NOT NULL,
  PRIMARY KEY(owner, state)) WITHOUT ROWID;
CREATE TABLE tasks(id INTEGER PRIMARY KEY, task BLOB NOT NULL, owner INTEGER NOT NULL, context NOT NULL,
  revealed INTEGER NOT NULL, state INTEGER NOT NULL, status_time INTEGER NOT NULL, status_at INTEGER NOT NULL,
  turn INTEGER NOT NULL, turn_ended INTEGER NOT NULL, revision INTEGER NOT NULL, epoch INTEGER NOT NULL,
  last_event INTEGER NOT NULL, compacted INTEGER NOT NULL, messages INTEGER NOT NULL, has_more INTEGER NOT NULL,
  made BLOB, ended BLOB);
CREATE UNIQUE INDEX tasks_task ON tasks(task);
CREATE INDEX tasks_listed ON tasks(owner, state, status_time DESC, task) WHERE revealed;
CREATE INDEX tasks_context ON tasks(owner, context);
CREATE INDEX tasks_resting ON tasks(state, compacted > 0, status_time, task) WHERE state >= 3;
CREATE TABLE active(id INTEGER PRIMARY KEY, look INTEGER, turn_look INTEGER NOT NULL, looks INTEGER NOT NULL,
  attempts INTEGER NOT NULL, input INTEGER NOT NULL, node INTEGER, run_turn INTEGER NOT NULL, run_claim BLOB,
  run_until INTEGER NOT NULL, run_look INTEGER NOT NULL, run_answer BLOB, cancel_by INTEGER,
  cancel_look INTEGER NOT NULL, answers BLOB);
CREATE INDEX active_look ON active(look) WHERE look IS NOT NULL;
CREATE INDEX active_node ON active(node) WHERE node IS NOT NULL;
CREATE TABLE inputs(id INTEGER PRIMARY KEY, input BLOB NOT NULL, sealed BLOB);
CREATE TABLE more(id INTEGER PRIMARY KEY, checkpoint BLOB, metadata BLOB, reply BLOB, keep_until INTEGER);
CREATE INDEX more_keep ON more(keep_until) WHERE keep_until IS NOT NULL;
CREATE TABLE log(key INTEGER PRIMARY KEY, state INTEGER, time INTEGER, chunks BLOB, status BLOB);
CREATE TABLE messages(key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE nodes(id INTEGER PRIMARY KEY, node BLOB NOT NULL UNIQUE, until INTEGER NOT NULL);
CREATE TABLE keys(owner INTEGER NOT NULL, name TEXT NOT NULL, hash BLOB NOT NULL, id INTEGER NOT NULL,
  answer BLOB NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY(owner, name)) WITHOUT ROWID;
CREATE INDEX keys_expires ON keys(expires);
CREATE INDEX keys_id ON keys(id);
CREATE TABLE dead_letters(task BLOB PRIMARY KEY, id INTEGER NOT NULL, turn INTEGER NOT NULL, reason TEXT NOT NULL,
  at INTEGER NOT NULL, attempts INTEGER NOT NULL, message BLOB NOT NULL, redriven BLOB) WITHOUT ROWID;
CREATE TABLE contexts(owner INTEGER NOT NULL, context NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY(owner, context)) WITHOUT ROWID;
INSERT INTO meta VALUES('context_version', 0);
INSERT INTO meta VALUES('cursor_key', randomblob(32));
)sql";

// Within one millisecond the newest id comes first. Each list has an index that holds all columns
// that it reads, `revealed` included.
constexpr const char* kVersion2 = R"sql(
DROP INDEX tasks_listed;
CREATE INDEX tasks_listed ON tasks(owner, state, status_time DESC, task DESC, revealed) WHERE revealed;
DROP INDEX tasks_context;
CREATE INDEX tasks_context ON tasks(owner, context, revealed, state, status_time DESC, task DESC);
)sql";

// Push notification configurations: the row of the task, the configuration with its secrets as the
// protocol's JSON, and how far its deliveries have come. A delivery is due when its task has more
// events.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE push(key BLOB PRIMARY KEY, id INTEGER NOT NULL, name TEXT NOT NULL, config TEXT NOT NULL,
  version INTEGER NOT NULL, cursor INTEGER NOT NULL, state INTEGER NOT NULL, task_first INTEGER NOT NULL,
  attempts INTEGER NOT NULL, next_try INTEGER NOT NULL, lease INTEGER NOT NULL, lease_until INTEGER NOT NULL,
  reason TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE(id, name));
CREATE INDEX push_due ON push(next_try) WHERE state = 0;
)sql";

// The step from version n to n + 1 is at place n. It is never changed once released: a new version
// is a new entry.
constexpr std::array kMigrations = {kVersion1, kVersion2, kVersion3};

constexpr std::array kNeeded = {
    "active",   "active_look", "active_node",   "contexts",     "counts",        "dead_letters",
    "inputs",   "keys",        "keys_expires",  "keys_id",      "log",           "messages",
    "meta",     "more",        "more_keep",     "nodes",        "owners",        "push",
    "push_due", "tasks",       "tasks_context", "tasks_listed", "tasks_resting", "tasks_task"};

}  // namespace

int newest_schema() noexcept { return static_cast<int>(kMigrations.size()); }

void migrate(Connection& connection, int version) { migrate(connection, version, kMigrations); }

void migrate(Connection& connection, int version, std::span<const char* const> steps) {
    for (auto next = static_cast<std::size_t>(version); next < steps.size(); ++next) {
        connection.execute("BEGIN IMMEDIATE");
        connection.execute(steps[next]);
        connection.execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str());
        connection.execute(("PRAGMA user_version=" + std::to_string(next + 1)).c_str());
        connection.execute("COMMIT");
    }
}

void check_schema(Connection& connection) {
    for (const char* name : kNeeded) {
        Query query = connection.query("SELECT 1 FROM sqlite_schema WHERE name = ?1");
        if (!query.text(name).step()) throw Failure::corrupt(std::string("it has no ") + name);
    }
}

}  // namespace a2akit::sqlite
