#include "backends/sqlite/database.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "support/answer_of.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/contract_case.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
        return wrong ? std::move(*wrong) : std::vector{wrong.error().message};
    }
    void execute(const char* sql) const { Connection(path_, Connection::Mode::kReadWrite).execute(sql); }

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
    EXPECT_THAT(check(), Contains(HasSubstr("messages.body cannot be read")));
}

TEST_F(SqliteDamageTest, TheCheckFindsRowsThatContradictEachOther) {
    execute("DELETE FROM log WHERE key = (3 << 24) + 2; UPDATE counts SET tasks = tasks + 1; "
            "DELETE FROM messages WHERE key >> 24 = 4; DELETE FROM tasks WHERE id = 5");
    const auto wrong = check();
    for (const char* expected : {"task 3 lacks the end of its log", "task 4 lacks the end of its history",
                                 "task 5 has messages, and does not exist", "the counts of tasks"}) {
        EXPECT_THAT(wrong, Contains(HasSubstr(expected)));
    }
}

TEST_F(SqliteDamageTest, TheCheckFindsAMissingIndexAndACutFile) {
    const std::string sound = content();
    execute("DROP INDEX keys_id");
    EXPECT_THAT(check(), Contains(HasSubstr("keys_id")));
    write(sound.substr(0, sound.size() / 2));
    EXPECT_THAT(check(), ::testing::Not(::testing::IsEmpty()));
}

TEST_F(SqliteDamageTest, WhatIsNotThereOrBelongsToAnotherApplicationIsNotChecked) {
    EXPECT_THAT(check_database(directory_.file("none.db")).error().message, HasSubstr("there is no such file"));
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
        EXPECT_THAT(*check_database(left_), ::testing::IsEmpty());
        return found;
    }
    const std::string left_ = directory_.file("left.db");
};

TEST_F(SqliteLogTest, WhatWasCommittedIsThere) { EXPECT_EQ(tasks_with(log()), kTasks + 1); }

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
