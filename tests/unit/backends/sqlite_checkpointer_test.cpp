#include "backends/sqlite/checkpointer.hpp"
#include "support/faulty_vfs.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace a2akit::sqlite {
namespace {

constexpr int kPageBytes = 4096;

class SqliteCheckpointerTest : public ::testing::Test {
protected:
    /// Commits about so many pages, and lets the checkpointer's thread come to rest.
    void grow(int pages) {
        writer_->query("INSERT INTO data VALUES(zeroblob(?1))")
            .number(std::int64_t{pages} * kPageBytes)
            .run();
        checkpointer_.log_has_grown(*writer_, length_.pages());
        while (checkpointer_.busy()) std::this_thread::yield();
    }

    std::unique_ptr<Connection> opened() {
        auto connection = std::make_unique<Connection>(path_, Connection::Mode::kReadWrite);
        connection->execute(
            "PRAGMA journal_mode=WAL; PRAGMA cache_size=-65536;"
            "CREATE TABLE IF NOT EXISTS data(body)");
        return connection;
    }

    test_support::TemporaryDirectory directory_;
    test_support::FaultyVfs disk_{1};
    const std::string path_ = directory_.file("t.db");
    const std::unique_ptr<Connection> writer_ = opened();
    LogLength length_{*writer_};
    Checkpointer checkpointer_{opened()};
};

TEST_F(SqliteCheckpointerTest, WhatItMovesIsSyncedSoThatTheWriterNeedNotWaitForIt) {
    const auto before = disk_.operations();
    grow(2'500);
    EXPECT_GT(disk_.operations() - before, 3 * 2'500) << "two for a page of the log";
    EXPECT_EQ(disk_.unsynced(path_), 0U);
}

TEST(SqliteCheckpointPlanTest, BeforeTheLogStartsOverItsThreadMovesAllButTheLastPages) {
    using Step = CheckpointPlan::Step;
    CheckpointPlan plan;
    EXPECT_EQ(plan.next(1'999), Step::kNone);
    EXPECT_EQ(plan.next(2'500), Step::kMove);
    EXPECT_EQ(plan.next(4'400), Step::kNone);
    EXPECT_EQ(plan.next(6'300), Step::kMove);
    EXPECT_EQ(plan.next(8'100), Step::kMove) << "1,800 pages would hold up the writer";
    EXPECT_EQ(plan.next(8'400), Step::kStartOver);
    EXPECT_EQ(plan.next(20), Step::kNone) << "it has started over";
    EXPECT_EQ(plan.next(2'000), Step::kMove);
}

TEST(SqliteCheckpointPlanTest, ALogThatGrowsFasterThanItIsMovedStartsOverWhenItCan) {
    using Step = CheckpointPlan::Step;
    CheckpointPlan plan;
    EXPECT_EQ(plan.next(9'000), Step::kMove);
    EXPECT_EQ(plan.next(12'000), Step::kMove);
    EXPECT_EQ(plan.next(13'000), Step::kStartOver);
}

TEST(SqliteCheckpointPlanTest, FewPagesAreLeftToTheWriterAtOnce) {
    using Step = CheckpointPlan::Step;
    CheckpointPlan plan;
    EXPECT_EQ(plan.next(7'950), Step::kMove);
    EXPECT_EQ(plan.next(8'020), Step::kStartOver);
}

}  // namespace
}  // namespace a2akit::sqlite
