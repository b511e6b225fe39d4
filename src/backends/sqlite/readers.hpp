#pragma once

#include "backends/sqlite/connection.hpp"
#include "backends/sqlite/operation.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace a2akit::sqlite {

/// Some threads, each with its own connection, that never wait for the writer. A thread answers all
/// queued operations in one read transaction. Safe from any thread.
class Readers {
public:
    class Job : public Operation {
    public:
        /// May throw; then the answer is `error_of` the exception.
        virtual void execute(Connection& db) = 0;

    protected:
        ~Job() = default;
    };

    explicit Readers(std::vector<std::unique_ptr<Connection>> connections);
    /// Answers all queued operations, and ends.
    ~Readers();

    void submit(Job& job);

    /// Awaiting it runs `Function(Connection&) -> Result<T>` on a reader's thread, and returns what
    /// it returned.
    template <class T, class Function>
    class Call final : public Job {
    public:
        Call(Readers& readers, Function function)
            : readers_(readers), function_(std::move(function)) {}
        void execute(Connection& db) override { result_.emplace(function_(db)); }
        void fail(Error error) noexcept override {
            result_.emplace(a2akit::fail(std::move(error)));
        }

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiter) {
            return this->wait(waiter, [this] { readers_.submit(*this); });
        }
        Result<T> await_resume() { return std::move(*result_); }

    private:
        Readers& readers_;
        Function function_;
        std::optional<Result<T>> result_;
    };
    template <class T, class Function>
    [[nodiscard]] Call<T, Function> call(Function function) {
        return Call<T, Function>(*this, std::move(function));
    }

    /// Whether a caller waits for an answer that was not posted yet.
    [[nodiscard]] bool busy() const noexcept { return unanswered_ != 0; }

private:
    void run(Connection& db);
    [[nodiscard]] Operation* take();
    void answer(Connection& db, Operation* first);
    void stop() noexcept;

    std::mutex mutex_;
    std::condition_variable wake_;
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
    std::size_t queued_ = 0;
    bool stopping_ = false;
    std::atomic<std::int64_t> unanswered_{0};
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::thread> threads_;
};

}  // namespace a2akit::sqlite
