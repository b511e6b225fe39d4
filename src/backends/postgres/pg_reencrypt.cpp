#include "backends/postgres/content_columns.hpp"
#include "backends/postgres/pg_check.hpp"
#include "backends/postgres/pg_migrations.hpp"
#include "backends/postgres/pg_session.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::postgres {
namespace {

using backends::Reencryption;

constexpr auto kAnswerWithin = std::chrono::minutes(2);

/// A value that is to be written.
struct Change {
    Uuid task;
    std::string former;
    std::string fresh;
};

class Work {
public:
    Work(PgSession& session, const backends::DataKeys& keys)
        : session_(session), reencryption_(keys) {}

    /// The rows of some tasks at a time, in the order of the tasks. A row is known by its task and
    /// its former value: each value was sealed with a nonce of its own.
    Result<void> renew_column(const ContentColumn& column) {
        const std::string table = std::string("{schema}.") + column.table;
        const std::string task(column.task);
        const std::string name(column.name);
        const std::string page = "select " + task + " from " + table +
                                 " where ($1::uuid is null or " + task + " > $1) and " + name +
                                 " is not null order by " + task + " limit 20";
        const std::string read = "select " + task + ", " + name + " from " + table + " where " +
                                 task + " = any ($1::uuid[]) and " + name + " is not null";
        const std::string write = "update " + table + " set " + name + " = $3 where " + task +
                                  " = $1 and " + name + " = $2 returning 1";
        for (std::optional<Uuid> behind;;) {
            std::vector<Uuid> tasks;
            PgParams from;
            from.add(behind);
            auto listed = session_.each_row(page, from, kAnswerWithin, [&](PgRow row) {
                const Uuid one = row.uuid();
                if (tasks.empty() || tasks.back() != one) tasks.push_back(one);
            });
            if (!listed || tasks.empty()) return listed;
            behind = tasks.back();
            std::vector<Change> changes;
            PgParams of;
            of.uuids(tasks.data(), tasks.size());
            auto seen = session_.each_row(read, of, kAnswerWithin, [&](PgRow row) {
                const Uuid one = row.uuid();
                const std::string_view former = row.bytes();
                if (auto fresh = reencryption_.renew(column.kind, TaskId{one}, former))
                    changes.push_back({one, std::string(former), std::move(*fresh)});
            });
            if (!seen) return seen;
            for (const Change& change : changes) {
                PgParams params;
                params.add(change.task).bytes(change.former).bytes(change.fresh);
                if (auto written = run_write(write, params); !written) return written;
            }
        }
    }

    Result<void> renew_contexts() {
        struct Value {
            std::string owner, tenant, context, former;
        };
        for (std::optional<Value> behind;;) {
            std::vector<Value> values;
            PgParams from;
            if (behind) {
                from.bytes(behind->owner).bytes(behind->tenant).bytes(behind->context);
            } else {
                from.null().null().null();
            }
            auto listed = session_.each_row(
                "select owner, tenant, context, value from {schema}.contexts where $1::bytea is "
                "null or (owner, tenant, context) > ($1, $2::bytea, $3::bytea) "
                "order by owner, tenant, context limit 50",
                from, kAnswerWithin, [&](PgRow row) {
                    Value value;
                    for (std::string* text :
                         {&value.owner, &value.tenant, &value.context, &value.former})
                        *text = row.bytes();
                    values.push_back(std::move(value));
                });
            if (!listed || values.empty()) return listed;
            for (Value& value : values) {
                auto fresh = reencryption_.renew_context(value.owner, value.tenant, value.context,
                                                         value.former);
                if (!fresh) continue;
                PgParams params;
                params.bytes(value.owner).bytes(value.tenant).bytes(value.context);
                params.bytes(value.former).bytes(*fresh);
                auto written = run_write(
                    "update {schema}.contexts set value = $5 where owner = $1 and tenant = $2 and "
                    "context = $3 and value = $4 returning 1",
                    params);
                if (!written) return written;
            }
            behind = std::move(values.back());
        }
    }

    [[nodiscard]] const backends::Reencrypted& done() const noexcept {
        return reencryption_.done();
    }

private:
    Result<void> run_write(const std::string& sql, const PgParams& params) {
        return session_.each_row(sql, params, kAnswerWithin,
                                 [this](PgRow) { reencryption_.note_renewed(); });
    }

    PgSession& session_;
    Reencryption reencryption_;
};

}  // namespace

Result<backends::Reencrypted> reencrypt(const std::string& url, const backends::DataKeys& keys) {
    const auto address = PgAddress::parse(url);
    if (!address) return fail(address.error());
    PgSession session(*address);
    if (auto opened = open_current(session); !opened) return fail(std::move(opened.error()));
    Work work(session, keys);
    for (const ContentColumn& column : kContentColumns) {
        if (auto renewed = work.renew_column(column); !renewed) return fail(renewed.error());
    }
    if (auto renewed = work.renew_contexts(); !renewed) return fail(renewed.error());
    return work.done();
}

}  // namespace a2akit::postgres
