#include "backends/postgres/pg_check.hpp"
#include "backends/postgres/pg_migrations.hpp"
#include "backends/postgres/pg_session.hpp"
#include "backends/postgres/pg_sql.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr std::string_view kMakeTable =
    "create table if not exists {schema}.set_aside (task uuid not null, owner text, "
    "at timestamptz not null default now(), stood_in text not null, contents json, "
    "lost text[] not null)";

std::string about(std::string_view text, const TaskId& task) {
    constexpr std::string_view kPlace = "{task}";
    std::string sql(text);
    for (std::size_t at = sql.find(kPlace); at != std::string::npos; at = sql.find(kPlace))
        sql.replace(at, kPlace.size(), task.to_string());
    return sql;
}

/// "0": the task was erased meanwhile. The statements of one run are one transaction; nodes that
/// lock the same rows in another order may make the server give it up.
Result<std::optional<std::string>> move_task(PgSession& session, const TaskId& task) {
    constexpr std::string_view kCount =
        "select count(*) from {schema}.set_aside where task = '{task}' and stood_in = 'tasks'";
    constexpr int kTries = 3;
    const std::string sql = about(std::string(sql::kSetAside).append(kCount), task);
    for (int tried = 1;; ++tried) {
        auto count = session.run(sql);
        if (count || count.error().code != ErrorCode::kUnavailable || tried == kTries) return count;
    }
}

}  // namespace

Result<std::size_t> set_aside(const std::string& url, const std::vector<TaskId>& tasks) {
    const auto address = PgAddress::parse(url);
    if (!address) return fail(address.error());
    PgSession session(*address);
    if (auto opened = open_current(session); !opened) return fail(std::move(opened.error()));
    if (auto made = session.run(kMakeTable); !made) return fail(std::move(made.error()));
    std::size_t moved = 0;
    for (const TaskId& task : tasks) {
        const auto count = move_task(session, task);
        if (!count) {
            Error error = count.error();
            error.message = "task " + task.to_string() + ": " + error.message + "; " +
                            std::to_string(moved) + " were moved before it";
            return fail(std::move(error));
        }
        if (*count != "0") ++moved;
    }
    return moved;
}

}  // namespace a2akit::postgres
