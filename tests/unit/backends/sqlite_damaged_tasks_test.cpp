#include "unit/backends/sqlite_storage_fixture.hpp"

// Tasks whose contents the disk has damaged.

namespace a2akit::sqlite {
namespace {

using test_support::answer_of;
using test_support::note_answer;
using testing::ok;

TEST_F(SqliteStorageTest, ATaskThatCannotBeReadKeepsNoOtherFromTheSweeps) {
    const TaskId damaged = make().appended.task;
    const TaskId lost = make().appended.task;
    const TaskId sound = make().appended.task;
    close();
    Connection(path_, Connection::Mode::kReadWrite)
        .execute("UPDATE tasks SET context = x'01' WHERE id = 1; DELETE FROM tasks WHERE id = 2");
    open();
    loop_.advance(std::chrono::seconds(1));
    auto due = must(storage_->due(10));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].task, sound);
    EXPECT_TRUE(must(storage_->due(10)).empty());
    loop_.advance(std::chrono::seconds(31));
    due = must(storage_->due(1));
    ASSERT_EQ(due.size(), 1U) << "nor later";
    EXPECT_EQ(due[0].task, sound);
    EXPECT_FALSE(loop_.await(storage_->load(damaged, alice_, std::nullopt, true)));
    EXPECT_FALSE(loop_.await(storage_->load(lost, alice_, std::nullopt, true)));
}

TEST_F(SqliteStorageTest, NorFromBeingErasedOrCompacted) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < 40; ++i) {
        tasks.push_back(make().appended.task);
        must(storage_->append(tasks.back(), alice_, update(TaskState::kCanceled)));
    }
    close();
    Connection(path_, Connection::Mode::kReadWrite)
        .execute("UPDATE tasks SET context = x'01' WHERE id <= 35");
    open();
    loop_.advance(std::chrono::hours(1));
    EXPECT_EQ(must(storage_->compact(must(storage_->now()), 4)), 4)
        << "behind many that are damaged";
    EraseQuery query;
    query.ended_before = must(storage_->now());
    EXPECT_EQ(must(storage_->erase(query)), std::vector<TaskId>(tasks.begin() + 35, tasks.end()));
}

TEST_F(SqliteStorageTest, ATaskThatCannotBeReadFailsNoListAndCanBeCanceledAndErased) {
    const TaskId damaged = make().appended.task;
    const TaskId sound = make().appended.task;
    close();
    Connection(path_, Connection::Mode::kReadWrite)
        .execute("UPDATE messages SET body = x'01FF' WHERE key >> 24 = 1");
    open();
    ListQuery query;
    query.include_artifacts = true;
    const ListPage page = must(storage_->list(alice_, query));
    ASSERT_EQ(page.tasks.size(), 2U);
    for (const TaskSnapshot& task : page.tasks) {
        EXPECT_EQ(task.status.state, TaskState::kSubmitted);
        EXPECT_EQ(task.history.size(), task.id == sound ? 1U : 0U);
    }
    const auto read = loop_.await(storage_->load(damaged, alice_, {}, true));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kInternal);

    const TaskSnapshot head = must(storage_->load(damaged, alice_, 0, false));
    EXPECT_EQ(head.context_id, "context");
    TaskUpdate cancel = update();
    cancel.cancel_by = must(storage_->now());
    EXPECT_EQ(must(storage_->append(damaged, alice_, cancel)).after, TaskState::kCanceled);
    EraseQuery all;
    all.keep_at_most = 0;
    EXPECT_EQ(must(storage_->erase(all)), std::vector{damaged});
    EXPECT_EQ(must(storage_->list(alice_, query)).total, 1);
}

TEST_F(SqliteStorageTest, DamagedMetadataDoesNotReachTheAnswers) {
    TaskUpdate first = with_turn("hello");
    first.metadata = RawJson(R"({"a":1})");
    const TaskId task = TaskId::generate();
    must(storage_->create(NewTask{task, "context"}, alice_, first));
    close();
    Connection(path_, Connection::Mode::kReadWrite)
        .execute(R"(UPDATE more SET metadata = CAST('{"a":1' AS BLOB))");
    open();
    EXPECT_FALSE(loop_.await(storage_->load(task, alice_, {}, true)));
    const ListPage page = must(storage_->list(alice_, {}));
    ASSERT_EQ(page.tasks.size(), 1U);
    EXPECT_TRUE(page.tasks[0].metadata.empty());
}

TEST_F(SqliteStorageTest, DamagedAnswersToFormerWritesLeaveATaskUsable) {
    const TaskId task = make().appended.task;
    close();
    Connection(path_, Connection::Mode::kReadWrite)
        .execute("UPDATE tasks SET made = x'01'; UPDATE active SET answers = x'01'");
    open();
    EXPECT_EQ(load(task).history.size(), 1U);
    EXPECT_EQ(must(storage_->append(task, alice_, update(TaskState::kCompleted))).after,
              TaskState::kCompleted);
}

TEST_F(SqliteStorageTest, EachClaimOfATurnThatCannotBeReadCountsAsAnAttempt) {
    const TaskId task = make().appended.task;
    close();
    Connection(path_, Connection::Mode::kReadWrite).execute("UPDATE messages SET body = x'01FF'");
    open();
    for (int attempt = 1; attempt <= 3; ++attempt) {
        const auto claimed = loop_.await(storage_->claim(WriteId::next(), task, 1, node_, kLease));
        ASSERT_FALSE(claimed);
        EXPECT_EQ(claimed.error().code, ErrorCode::kInternal);
        EXPECT_FALSE(must(storage_->load(task, alice_, 0, false)).live_run) << "nobody runs it";
        loop_.advance(std::chrono::seconds(1));
        const auto due = must(storage_->due(10));
        ASSERT_EQ(due.size(), 1U);
        EXPECT_EQ(due[0].attempts, attempt);
    }
    TaskUpdate end = update(TaskState::kFailed);
    end.raise_epoch = true;
    end.dead_letter = "tried too often";
    EXPECT_EQ(must(storage_->append(task, OwnerScope::everything(), end)).after,
              TaskState::kFailed);
    const auto letters = must(storage_->dead_letters({}, 10));
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_TRUE(letters[0].message->parts.empty());
}

TEST_F(SqliteStorageTest, ADeadLetterOfADamagedTaskHidesNoOther) {
    for (int i = 0; i < 2; ++i) {
        TaskUpdate end = update(TaskState::kFailed);
        end.dead_letter = "tried too often";
        must(storage_->append(make().appended.task, alice_, end));
    }
    close();
    Connection(path_, Connection::Mode::kReadWrite)
        .execute("UPDATE tasks SET context = x'01' WHERE id = 1");
    open();
    const auto letters = must(storage_->dead_letters({}, 10));
    ASSERT_EQ(letters.size(), 2U);
    EXPECT_TRUE(letters[0].message->parts.empty()) << "nobody is to redrive it";
    EXPECT_EQ(letters[1].message->text(), "hello");
    EXPECT_EQ(letters[1].context_id, "context");
}

}  // namespace
}  // namespace a2akit::sqlite
