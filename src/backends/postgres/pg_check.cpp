#include "backends/postgres/pg_check.hpp"

#include "backends/postgres/content_columns.hpp"
#include "backends/postgres/pg_migrations.hpp"
#include "backends/postgres/pg_session.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace a2akit::postgres {
namespace {

using backends::ContentCheck;
using State = ContentCheck::State;

constexpr std::size_t kMostLines = 100;
constexpr auto kReadWithin = std::chrono::minutes(10);  // a page of tasks may hold much

std::string contents_sql() {
    std::string sql;
    for (std::size_t i = 0; i < kContentColumns.size(); ++i) {
        const ContentColumn& column = kContentColumns[i];
        if (i != 0) sql += " union all ";
        sql.append("select ").append(std::to_string(i)).append(", ").append(column.task);
        sql.append(", ").append(column.name).append(" from {schema}.").append(column.table);
        sql.append(" where ").append(column.task).append(" = any ($1::uuid[]) and ");
        sql.append(column.name).append(" is not null");
    }
    return sql;
}

/// The newest id of a page stands behind all others.
constexpr std::string_view kPage =
    "select p.id, {schema}.is_readable(p.id) from (select id from {schema}.tasks "
    "where $1::uuid is null or id > $1::uuid order by id limit 100) p order by p.id";

/// What is wrong with a task.
struct Fault {
    std::string what;
    ContentCheck::Reading reading;
};

class Check {
public:
    Check(PgSession& session, const backends::DataKeys* keys)
        : session_(session), contents_(keys), contents_sql_(contents_sql()) {}

    Result<void> run() {
        for (std::optional<TaskId> last;;) {
            std::vector<TaskId> readable;
            const std::optional<TaskId> before = last;
            if (auto read = read_page(last, readable); !read) return read;
            if (last == before) return {};
            if (readable.empty()) continue;
            if (auto read = read_contents(readable); !read) return read;
        }
    }

    void describe(Findings& findings) const {
        for (const auto& [task, fault] : faults_) {
            const State state = fault.reading.state;
            // A key that has opened nothing may be another one of the same id.
            const bool is_damaged =
                state == State::kDamaged ||
                (state == State::kNotOpened && contents_.has_opened(fault.reading.key));
            if (!is_damaged) {
                ++findings.encrypted;
                continue;
            }
            findings.damaged.push_back(task);
            if (findings.lines.size() < kMostLines)
                findings.lines.push_back("task " + task.to_string() + ": " + fault.what);
        }
        if (const std::size_t all = findings.damaged.size(); all > kMostLines)
            findings.lines.push_back("and " + std::to_string(all - kMostLines) + " more tasks");
    }

private:
    Result<void> read_page(std::optional<TaskId>& last, std::vector<TaskId>& readable) {
        PgParams params;
        params.add(last);
        return session_.each_row(kPage, params, kReadWithin, [&](PgRow row) {
            const TaskId task{row.uuid()};
            last = task;
            if (row.boolean())
                readable.push_back(task);
            else
                note(task, {"PostgreSQL cannot read it", {State::kDamaged, {}}});
        });
    }

    Result<void> read_contents(const std::vector<TaskId>& tasks) {
        PgParams params;
        params.uuids(tasks.data(), tasks.size());
        return session_.each_row(contents_sql_, params, kReadWithin, [&](PgRow row) {
            const ContentColumn& column = kContentColumns[static_cast<std::size_t>(row.i32())];
            const TaskId task{row.uuid()};
            auto reading = contents_.read(column.kind, task, row.bytes());
            if (reading.state == State::kReadable) return;
            std::string what;  // of those that are encrypted there may be many
            if (reading.state != State::kEncrypted) {
                what = std::string(column.table) + "." + column.name + " cannot be ";
                what += reading.state == State::kDamaged ? "read" : "decrypted";
            }
            note(task, {std::move(what), std::move(reading)});
        });
    }

    void note(const TaskId& task, Fault fault) {
        const auto [known, is_new] = faults_.try_emplace(task, std::move(fault));
        if (!is_new && fault.reading.state > known->second.reading.state)
            known->second = std::move(fault);
    }

    PgSession& session_;
    ContentCheck contents_;
    const std::string contents_sql_;
    std::map<TaskId, Fault> faults_;
};

}  // namespace

Result<Findings> check_schema(const std::string& url, const backends::DataKeys* keys) {
    const auto address = PgAddress::parse(url);
    if (!address) return fail(address.error());
    PgSession session(*address);
    if (auto opened = open_current(session); !opened) return fail(std::move(opened.error()));
    Findings findings;
    findings.schema = address->schema;
    Check check(session, keys);
    if (auto done = check.run(); !done) {
        if (!session.found_damage()) return fail(std::move(done.error()));
        findings.lines.emplace_back(
            "PostgreSQL finds a table of tasks damaged; its log says which file");
        return findings;
    }
    check.describe(findings);
    if (auto compared = find_wrong_counts(session, kMostLines, findings); !compared)
        return fail(std::move(compared.error()));
    return findings;
}

}  // namespace a2akit::postgres
