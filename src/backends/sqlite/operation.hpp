#pragma once

#include "backends/sqlite/failure.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/core/result.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <future>
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

/// Finished operations, to be given back to the waiting coroutines with one post per loop.
class Answers {
public:
    /// `unanswered` is lowered by each answer, once it is posted.
    explicit Answers(std::atomic<std::int64_t>& unanswered) noexcept : unanswered_(unanswered) {}
    Answers(const Answers&) = delete;
    Answers& operator=(const Answers&) = delete;
    ~Answers() { send(); }

    void add(Operation& operation);
    void send() noexcept;

private:
    struct Batch;
    std::atomic<std::int64_t>& unanswered_;
    std::int64_t answered_ = 0;
    Batch* first_ = nullptr;
};

}  // namespace a2akit::sqlite
