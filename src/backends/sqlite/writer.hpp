#pragma once

#include "backends/sqlite/session.hpp"
#include "backends/sqlite/work_queue.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace a2akit::sqlite {

/// One thread that makes every change. Operations that queue up while it commits become the next
/// transaction, together with what the answers to the last one lead to at once: a task that has
/// been made, and ends immediately, does not wait for a transaction of other tasks in between.
///
/// No operation can fail its neighbours: when one fails in the database the transaction is rolled
/// back and done again, each operation in a savepoint of its own (savepoints all the time would
/// copy every page that is written); and when one takes even such a transaction with it, each in a
/// transaction of its own. A commit that fails fails them all. An operation is answered once it is
/// committed. Safe from any thread.
class Writer : public WorkQueue<Session> {
public:
    struct Counters {
        std::uint64_t commits = 0;  ///< Those that changed something.
        std::uint64_t operations = 0;
    };

    /// `committed` is called on the writer's thread after each commit that changed something.
    /// `patience`: for how many times as long as a transaction took, at most, what has queued
    /// meanwhile waits for what the answers of that transaction lead to.
    Writer(std::unique_ptr<Connection> connection, EngineTime& time,
           std::function<void(Connection&)> committed, double patience = 0.5);
    /// Does what has queued, and ends.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Safe from any thread.
    [[nodiscard]] EndedTasks& ended() noexcept { return session_.ended(); }
    [[nodiscard]] Counters counters() const noexcept {
        return {commits_.load(), operations_.load()};
    }

private:
    void run();
    void await_what_follows(std::chrono::steady_clock::duration transaction);
    void commit_batch(Operation* first);
    bool begin(Operation* first, Answers& answers);
    /// False: one of them failed, and nothing was done.
    bool execute_together(Operation* first);
    void execute_one_by_one(Operation* first, Answers& answers);
    /// Each in a transaction of its own.
    void execute_alone(Operation* first, Answers& answers);
    /// False: the whole transaction is gone.
    bool execute_in_savepoint(Job& job);
    void roll_back();
    void finish(Operation* done, Answers& answers);
    void fail_all(Operation* first, const Error& error, Answers& answers);

    Session session_;
    const std::function<void(Connection&)> committed_;
    const double patience_;
    std::int64_t changes_before_ = 0;
    std::shared_ptr<TakenUp> taken_up_;  ///< The answers of the last transaction.
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> operations_{0};
    std::thread thread_;
};

}  // namespace a2akit::sqlite
