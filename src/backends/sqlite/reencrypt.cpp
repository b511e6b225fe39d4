#include "backends/sqlite/reencrypt.hpp"

#include "backends/sqlite/database.hpp"
#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_row.hpp"

#include <sqlite3.h>

#include <array>
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

/// A column of stored contents.
struct Column {
    const char* read;   ///< Key, task and bytes of the rows behind a key, in its order.
    const char* write;  ///< The bytes of the row with a key, if they are those that were read.
    Kind kind;
};
#define A2AKIT_COLUMN(TABLE, KEY, NAME, TASK)                                            \
    "SELECT c." KEY ", t.task, c." NAME " FROM " TABLE " c JOIN tasks t ON t.id = " TASK \
    " WHERE c." KEY " > ?1 AND c." NAME " IS NOT NULL ORDER BY c." KEY " LIMIT 64",      \
        "UPDATE " TABLE " SET " NAME " = ?1 WHERE " KEY " = ?2 AND " NAME " = ?3"
constexpr std::array kColumns = {
    Column{A2AKIT_COLUMN("messages", "key", "body", "c.key >> 24"), Kind::kMessages},
    Column{A2AKIT_COLUMN("log", "key", "chunks", "c.key >> 24"), Kind::kChunks},
    Column{A2AKIT_COLUMN("log", "key", "status", "c.key >> 24"), Kind::kStatus},
    Column{A2AKIT_COLUMN("inputs", "id", "input", "c.id"), Kind::kInput},
    Column{A2AKIT_COLUMN("more", "id", "reply", "c.id"), Kind::kMessage},
    Column{A2AKIT_COLUMN("more", "id", "metadata", "c.id"), Kind::kMetadata},
    Column{A2AKIT_COLUMN("more", "id", "checkpoint", "c.id"), Kind::kCheckpoint},
    Column{A2AKIT_COLUMN("push", "rowid", "config", "c.id"), Kind::kPushConfig},
};
#undef A2AKIT_COLUMN

/// A row that is to be written.
struct Change {
    std::int64_t key = 0;
    std::string former;
    std::string fresh;
};

class Work {
public:
    Work(Connection& db, const backends::DataKeys& keys) : db_(db), reencryption_(keys) {}

    void renew_column(const Column& column) {
        for (std::int64_t behind = -1;;) {
            std::vector<Change> changes;
            std::size_t rows = 0;
            std::size_t bytes = 0;
            {
                Query query = db_.query(column.read);
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

    /// Their tasks may be erased, and their keys are tasks.
    void renew_dead_letters() {
        for (TaskId behind;;) {
            std::string former;
            std::optional<std::string> fresh;
            {
                Query query = db_.query(
                    "SELECT task, message FROM dead_letters WHERE task > ?1 ORDER BY task LIMIT 1");
                query.id(behind);
                if (!query.step()) return;
                behind = TaskId{query.id<Uuid>()};
                former = query.bytes();
                fresh = reencryption_.renew(Kind::kMessage, behind, former);
            }
            if (!fresh) continue;
            Query query =
                db_.query("UPDATE dead_letters SET message = ?1 WHERE task = ?2 AND message = ?3");
            query.blob(*fresh).id(behind).blob(former).run();
            note_written();
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
    void write(const Column& column, const std::vector<Change>& changes) {
        if (changes.empty()) return;
        db_.execute("BEGIN IMMEDIATE");
        for (const Change& change : changes) {
            // Configurations are text, all else is a blob, and the two never compare equal.
            Query query = db_.query(column.write);
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
        for (const Column& column : kColumns) work.renew_column(column);
        work.renew_dead_letters();
        work.renew_contexts();
        return work.done();
    } catch (const Failure& failure) {
        return fail(refused(path, why_of(failure)));
    }
}

}  // namespace a2akit::sqlite
