#pragma once

#include "backends/sqlite/operation.hpp"

#include <condition_variable>
#include <mutex>

namespace a2akit::sqlite {

/// Operations on their way to the threads that do them. Safe from any thread.
class OperationQueue {
public:
    /// For how long an idle thread lies still after an operation has been queued.
    enum class Wake {
        kAtOnce,
        kAtEndOfTurn,  ///< Until what else is ready on the caller's loop has been queued as well.
    };
    /// `what` waits for the disk, for the error of a full queue; `most_together` are taken at once.
    OperationQueue(const char* what, std::size_t most_together, Wake wake)
        : what_(what), most_together_(most_together), wake_(wake) {}

    /// Queues it, or fails it immediately when too much has queued.
    void submit(Operation& operation);
    /// Waits for operations. Null: `stop` was called, and there is nothing left.
    [[nodiscard]] Operation* take();
    void stop() noexcept;

    /// Operations that were not taken.
    [[nodiscard]] std::size_t queued() {
        const std::lock_guard lock(idle_->mutex);
        return queued_;
    }
    /// Threads that wait in `take`.
    [[nodiscard]] int idle() {
        const std::lock_guard lock(idle_->mutex);
        return idle_->threads;
    }
    /// Whether a caller waits for an answer that was not posted yet.
    [[nodiscard]] bool busy() const noexcept { return unanswered_ != 0; }
    /// For the answers of what was taken.
    [[nodiscard]] std::atomic<std::int64_t>& unanswered() noexcept { return unanswered_; }

private:
    /// The threads that have nothing to do. May outlive the queue, on a loop that is to wake them.
    struct Idle : Work {
        Idle() noexcept : Work(&Idle::wake_one) {}
        static void wake_one(Work& work) noexcept;
        std::mutex mutex;
        std::condition_variable wake;
        // Under the mutex:
        int threads = 0;
        Loop* waker = nullptr;       ///< On which this is posted.
        std::shared_ptr<Idle> self;  ///< While it is.
    };
    void wake_idle();  // under the mutex

    const char* const what_;
    const std::size_t most_together_;
    const Wake wake_;
    const std::shared_ptr<Idle> idle_ = std::make_shared<Idle>();
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
    std::size_t queued_ = 0;
    bool stopping_ = false;
    std::atomic<std::int64_t> unanswered_{0};
};

/// A queue of functions of a `Context`, which a thread has: its connection, or its session.
template <class Context>
class WorkQueue : protected OperationQueue {
public:
    class Job : public Operation {
    public:
        /// May throw; then nothing was done, and the answer is `error_of` the exception. May be
        /// called again after it was rolled back.
        virtual void execute(Context& context) = 0;

    protected:
        ~Job() = default;
    };

    /// Awaiting it runs `Function(Context&) -> Result<T>` on a thread of the queue, and returns
    /// what it returned.
    template <class T, class Function>
    class Call final : public Job {
    public:
        Call(OperationQueue& queue, Function function)
            : queue_(queue), function_(std::move(function)) {}
        void execute(Context& context) override { result_.emplace(function_(context)); }
        void fail(Error error) noexcept override {
            result_.emplace(a2akit::fail(std::move(error)));
        }

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiter) {
            return this->wait(waiter, [this] { queue_.submit(*this); });
        }
        Result<T> await_resume() { return std::move(*result_); }

    private:
        OperationQueue& queue_;
        Function function_;
        std::optional<Result<T>> result_;
    };
    template <class T, class Function>
    [[nodiscard]] Call<T, Function> call(Function function) {
        return Call<T, Function>(*this, std::move(function));
    }

    using OperationQueue::busy;
    using OperationQueue::queued;

protected:
    using OperationQueue::OperationQueue;
    ~WorkQueue() = default;
};

}  // namespace a2akit::sqlite
