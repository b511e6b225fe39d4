#include "backends/sqlite/reencrypt.hpp"

#include "backends/sqlite/content_columns.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_row.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// Encrypts stored contents again under the first key, while a server may be writing. Rows are read
// without a lock; then some of them are written in a transaction of their own, each if it still
// holds what was read. No server keeps contents in memory that it would write back.

namespace a2akit::sqlite {
namespace {

using backends::Reencryption;
using Kind = Reencryption::Kind;

constexpr std::size_t kMostRows = 64;          // of one transaction
constexpr std::size_t kMostBytes = 1U << 20U;  // read before they are written

/// A row that is to be written.
struct Change {
    std::int64_t key = 0;
    std::string former;
    std::string fresh;
};

class Work {
public:
    Work(Connection& db, const backends::DataKeys& keys) : db_(db), reencryption_(keys) {}

    void renew_column(const ContentColumn& column) {
        for (std::int64_t behind = -1;;) {
            std::vector<Change> changes;
            std::size_t rows = 0;
            std::size_t bytes = 0;
            {
                Query query = db_.query(column.behind);
                query.number(behind);
                while (rows < kMostRows && bytes < kMostBytes && query.step()) {
                    behind = query.number();
                    const TaskId task{query.id<Uuid>()};
                    const std::string_view former = query.bytes();
                    ++rows;
                    bytes += former.size();
                    if (auto fresh = reencryption_.renew(column.kind, task, former))
                        changes.push_back({behind, std::string(former), std::move(*fresh)});
                }
            }
            if (rows == 0) return;
            write(column, changes);
        }
    }

    void renew_contexts() {
        std::int64_t owner = -1;
        std::string context;
        while (renew_context_behind(owner, context)) {
        }
    }

    [[nodiscard]] const backends::Reencrypted& done() const noexcept {
        return reencryption_.done();
    }

private:
    void write(const ContentColumn& column, const std::vector<Change>& changes) {
        if (changes.empty()) return;
        db_.execute("BEGIN IMMEDIATE");
        for (const Change& change : changes) {
            // Configurations are text, all else is a blob, and the two never compare equal.
            Query query = db_.query(column.replace);
            const bool is_text = column.kind == Kind::kPushConfig;
            is_text ? query.text(change.fresh) : query.blob(change.fresh);
            query.number(change.key);
            is_text ? query.text(change.former) : query.blob(change.former);
            query.run();
            note_written();
        }
        db_.execute("COMMIT");
    }

    /// The next one in the order of the table; false when there is none.
    bool renew_context_behind(std::int64_t& owner, std::string& context) {
        std::string former;
        std::optional<std::string> fresh;
        {
            const StoredContext behind(context);
            Query query = db_.query(
                "SELECT c.owner, c.context, o.owner, o.tenant, c.value FROM contexts c "
                "JOIN owners o ON o.id = c.owner WHERE (c.owner, c.context) > (?1, ?2) "
                "ORDER BY c.owner, c.context LIMIT 1");
            query.number(owner);
            behind.bind(query);
            if (!query.step()) return false;
            owner = query.number();
            std::string next = StoredContext::read(query);
            const std::string name(query.bytes());
            const std::string tenant(query.bytes());
            former = query.bytes();
            fresh = reencryption_.renew_context(name, tenant, next, former);
            context.swap(next);
        }
        if (!fresh) return true;
        const StoredContext stored(context);
        Query query = db_.query(
            "UPDATE contexts SET value = ?3 WHERE owner = ?1 AND context = ?2 AND value = ?4");
        query.number(owner);
        stored.bind(query);
        query.text(*fresh).text(former).run();
        note_written();
        return true;
    }

    void note_written() {
        if (sqlite3_changes(db_.handle()) != 0) reencryption_.note_renewed();
    }

    Connection& db_;
    Reencryption reencryption_;
};

}  // namespace

Result<backends::Reencrypted> reencrypt(const std::string& path, const backends::DataKeys& keys) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) return fail(refused(path, "there is no such file"));
    try {
        Connection db(path, Connection::Mode::kReadWrite);
        // What is left of the former bytes in the file is overwritten.
        db.execute("PRAGMA busy_timeout=30000; PRAGMA secure_delete=ON");
        if (db.number_of("PRAGMA application_id") != kApplicationId)
            return fail(refused(path, of_another_application()));
        const auto version = db.number_of("PRAGMA user_version");
        if (version > newest_schema()) return fail(refused(path, of_a_newer_version(version)));
        check_schema(db);
        Work work(db, keys);
        for (const ContentColumn& column : kContentColumns) work.renew_column(column);
        work.renew_contexts();
        return work.done();
    } catch (const Failure& failure) {
        return fail(refused(path, why_of(failure)));
    }
}

}  // namespace a2akit::sqlite
