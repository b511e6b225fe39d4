#include "backends/sqlite/readers.hpp"
#include "backends/sqlite/writer.hpp"
#include "core/end_of_turn.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/contract_case.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

namespace a2akit::sqlite {
namespace {

using testing::ok;

/// A writer whose next transactions the test composes: it is held up until enough has queued.
class SqliteWriterTest : public ::testing::Test {
protected:
    SqliteWriterTest() { open(0.5); }

    void open(double patience) {
        writer_.reset();
        auto connection =
            std::make_unique<Connection>(directory_.file("t.db"), Connection::Mode::kReadWrite);
        connection->execute(
            "PRAGMA journal_mode=WAL;"
            "CREATE TABLE IF NOT EXISTS tasks(id INTEGER PRIMARY KEY, name);"
            "CREATE TABLE IF NOT EXISTS counts(owner, state, tasks, PRIMARY KEY(owner, state))");
        sqlite3_commit_hook(
            connection->handle(),
            [](void* fails) { return static_cast<std::atomic<bool>*>(fails)->load() ? 1 : 0; },
            &commits_fail_);
        writer_ = std::make_unique<Writer>(std::move(connection), time_, nullptr, patience);
    }

    Async<void> add(std::string name, std::optional<Result<void>>& answer) {
        auto call = writer_->call<void>([&](Session& session) -> Result<void> {
            session.on_commit([this] { ++committed_; });
            session.on_failure([this] { ++failed_; });
            session.db().query("INSERT INTO tasks(name) VALUES(?1)").text(name).run();
            if (name == "broken") throw Failure::corrupt("for the test");
            if (name == "too large") throw std::bad_alloc();
            if (name == "unforeseen") throw std::runtime_error("secret");
            if (name == "ruinous") {
                session.db().execute(
                    "ROLLBACK");  // as SQLite itself does when a page cannot be written
                throw Failure::corrupt("for the test");
            }
            if (name == "refused") return fail(ErrorCode::kTaskTerminal, "for the test");
            return {};
        });
        answer = co_await call;
    }
    /// The calls of these names, in one transaction.
    template <class... Names>
    auto together(Names... names) {
        std::promise<void> begun;
        std::promise<void> all_queued;
        std::optional<Result<void>> held;
        std::array<std::optional<Result<void>>, sizeof...(names)> answers;
        TaskGroup group;
        group.spawn(hold_up(begun, all_queued.get_future(), held));
        begun.get_future().wait();
        std::size_t i = 0;
        (group.spawn(add(names, answers[i++])), ...);
        all_queued.set_value();
        loop_.run_ready();
        EXPECT_EQ(group.size(), 0U);
        return answers;
    }
    Async<void> hold_up(std::promise<void>& begun, std::future<void> until,
                        std::optional<Result<void>>& answer) {
        auto call = writer_->call<void>([&](Session&) -> Result<void> {
            begun.set_value();
            until.wait();
            return {};
        });
        answer = co_await call;
    }
    std::int64_t stored() {
        return Connection(directory_.file("t.db"), Connection::Mode::kReadOnly)
            .number_of("SELECT count(*) FROM tasks");
    }

    test_support::TemporaryDirectory directory_;
    std::atomic<bool> commits_fail_{false};
    std::atomic<int> committed_{0};
    std::atomic<int> failed_{0};
    EngineTime time_{system_clock()};
    std::unique_ptr<Writer> writer_;
    testing::ManualLoop loop_{nullptr, [this] { return writer_->busy(); }};
};

TEST_F(SqliteWriterTest, QueuedWritesAreCommittedTogether) {
    for (const auto& answer : together("a", "b", "c", "d")) EXPECT_TRUE(ok(*answer));
    EXPECT_EQ(writer_->counters().commits, 1U);
    EXPECT_EQ(stored(), 4);
    EXPECT_EQ(committed_, 4);
}

TEST_F(SqliteWriterTest, WhatAnAnswerLeadsToIsCommittedWithWhatHasQueuedMeanwhile) {
    open(1e6);
    std::promise<void> begun;
    std::promise<void> queued;
    std::optional<Result<void>> held;
    std::optional<Result<void>> follows;
    std::optional<Result<void>> other;
    const auto hold_up_and_add = [&]() -> Async<void> {
        co_await hold_up(begun, queued.get_future(), held);
        co_await add("follows", follows);
    };
    TaskGroup group;
    group.spawn(hold_up_and_add());
    begun.get_future().wait();
    group.spawn(add("other", other));
    queued.set_value();
    loop_.run_ready();
    EXPECT_TRUE(ok(*follows));
    EXPECT_TRUE(ok(*other));
    EXPECT_EQ(writer_->counters().commits, 1U);
}

TEST(SqliteQueueTest, WhatALoopQueuesInOneTurnIsTakenTogether) {
    struct Plain final : Operation {
        void fail(Error) noexcept override {}
    };
    OperationQueue queue("writes", 100, OperationQueue::Wake::kAtEndOfTurn);
    std::promise<int> taken;
    std::thread taker([&] {
        int count = 0;
        for (const Operation* at = queue.take(); at != nullptr; at = at->next) ++count;
        taken.set_value(count);
    });
    while (queue.idle() == 0) std::this_thread::yield();
    testing::ManualLoop loop;
    static Work* last = nullptr;
    set_post_at_end_of_turn(&loop, [](Loop&, Work& work) noexcept { last = &work; });
    std::array<Plain, 3> operations;
    for (Plain& operation : operations) queue.submit(operation);
    set_post_at_end_of_turn(nullptr, nullptr);
    ASSERT_NE(last, nullptr);
    last->run(*last);
    EXPECT_EQ(taken.get_future().get(), 3);
    taker.join();
}

TEST_F(SqliteWriterTest, AWriteThatFailsLeavesItsNeighboursAlone) {
    const auto answers = together("a", "broken", "b");
    EXPECT_TRUE(ok(*answers[0]));
    EXPECT_EQ(answers[1]->error().code, ErrorCode::kInternal);
    EXPECT_TRUE(ok(*answers[2]));
    EXPECT_EQ(stored(), 2);
    EXPECT_EQ(committed_, 2);
    EXPECT_GE(failed_, 1) << "told each time it is taken back";
}

TEST_F(SqliteWriterTest, AnExceptionOfAWriteIsItsAnswer) {
    const auto answers = together("a", "too large", "b", "unforeseen", "c");
    for (const std::size_t whole : {0, 2, 4}) EXPECT_TRUE(ok(*answers[whole]));
    EXPECT_EQ(answers[1]->error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(answers[3]->error().code, ErrorCode::kInternal);
    EXPECT_EQ(answers[3]->error().message.find("secret"), std::string::npos);
    EXPECT_EQ(stored(), 3);
    EXPECT_EQ(committed_, 3);
}

Async<void> read_throwing(Readers& readers, bool memory_is_short,
                          std::optional<Result<void>>& answer) {
    auto call = readers.call<void>([memory_is_short](Connection&) -> Result<void> {
        if (memory_is_short) throw std::bad_alloc();
        throw std::runtime_error("secret");
    });
    answer = co_await call;
}

TEST_F(SqliteWriterTest, AnExceptionOfAReadIsItsAnswer) {
    std::vector<std::unique_ptr<Connection>> connections;
    connections.push_back(
        std::make_unique<Connection>(directory_.file("t.db"), Connection::Mode::kReadOnly));
    Readers readers(std::move(connections));
    testing::ManualLoop loop(nullptr, [&] { return readers.busy(); });
    std::array<std::optional<Result<void>>, 2> answers;
    TaskGroup group;
    group.spawn(read_throwing(readers, true, answers[0]));
    group.spawn(read_throwing(readers, false, answers[1]));
    loop.run_ready();
    ASSERT_EQ(group.size(), 0U);
    EXPECT_EQ(answers[0]->error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(answers[1]->error().code, ErrorCode::kInternal);
}

Async<void> read_as(Readers& readers, std::function<void()> read, std::function<void()> answered) {
    auto call = readers.call<void>([&read](Connection&) -> Result<void> {
        read();
        return {};
    });
    (void)co_await call;
    answered();
}

TEST_F(SqliteWriterTest, AReadThatTakesLongIsAnsweredBeforeThoseBehindItHaveRun) {
    std::vector<std::unique_ptr<Connection>> connections;
    connections.push_back(
        std::make_unique<Connection>(directory_.file("t.db"), Connection::Mode::kReadOnly));
    Readers readers(std::move(connections));
    testing::ManualLoop loop(nullptr, [&] { return readers.busy(); });
    std::promise<void> queued;
    std::promise<void> answered;
    bool in_time = false;
    const auto long_read = [] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
        while (std::chrono::steady_clock::now() < end) {
        }
    };
    const auto next_read = [&] {
        in_time =
            answered.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    };
    TaskGroup group;
    group.spawn(read_as(readers, [&] { queued.get_future().wait(); }, [] {}));
    group.spawn(read_as(readers, long_read, [&] { answered.set_value(); }));
    group.spawn(read_as(readers, next_read, [] {}));
    queued.set_value();
    loop.run_ready();
    ASSERT_EQ(group.size(), 0U);
    EXPECT_TRUE(in_time);
}

TEST_F(SqliteWriterTest, AWriteThatTakesTheTransactionWithItLeavesItsNeighboursAlone) {
    const auto answers = together("a", "ruinous", "b", "broken", "c");
    for (const std::size_t whole : {0, 2, 4}) EXPECT_TRUE(ok(*answers[whole]));
    for (const std::size_t told : {1, 3})
        EXPECT_EQ(answers[told]->error().code, ErrorCode::kInternal);
    EXPECT_EQ(stored(), 3);
    EXPECT_EQ(committed_, 3);
}

TEST_F(SqliteWriterTest, ACommitThatFailsFailsThemAllAndEachIsTold) {
    commits_fail_ = true;
    for (const auto& answer : together("a", "b", "c"))
        EXPECT_EQ(answer->error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(stored(), 0);
    EXPECT_EQ(committed_, 0);
    EXPECT_EQ(failed_, 3);
    commits_fail_ = false;
    for (const auto& answer : together("d", "e")) EXPECT_TRUE(ok(*answer));
    EXPECT_EQ(stored(), 2);
}

TEST_F(SqliteWriterTest, ARefusalFailsNobodyElse) {
    const auto answers = together("a", "refused", "b");
    EXPECT_TRUE(ok(*answers[0]));
    EXPECT_EQ(answers[1]->error().code, ErrorCode::kTaskTerminal);
    EXPECT_TRUE(ok(*answers[2]));
}

TEST_F(SqliteWriterTest, AThreadWithoutALoopWaits) {
    std::optional<Result<void>> answer;
    std::thread([&] {
        TaskGroup group;
        group.spawn(add("a", answer));
        EXPECT_EQ(group.size(), 0U);
    }).join();
    EXPECT_TRUE(ok(*answer));
    EXPECT_EQ(stored(), 1);
}

TEST_F(SqliteWriterTest, QueuedWritesAreDoneBeforeItEnds) {
    std::optional<Result<void>> answer;
    TaskGroup group;
    group.spawn(add("a", answer));
    writer_.reset(new Writer(
        std::make_unique<Connection>(directory_.file("t.db"), Connection::Mode::kReadWrite), time_,
        nullptr));
    loop_.run_ready();
    EXPECT_TRUE(ok(*answer));
    EXPECT_EQ(stored(), 1);
}

}  // namespace
}  // namespace a2akit::sqlite
