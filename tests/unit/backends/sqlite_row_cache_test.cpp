#include "backends/sqlite/schema.hpp"
#include "backends/sqlite/task_writes.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <memory>

namespace a2akit::sqlite {
namespace {

class SqliteRowCacheTest : public ::testing::Test {
protected:
    SqliteRowCacheTest() {
        auto connection =
            std::make_unique<Connection>(directory_.file("t.db"), Connection::Mode::kReadWrite);
        migrate(*connection, 0);
        session_ = std::make_unique<Session>(std::move(connection), time_);
        row_.id = session_->next_task();
        row_.task = TaskId::generate();
        row_.owner = session_->owner_id({"alice", "", false});
        row_.context = "context";
        row_.state = TaskState::kWorking;
        row_.turn = 1;
    }
    /// Behind the writer's back.
    void change_in_file() { session_->db().execute("UPDATE tasks SET turn = 7"); }
    Turn found() { return find_task(*session_, row_.task)->turn; }

    test_support::TemporaryDirectory directory_;
    EngineTime time_{std::make_shared<testing::FakeClock>()};
    std::unique_ptr<Session> session_;
    TaskRow row_;
};

TEST_F(SqliteRowCacheTest, ARowThatWasSavedIsNotReadAgain) {
    save(*session_, nullptr, row_);
    change_in_file();
    EXPECT_EQ(found(), 1U);
    const TaskRow before = *find_task(*session_, row_.task);
    TaskRow changed = before;
    changed.turn = 2;
    save(*session_, &before, changed);
    change_in_file();
    EXPECT_EQ(found(), 2U);
}

TEST_F(SqliteRowCacheTest, AfterARollbackRowsAreRead) {
    save(*session_, nullptr, row_);
    change_in_file();
    session_->rolled_back();
    EXPECT_EQ(found(), 7U);
}

TEST_F(SqliteRowCacheTest, AnEndedTaskIsNotKept) {
    save(*session_, nullptr, row_);
    const TaskRow before = *find_task(*session_, row_.task);
    TaskRow ended = before;
    ended.state = TaskState::kCompleted;
    save(*session_, &before, ended);
    change_in_file();
    EXPECT_EQ(found(), 7U);
}

TEST_F(SqliteRowCacheTest, ARenewalOfItsNodeRenewsAKeptRun) {
    Node& node = session_->node(NodeId::generate());
    row_.node = node.id;
    row_.run.emplace().lease_until = Timestamp(Duration(1000));
    save(*session_, nullptr, row_);
    node.until = Timestamp(Duration(5000));
    EXPECT_EQ(find_task(*session_, row_.task)->run->lease_until, Timestamp(Duration(5000)));
}

}  // namespace
}  // namespace a2akit::sqlite
