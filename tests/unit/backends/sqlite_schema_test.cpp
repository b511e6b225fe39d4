#include "backends/sqlite/content_columns.hpp"
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/list_statements.hpp"
#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/contract_case.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace a2akit::sqlite {
namespace {

using testing::ok;

std::string text_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Every table and index of a file.
std::string schema_of(const std::string& path) {
    return Connection(path, Connection::Mode::kReadOnly)
        .text_of(
            "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema WHERE sql IS "
            "NOT NULL ORDER BY name)");
}

class SqliteSchemaTest : public ::testing::Test {
protected:
    using Run = a2akit::Run;  // not GoogleTest's private function of that name

    [[nodiscard]] std::shared_ptr<SqliteStorage> open(const std::string& path) const {
        DatabaseOptions options;
        options.path = path;
        return SqliteStorage::open(std::move(options), clock_).value_or_throw();
    }
    const test_support::TemporaryDirectory directory_;
    const std::string path_ = directory_.file("a2akit.db");
    const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
};

// -- Steps

TEST_F(SqliteSchemaTest, EachStepThatIsMissingIsTaken) {
    Connection db(path_, Connection::Mode::kReadWrite);
    migrate(db, 0, std::array{"CREATE TABLE first(x)"});
    db.execute("INSERT INTO first VALUES(1)");
    migrate(db, 1,
            std::array{"never done again", "ALTER TABLE first ADD y DEFAULT 2",
                       "CREATE TABLE third(z)"});
    EXPECT_EQ(db.number_of("PRAGMA user_version"), 3);
    EXPECT_EQ(db.number_of("SELECT x + y FROM first"), 3);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM third"), 0);
}

TEST_F(SqliteSchemaTest, AStepThatFailsLeavesTheFileAtTheStepBefore) {
    {
        Connection db(path_, Connection::Mode::kReadWrite);
        const std::array steps{"CREATE TABLE first(x)",
                               "CREATE TABLE second(x); CREATE TABLE first(x)"};
        EXPECT_THROW(migrate(db, 0, steps), Failure);
    }
    Connection db(path_, Connection::Mode::kReadOnly);
    EXPECT_EQ(db.number_of("PRAGMA user_version"), 1);
    EXPECT_EQ(db.number_of("PRAGMA application_id"), kApplicationId);
    EXPECT_EQ(db.number_of("SELECT count(*) FROM sqlite_schema"), 1);
}

// -- Plans

TEST_F(SqliteSchemaTest, EveryStatementOfAListingReadsAnIndexAndNothingElse) {
    open(path_).reset();
    const auto plan_of = [this](const std::string& sql) {
        Connection db(path_, Connection::Mode::kReadOnly);
        Query rows = db.query(("EXPLAIN QUERY PLAN " + sql).c_str());
        std::string plan;
        while (rows.step()) {
            for (int before = 0; before < 3; ++before) (void)rows.number();
            plan += plan.empty() ? "" : "; ";
            plan += rows.bytes();
        }
        return plan;
    };
    EXPECT_EQ(plan_of(kListOfState),
              "SEARCH tasks USING COVERING INDEX tasks_listed (owner=? AND state=? AND "
              "status_time>? AND status_time<?)");
    EXPECT_EQ(
        plan_of(kCountOfState),
        "SEARCH tasks USING COVERING INDEX tasks_listed (owner=? AND state=? AND status_time>?)");
    EXPECT_EQ(plan_of(kListOfContext),
              "SEARCH tasks USING COVERING INDEX tasks_context (owner=? AND context=? AND "
              "revealed=? AND state=? AND "
              "status_time>? AND status_time<?)");
    EXPECT_EQ(plan_of(kCountOfContext),
              "SEARCH tasks USING COVERING INDEX tasks_context (owner=? AND context=? AND "
              "revealed=? AND state=? AND "
              "status_time>?)");
}

// -- Contents

// A column of contents that kContentColumns lacks is not encrypted again under a new key, and is
// lost with the old one.
TEST_F(SqliteSchemaTest, EveryColumnOfBytesHoldsContentsOrIsKnownNotTo) {
    open(path_).reset();
    std::set<std::string> known = {
        "meta.name",         "meta.value",          "owners.owner",     "owners.tenant",
        "tasks.task",        "tasks.context",       "tasks.made",       "tasks.ended",
        "active.run_claim",  "active.run_answer",   "active.answers",   "inputs.sealed",
        "nodes.node",        "keys.name",           "keys.hash",        "keys.answer",
        "dead_letters.task", "dead_letters.reason", "contexts.context", "contexts.value",
        "push.key",          "push.name",           "push.reason",      "dead_letters.redriven",
    };
    for (const ContentColumn& column : kContentColumns)
        known.insert(std::string(column.table) + "." + column.name);
    std::set<std::string> stored;
    Connection db(path_, Connection::Mode::kReadOnly);
    Query columns = db.query(
        "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
        "WHERE t.type = 'table' AND c.type != 'INTEGER'");
    while (columns.step()) stored.emplace(columns.bytes());
    EXPECT_EQ(stored, known);
}

// -- What earlier versions wrote

/// A file as the first version left it: `tests/data/sqlite/schema_1.sql` is its dump, and stays as
/// it is.
class SqliteSchema1Test : public SqliteSchemaTest {
protected:
    void SetUp() override {
        const std::string dump = text_of_file(A2AKIT_TEST_DATA "/sqlite/schema_1.sql");
        ASSERT_FALSE(dump.empty());
        Connection(path_, Connection::Mode::kReadWrite).execute(dump.c_str());
        clock_->advance(std::chrono::hours(1));  // later than everything in it
        storage_ = open(path_);
    }
    template <class T>
    T must(AsyncResult<T> call) {
        Result<T> result = loop_.await(std::move(call));
        EXPECT_TRUE(ok(result));
        return result ? std::move(*result) : T{};
    }
    /// The only task of that context.
    TaskSnapshot task_in(const std::string& context, const OwnerScope& owner) {
        ListQuery query;
        query.context_id = context;
        query.include_artifacts = true;
        auto page = must(storage_->list(owner, std::move(query)));
        EXPECT_EQ(page.tasks.size(), 1U) << context;
        return std::move(page.tasks.at(0));
    }
    Run claim(const TaskId& task) {
        auto claimed = must(storage_->claim(WriteId::next(), task, 1, NodeId::generate(),
                                            std::chrono::seconds(15)));
        EXPECT_TRUE(std::holds_alternative<Run>(claimed));
        return std::get<Run>(std::move(claimed));
    }

    const OwnerScope alice_{"alice", "", false};
    const OwnerScope bob_{"bob", "acme", false};
    std::shared_ptr<SqliteStorage> storage_;
    testing::ManualLoop loop_{clock_, [this] { return storage_ && storage_->busy(); }};
};

TEST_F(SqliteSchema1Test, BecomesWhatAFreshFileIs) {
    open(directory_.file("fresh.db")).reset();
    EXPECT_EQ(schema_of(path_), schema_of(directory_.file("fresh.db")))
        << "released schemas never change; a new version is a migration of its own";
    EXPECT_EQ(check_database(path_)->lines, std::vector<std::string>{});
}

TEST_F(SqliteSchema1Test, FinishedTasksAreReadWithTheirLogs) {
    const TaskSnapshot finished = task_in("11111111-2222-4333-8444-555555555555", alice_);
    EXPECT_EQ(finished.status.state, TaskState::kCompleted);
    EXPECT_EQ((*finished.status.message)->text(), "bye");
    EXPECT_EQ(finished.artifacts.at(0)->text(), "the answer");
    EXPECT_EQ(finished.history.at(0)->text(), "hello");
    EXPECT_EQ(must(storage_->events(finished.id, alice_, 0, 10)).events.size(), 4U);
    const TaskSnapshot compacted = task_in("compacted", alice_);
    EXPECT_EQ(compacted.artifacts.at(0)->text(), "compacted answer");
    EXPECT_EQ((*compacted.status.message)->text(), "bye");
    EXPECT_EQ(loop_.await(storage_->events(compacted.id, alice_, 0, 10)).error().code,
              ErrorCode::kCompacted);
    EXPECT_EQ(must(storage_->list(alice_, {})).total, 5);
}

TEST_F(SqliteSchema1Test, EachStoredContentIsFoundAndCanBeReplaced) {
    storage_.reset();
    Connection db(path_, Connection::Mode::kReadWrite);
    for (const ContentColumn& column : kContentColumns) {
        const std::string name = std::string(column.table) + "." + column.name;
        std::vector<std::string> stored;
        for (Query each = db.query(column.each); each.step();) stored.emplace_back(each.bytes());
        std::size_t replaced = 0;
        for (std::int64_t behind = -1;;) {
            std::string bytes;
            {
                Query next = db.query(column.behind);
                next.number(behind);
                if (!next.step()) break;
                behind = next.number();
                EXPECT_EQ(next.bytes().size(), 16U) << name;
                bytes = next.bytes();
            }
            EXPECT_NE(std::ranges::find(stored, bytes), stored.end()) << name;
            Query replace = db.query(column.replace);
            replace.blob("new").number(behind);
            replace.blob(bytes).run();
            replaced += static_cast<std::size_t>(sqlite3_changes(db.handle()));
        }
        EXPECT_EQ(replaced, stored.size()) << name;
        if (name != "push.config") {  // which is a later version's
            EXPECT_GT(replaced, 0U) << name;
        }
    }
}

TEST_F(SqliteSchema1Test, UnfinishedTasksGoOn) {
    EXPECT_EQ(must(storage_->due(10)).size(), 2U);
    const Run waiting = claim(task_in("waiting", alice_).id);
    EXPECT_EQ(waiting.attempt, 1);
    EXPECT_EQ(waiting.input.message->text(), "wait for me");
    EXPECT_EQ(waiting.input.metadata.text(), "{\"why\":1}");
    EXPECT_EQ(waiting.input.accepted_output_modes, std::vector<std::string>{"text/plain"});
    EXPECT_EQ(waiting.input.extensions, std::vector<std::string>{"urn:x"});
    EXPECT_EQ(waiting.input.sealed_context->bytes, "sealed bytes");
    const Run running = claim(task_in("running", bob_).id);
    EXPECT_EQ(running.attempt, 2);
    EXPECT_EQ(running.epoch, 2U);
    EXPECT_EQ(running.snapshot.checkpoint.text(), "{\"step\":3}");
    EXPECT_EQ(running.snapshot.metadata.text(), "{\"m\":true}");
    EXPECT_TRUE(running.snapshot.cancel_by);
    EXPECT_EQ((*task_in("paused", alice_).status.message)->text(), "which one?");
}

TEST_F(SqliteSchema1Test, KeysDeadLettersAndContextsAreKnown) {
    TaskUpdate again;
    again.id = WriteId::next();
    again.once.emplace().key = "key-1";
    again.once->request_hash.fill(7);
    const Created joined =
        must(storage_->create({TaskId::generate(), "elsewhere", true}, alice_, std::move(again)));
    EXPECT_TRUE(joined.appended.repeated);
    EXPECT_EQ(joined.snapshot->context_id, "11111111-2222-4333-8444-555555555555");
    const auto letters = must(storage_->dead_letters({}, 10));
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].reason, "gave up after 4 attempts");
    EXPECT_EQ(letters[0].message->text(), "fail me");
    EXPECT_TRUE(letters[0].redriven);
    EXPECT_EQ(must(storage_->load_context(alice_, "waiting")).value.text(), "{\"kept\":\"yes\"}");
    EraseQuery everything;
    everything.keep_at_most = 0;
    EXPECT_EQ(must(storage_->erase(everything)).size(), 3U)
        << "but the direct reply, whose time has not come";
}

}  // namespace
}  // namespace a2akit::sqlite
