#pragma once

#include "backends/sqlite/failure.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/core/result.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace a2akit::sqlite {

/// A job for the writer or a reader, and the coroutine that waits for it. Lives in that coroutine's
/// frame.
class Operation {
public:
    Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// The answer when its work, or the commit that it was part of, failed.
    virtual void fail(Error error) noexcept = 0;

    Operation* next = nullptr;

protected:
    ~Operation() = default;

    /// Waits for the answer: suspended when this thread runs a loop, else blocked. False: it is
    /// there already.
    template <class Submit>
    bool wait(std::coroutine_handle<> waiter, Submit submit) {
        waiter_ = waiter;
        loop_ = Loop::current();
        if (loop_ != nullptr) {
            submit();
            return true;
        }
        const std::future<void> answered = unlooped_.emplace().get_future();
        submit();
        answered.wait();
        return false;
    }

private:
    friend class Answers;
    std::coroutine_handle<> waiter_;
    Loop* loop_ = nullptr;
    std::optional<std::promise<void>> unlooped_;
};

/// Whether the loops that got answers together have done all that was ready then. Safe from any
/// thread.
class TakenUp {
public:
    void expect_one();
    void one_is_done();
    /// False: not all of them until then.
    bool wait_until(std::chrono::steady_clock::time_point time);

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    int expected_ = 0;
};

/// Finished operations, to be given back to the waiting coroutines with one post per loop.
class Answers {
public:
    /// `unanswered` is lowered by each answer, once it is posted.
    explicit Answers(std::atomic<std::int64_t>& unanswered) noexcept : unanswered_(unanswered) {}
    Answers(const Answers&) = delete;
    Answers& operator=(const Answers&) = delete;
    ~Answers() { send(); }

    void add(Operation& operation);
    void send(const std::shared_ptr<TakenUp>& taken_up = nullptr) noexcept;

private:
    struct Batch;
    std::atomic<std::int64_t>& unanswered_;
    std::int64_t answered_ = 0;
    Batch* first_ = nullptr;
};

}  // namespace a2akit::sqlite
