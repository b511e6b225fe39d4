#include "backends/sqlite/database.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "support/answer_of.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/contract_case.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace a2akit::sqlite {
namespace {

using test_support::answer_of;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::size_t kPage = 4096;

/// A file with finished tasks in it, and what is done to it.
class SqliteDamageTest : public ::testing::Test {
protected:
    static constexpr int kTasks = 60;

    std::shared_ptr<SqliteStorage> open() const {
        DatabaseOptions options;
        options.path = path_;
        options.synchronous = Synchronous::kNormal;
        auto opened = SqliteStorage::open(std::move(options));
        return opened ? std::move(*opened) : nullptr;
    }
    void SetUp() override {
        const auto storage = open();
        ASSERT_TRUE(storage);
        for (int i = 0; i < kTasks; ++i) tasks_.push_back(make_task(*storage));
    }
    static TaskId make_task(SqliteStorage& storage) {
        Message message;
        message.message_id = "m";
        message.role = Role::kUser;
        message.parts.push_back(Part::from_text(std::string(700, 'x')));
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
        update.history.emplace_back(std::move(message));
        update.turn.emplace().message = update.history.front();
        const TaskId task = TaskId::generate();
        (void)answer_of(storage.create({task, "context", true}, kAlice, std::move(update))).value();
        TaskUpdate end;
        end.id = WriteId::next();
        end.status = TaskStatus{TaskState::kCompleted, {}, {}};
        (void)answer_of(storage.append(task, kAlice, std::move(end))).value();
        return task;
    }
    [[nodiscard]] std::string content() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
    /// What the check says, or why it could not be made.
    [[nodiscard]] std::vector<std::string> check() const {
        auto wrong = check_database(path_);
        return wrong ? std::move(wrong->lines) : std::vector{wrong.error().message};
    }
    void execute(const char* sql) const {
        Connection(path_, Connection::Mode::kReadWrite).execute(sql);
    }

    static inline const OwnerScope kAlice{"alice", "", false};
    const test_support::TemporaryDirectory directory_;
    const std::string path_ = directory_.file("a2akit.db");
    std::vector<TaskId> tasks_;
};

TEST_F(SqliteDamageTest, ASoundFileIsFoundSoundAlsoWhileItIsUsed) {
    EXPECT_THAT(check(), ::testing::IsEmpty());
    const auto storage = open();
    make_task(*storage);
    EXPECT_THAT(check(), ::testing::IsEmpty());
}

TEST_F(SqliteDamageTest, TheCheckFindsDamageInEveryPage) {
    const std::string sound = content();
    ASSERT_GT(sound.size(), 30 * kPage);
    for (std::size_t at = 0; at < sound.size(); at += kPage) {
        std::string damaged = sound;
        damaged.replace(at, kPage, kPage, '\x5A');
        write(damaged);
        EXPECT_THAT(check(), ::testing::Not(::testing::IsEmpty())) << "page " << 1 + at / kPage;
    }
}

TEST_F(SqliteDamageTest, TheCheckFindsARowThatCannotBeReadThoughItsPageIsWhole) {
    std::string damaged = content();
    const auto message = damaged.rfind("\"messageId\"");
    ASSERT_NE(message, std::string::npos);
    damaged.replace(message, 11, 11, '\0');
    write(damaged);
    const std::vector<std::string> wrong = check();
    ASSERT_EQ(wrong.size(), 1U);
    const bool named = std::any_of(tasks_.begin(), tasks_.end(), [&](const TaskId& task) {
        return wrong[0] == "task " + task.to_string() + ": messages.body cannot be read";
    });
    EXPECT_TRUE(named) << wrong[0];
}

TEST_F(SqliteDamageTest, TheCheckFindsRowsThatContradictEachOther) {
    execute(
        "DELETE FROM log WHERE key = (3 << 24) + 2; UPDATE counts SET tasks = tasks + 1; "
        "DELETE FROM messages WHERE key >> 24 = 4; DELETE FROM tasks WHERE id = 5");
    const auto wrong = check();
    for (const std::string& expected :
         {"task " + tasks_[2].to_string() + " lacks the end of its log",
          "task " + tasks_[3].to_string() + " lacks the end of its history",
          std::string("task number 5 has messages, and does not exist"),
          std::string("the counts of tasks")}) {
        EXPECT_THAT(wrong, Contains(HasSubstr(expected)));
    }
}

TEST_F(SqliteDamageTest, TheCheckFindsWhatATaskNeedsAndLacks) {
    execute(
        "UPDATE tasks SET status_at = 99 WHERE id = 2; UPDATE tasks SET context = x'01' WHERE id = "
        "6; "
        "INSERT INTO active SELECT 3, NULL, 0, 0, 0, 8, NULL, 0, NULL, 0, 0, NULL, NULL, 0, NULL; "
        "UPDATE tasks SET state = 2 WHERE id = 3");
    const auto wrong = check();
    for (const std::string& expected :
         {"task " + tasks_[1].to_string() + " lacks its newest status",
          "task " + tasks_[2].to_string() + " has no message for its turn",
          "task " + tasks_[5].to_string() + " has an id of a wrong length"}) {
        EXPECT_THAT(wrong, Contains(expected));
    }
}

TEST_F(SqliteDamageTest, DamagedTasksAreSetAsideAndTheRestIsSound) {
    execute(
        "UPDATE messages SET body = x'01FF' WHERE key >> 24 IN (3, 7); DELETE FROM tasks WHERE id "
        "= 5; "
        "UPDATE counts SET tasks = tasks + 1");
    const auto found = check_database(path_);
    EXPECT_EQ(found->damaged_tasks, 3U);
    EXPECT_TRUE(found->can_be_set_aside());
    const auto moved = set_aside(path_);
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->tasks, 3U);
    EXPECT_EQ(moved->file, path_ + ".set-aside-1");
    EXPECT_EQ(std::filesystem::status(moved->file).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_THAT(check(), ::testing::IsEmpty());
    {
        Connection aside(moved->file, Connection::Mode::kReadOnly);
        EXPECT_EQ(aside.number_of("SELECT count(*) FROM tasks"), 2);
        EXPECT_EQ(aside.number_of("SELECT count(DISTINCT key >> 24) FROM messages"), 3);
        EXPECT_EQ(aside.text_of("SELECT owner FROM owners"), "alice");
    }
    const auto storage = open();
    ASSERT_TRUE(storage);
    EXPECT_EQ(answer_of(storage->list(kAlice, {})).value().total, kTasks - 3);
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        const bool stayed = i != 2 && i != 4 && i != 6;
        EXPECT_EQ(answer_of(storage->load(tasks_[i], kAlice, {}, true)).has_value(), stayed) << i;
    }
}

TEST_F(SqliteDamageTest, ASecondSettingAsideTakesAnotherFileAndASoundOneTakesNone) {
    for (int i = 1; i <= 2; ++i) {
        execute(
            ("UPDATE messages SET body = x'01FF' WHERE key >> 24 = " + std::to_string(i)).c_str());
        EXPECT_EQ(set_aside(path_)->file, path_ + ".set-aside-" + std::to_string(i));
    }
    EXPECT_EQ(set_aside(path_)->file, "");
    EXPECT_FALSE(std::filesystem::exists(path_ + ".set-aside-3"));
}

TEST_F(SqliteDamageTest, NothingIsSetAsideWhileTheFileIsUsedOrWhenPagesAreDamaged) {
    {
        const auto storage = open();
        EXPECT_THAT(set_aside(path_).error().message, HasSubstr("another process is using it"));
    }
    std::string damaged = content();
    const auto message = damaged.rfind("\"messageId\"");
    damaged.replace(message - message % kPage, kPage, kPage, '\x5A');
    write(damaged);
    EXPECT_THAT(set_aside(path_).error().message, HasSubstr("restore it from a backup"));
    EXPECT_FALSE(std::filesystem::exists(path_ + ".set-aside-1"));
}

TEST_F(SqliteDamageTest, TheCheckFindsAMissingIndexAndACutFile) {
    const std::string sound = content();
    execute("DROP INDEX keys_id");
    EXPECT_THAT(check(), Contains(HasSubstr("keys_id")));
    write(sound.substr(0, sound.size() / 2));
    EXPECT_THAT(check(), ::testing::Not(::testing::IsEmpty()));
}

TEST_F(SqliteDamageTest, WhatIsNotThereOrBelongsToAnotherApplicationIsNotChecked) {
    EXPECT_THAT(check_database(directory_.file("none.db")).error().message,
                HasSubstr("there is no such file"));
    EXPECT_FALSE(std::filesystem::exists(directory_.file("none.db")));
    execute("PRAGMA application_id=77");
    EXPECT_THAT(check_database(path_).error().message, HasSubstr("another application"));
}

TEST_F(SqliteDamageTest, ADamagedPageFailsWhoNeedsItAndSaysWhatHelps) {
    std::string damaged = content();
    const auto message = damaged.rfind("\"messageId\"");
    damaged.replace(message - message % kPage, kPage, kPage, '\x5A');
    write(damaged);
    const auto storage = open();
    ASSERT_TRUE(storage) << "other pages can still be read";
    int failed = 0;
    for (const TaskId& task : tasks_) {
        const auto found = answer_of(storage->load(task, kAlice, {}, true));
        if (found) continue;
        EXPECT_EQ(found.error().code, ErrorCode::kInternal);
        EXPECT_EQ(found.error().message.find(directory_.path()), std::string::npos);
        ++failed;
    }
    EXPECT_GT(failed, 0);
    EXPECT_LT(failed, kTasks);
}

/// A file whose process died before its log was moved into it.
class SqliteLogTest : public SqliteDamageTest {
protected:
    void SetUp() override {
        SqliteDamageTest::SetUp();
        const auto storage = open();
        tasks_.push_back(make_task(*storage));
        for (const char* end : {"", "-wal"}) {
            std::filesystem::copy_file(path_ + end, directory_.file(std::string("left.db") + end));
        }
    }
    [[nodiscard]] std::string log() const {
        std::ifstream file(left_ + "-wal", std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// How many tasks there are when the file is opened with this log; -1: it is refused.
    [[nodiscard]] int tasks_with(const std::string& log) const {
        std::ofstream(left_ + "-wal", std::ios::binary) << log;
        DatabaseOptions options;
        options.path = left_;
        auto opened = SqliteStorage::open(std::move(options));
        if (!opened) return -1;
        const int found = static_cast<int>(answer_of((*opened)->list(kAlice, {})).value().total);
        opened->reset();
        EXPECT_THAT(check_database(left_)->lines, ::testing::IsEmpty());
        return found;
    }
    const std::string left_ = directory_.file("left.db");
};

TEST_F(SqliteLogTest, CommittedWritesAreThere) { EXPECT_EQ(tasks_with(log()), kTasks + 1); }

TEST_F(SqliteLogTest, GarbageBehindTheLastCommitIsNoMatter) {
    EXPECT_EQ(tasks_with(log() + std::string(3 * kPage, '\x5A')), kTasks + 1);
}

TEST_F(SqliteLogTest, ALogThatIsGarbageLeavesTheFileAsItWasBefore) {
    EXPECT_EQ(tasks_with(std::string(log().size(), '\x5A')), kTasks);
}

TEST_F(SqliteLogTest, ATornLogLeavesWholeTransactionsOnly) {
    const std::string whole = log();
    const auto frame = kPage + 24;
    ASSERT_GT(whole.size(), 4 * frame);
    EXPECT_EQ(tasks_with(whole.substr(0, 32 + frame + frame / 2)), kTasks);
}

TEST_F(SqliteLogTest, GarbageBesideItIsMadeAnew) {
    std::ofstream(left_ + "-shm", std::ios::binary) << std::string(32768, '\x5A');
    EXPECT_EQ(tasks_with(log()), kTasks + 1);
}

}  // namespace
}  // namespace a2akit::sqlite
