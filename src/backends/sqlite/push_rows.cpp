#include "backends/sqlite/push_rows.hpp"

#include "json/codec.hpp"

#include <utility>

namespace a2akit::sqlite {
namespace {

// An active configuration without anything to tell. The rules do not know this state.
constexpr std::int64_t kResting = 4;

bool rests(const backends::PushProgress& progress, Sequence last) {
    return progress.state == backends::PushState::kActive && !progress.task_first &&
           progress.cursor >= last && progress.lease_until == Timestamp{};
}

}  // namespace

PushRow read_push_row(Query& query) {
    PushRow row;
    row.id = query.number();
    row.config.key = query.id<Uuid>();
    row.config.task = query.id<TaskId>();
    auto config = json::decode<TaskPushNotificationConfig>(query.bytes());
    if (!config) throw Failure::corrupt("a push notification configuration cannot be read");
    row.config.config = std::move(*config);
    row.config.version = static_cast<ProtocolVersion>(query.number());
    backends::PushProgress& progress = row.progress;
    progress.cursor = static_cast<Sequence>(query.number());
    const std::int64_t state = query.number();
    progress.state =
        state == kResting ? backends::PushState::kActive : static_cast<backends::PushState>(state);
    progress.task_first = query.flag();
    progress.attempts = static_cast<int>(query.number());
    progress.next_try = to_time(query.number());
    progress.lease = static_cast<std::uint64_t>(query.number());
    progress.lease_until = to_time(query.number());
    progress.reason = query.bytes();
    progress.at = to_time(query.number());
    return row;
}

std::optional<PushRow> find_push_row(Connection& db, std::int64_t task, std::string_view name) {
    Query query = db.query("SELECT " A2AKIT_PUSH_COLUMNS
                           "FROM push p JOIN tasks t ON t.id = p.id WHERE p.id = ?1 AND p.name = "
                           "?2");
    if (!query.number(task).text(name).step()) return std::nullopt;
    return read_push_row(query);
}

std::optional<PushRow> find_push_row(Connection& db, const Uuid& key) {
    Query query = db.query("SELECT " A2AKIT_PUSH_COLUMNS
                           "FROM push p JOIN tasks t ON t.id = p.id WHERE p.key = ?1");
    if (!query.id(key).step()) return std::nullopt;
    return read_push_row(query);
}

int count_push_rows(Connection& db, std::int64_t task) {
    Query query = db.query("SELECT count(*) FROM push WHERE id = ?1");
    query.number(task).step();
    return static_cast<int>(query.number());
}

void save_push_row(Connection& db, const PushRow& row, Sequence last) {
    const std::string config = json::encode(row.config.config);
    db.query(
          "INSERT OR REPLACE INTO push(key, id, name, config, version, cursor, state, task_first, "
          "attempts, next_try, lease, lease_until, reason, at) "
          "VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, 0, 0, 0, '', 0)")
        .id(row.config.key)
        .number(row.id)
        .text(row.config.config.id)
        .text(config)
        .number(static_cast<std::int64_t>(row.config.version))
        .run();
    save_push_progress(db, row, last);
}

void save_push_progress(Connection& db, const PushRow& row, Sequence last) {
    const backends::PushProgress& progress = row.progress;
    db.query(
          "UPDATE push SET cursor = ?2, state = ?3, task_first = ?4, attempts = ?5, next_try = "
          "?6, lease = ?7, lease_until = ?8, reason = ?9, at = ?10 WHERE key = ?1")
        .id(row.config.key)
        .number(static_cast<std::int64_t>(progress.cursor))
        .number(rests(progress, last) ? kResting : static_cast<std::int64_t>(progress.state))
        .number(progress.task_first ? 1 : 0)
        .number(progress.attempts)
        .number(to_number(progress.next_try))
        .number(static_cast<std::int64_t>(progress.lease))
        .number(to_number(progress.lease_until))
        .text(progress.reason)
        .number(to_number(progress.at))
        .run();
}

void wake_push_rows(Connection& db, std::int64_t task) {
    db.query("UPDATE push SET state = 0 WHERE id = ?1 AND state = 4").number(task).run();
}

}  // namespace a2akit::sqlite
