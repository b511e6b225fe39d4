#include "backends/postgres/pg_check.hpp"
#include "backends/postgres/pg_migrations.hpp"
#include "backends/postgres/pg_session.hpp"
#include "core/log_text.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

// The counts of tasks that are kept with each write (sql/count.sql). Pages that were lost, a
// restore of the data alone, or a hand that changes the tables can make them wrong.

namespace a2akit::postgres {
namespace {

constexpr auto kCountedWithin = std::chrono::minutes(10);

// One statement sees one moment, so nodes may be running.
constexpr std::string_view kDifferences =
    "select coalesce(c.owner, t.owner), coalesce(c.tenant, t.tenant), coalesce(c.n, 0), "
    "coalesce(t.n, 0) from "
    "(select owner, tenant, sum(tasks)::bigint n from {schema}.task_counts group by owner, tenant) "
    "c full join "
    "(select owner, tenant, count(*) n from {schema}.tasks where revealed group by owner, tenant) "
    "t on t.owner = c.owner and t.tenant = c.tenant "
    "where coalesce(c.n, 0) <> coalesce(t.n, 0) order by 1, 2";

// The lock waits for the transactions that write tasks, and keeps new ones out until all is
// counted.
constexpr std::string_view kCountAnew =
    "begin; set local lock_timeout = '60s'; set local statement_timeout = 0; "
    "lock table {schema}.tasks in share row exclusive mode; delete from {schema}.task_counts; "
    "insert into {schema}.task_counts select owner, tenant, 0, count(*) from {schema}.tasks "
    "where revealed group by owner, tenant; commit";

}  // namespace

Result<void> find_wrong_counts(PgSession& session, std::size_t most_lines, Findings& findings) {
    auto unlimited = session.run("set statement_timeout = 0");
    if (!unlimited) return fail(std::move(unlimited.error()));
    return session.each_row(kDifferences, PgParams(), kCountedWithin, [&](PgRow row) {
        const std::string owner = quoted(row.bytes());
        const std::string tenant(row.bytes());
        const std::int64_t counted = row.i64();
        const std::int64_t there = row.i64();
        if (findings.wrong_counts++ >= most_lines) return;
        std::string line = "owner " + owner;
        if (!tenant.empty()) line += " in the tenant " + quoted(tenant);
        line += " has " + std::to_string(there) + (there == 1 ? " task" : " tasks");
        findings.lines.push_back(line + ", and is counted to have " + std::to_string(counted));
    });
}

Result<void> count_anew(const std::string& url) {
    const auto address = PgAddress::parse(url);
    if (!address) return fail(address.error());
    PgSession session(*address);
    if (auto opened = open_current(session); !opened) return fail(std::move(opened.error()));
    auto counted = session.run(kCountAnew, kCountedWithin);
    if (!counted) return fail(std::move(counted.error()));
    return {};
}

}  // namespace a2akit::postgres
