#pragma once

#include "backends/sqlite/operation.hpp"
#include "backends/sqlite/session.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace a2akit::sqlite {

/// One thread that makes every change. Operations that queue up while it commits become the next
/// transaction.
///
/// No operation can fail its neighbours: when one fails in the database the transaction is rolled
/// back and done again, each operation in a savepoint of its own (savepoints all the time would
/// copy every page that is written); and when one takes even such a transaction with it, each in a
/// transaction of its own. A commit that fails fails them all. An operation is answered once it is
/// committed. Safe from any thread.
class Writer {
public:
    class Job : public Operation {
    public:
        /// May throw; then nothing was done, and the answer is `error_of` the exception. May be
        /// called again after it was rolled back.
        virtual void execute(Session& session) = 0;

    protected:
        ~Job() = default;
    };
    struct Counters {
        std::uint64_t commits = 0;  ///< Those that changed something.
        std::uint64_t operations = 0;
    };

    /// `committed` is called on the writer's thread after each commit that changed something.
    Writer(std::unique_ptr<Connection> connection, EngineTime& time,
           std::function<void(Connection&)> committed);
    /// Does what has queued, and ends.
    ~Writer();

    /// Executes it later, or fails it immediately when too much has queued.
    void submit(Job& job);

    /// Awaiting it runs `Function(Session&) -> Result<T>` on the writer's thread, and returns what
    /// it returned.
    template <class T, class Function>
    class Call final : public Job {
    public:
        Call(Writer& writer, Function function) : writer_(writer), function_(std::move(function)) {}
        void execute(Session& session) override { result_.emplace(function_(session)); }
        void fail(Error error) noexcept override {
            result_.emplace(a2akit::fail(std::move(error)));
        }

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiter) {
            return this->wait(waiter, [this] { writer_.submit(*this); });
        }
        Result<T> await_resume() { return std::move(*result_); }

    private:
        Writer& writer_;
        Function function_;
        std::optional<Result<T>> result_;
    };
    template <class T, class Function>
    [[nodiscard]] Call<T, Function> call(Function function) {
        return Call<T, Function>(*this, std::move(function));
    }

    [[nodiscard]] Counters counters() const noexcept {
        return {commits_.load(), operations_.load()};
    }
    /// Writes that the writer's thread has not begun.
    [[nodiscard]] std::size_t queued() {
        const std::lock_guard lock(mutex_);
        return queued_;
    }
    /// Whether somebody waits for an answer that was not posted yet.
    [[nodiscard]] bool busy() const noexcept { return unanswered_ != 0; }

private:
    void run();
    [[nodiscard]] Operation* take();
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
    std::mutex mutex_;
    std::condition_variable wake_;
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
    std::size_t queued_ = 0;
    bool stopping_ = false;
    std::int64_t changes_before_ = 0;
    std::atomic<std::int64_t> unanswered_{0};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> operations_{0};
    std::thread thread_;
};

}  // namespace a2akit::sqlite
