#include <a2akit/worker/blocking_worker.hpp>

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "worker/handler_thread.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

namespace a2akit {
namespace {

template <class T>
struct Unwrap;
template <class T>
struct Unwrap<Async<T>> {
    using type = T;
};

using Calls = detail::BlockingCalls;

thread_local bool handling = false;

void count_call(Calls& calls, bool begins) noexcept {
    if (calls.count == nullptr) return;
    if (begins)
        ++*calls.count;
    else
        --*calls.count;
}

// The promise lives in the frame: once it is fulfilled, the waiting thread may continue and destroy
// everything else.
template <class T>
Async<void> keep(std::promise<T> promise, Calls& calls, Async<T> call) {
    std::exception_ptr thrown;
    std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
    try {
        if constexpr (std::is_void_v<T>)
            co_await std::move(call);
        else
            value.emplace(co_await std::move(call));
    } catch (...) {
        thrown = std::current_exception();
    }
    count_call(calls, false);
    if (thrown)
        promise.set_exception(thrown);
    else if constexpr (std::is_void_v<T>)
        promise.set_value();
    else
        promise.set_value(std::move(*value));
}

// Starts the call on the loop's thread and blocks this one until it has ended.
template <class Start>
auto call_on(Calls& calls, Start start) {
    using T = typename Unwrap<std::invoke_result_t<Start&>>::type;
    struct Call : Work {
        Call(Calls& c, Start s)
            : Work([](Work& work) noexcept { static_cast<Call&>(work).run(); }),
              all(c),
              starter(std::move(s)) {}
        void run() noexcept {
            std::promise<T> kept = std::move(promise);
            count_call(all, true);
            try {
                auto call = starter();
                all.group.spawn(keep(std::move(kept), all, std::move(call)));
            } catch (...) {
                count_call(all, false);
                kept.set_exception(std::current_exception());
            }
        }
        Calls& all;
        Start starter;
        std::promise<T> promise;
    };
    Call call(calls, std::move(start));
    std::future<T> answer = call.promise.get_future();
    calls.loop.post(call);
    return answer.get();
}

}  // namespace

bool on_handler_thread() noexcept { return handling; }

void BlockingTaskContext::cancelled() {
    call_on(calls_, [&] { return context_.cancelled(); });
}
bool BlockingTaskContext::cancelled_within(Duration span) {
    return call_on(calls_, [&] { return context_.cancelled_within(span); });
}
void BlockingTaskContext::save_checkpoint(RawJson value) {
    call_on(calls_, [&] { return context_.save_checkpoint(std::move(value)); });
}
RawJson BlockingTaskContext::load_context() {
    return call_on(calls_, [&] { return context_.load_context(); });
}
void BlockingTaskContext::update_context(RawJson value) {
    call_on(calls_, [&] { return context_.update_context(std::move(value)); });
}
void BlockingTaskContext::send_status(std::string text) {
    call_on(calls_, [&] { return context_.send_status(std::move(text)); });
}
void BlockingTaskContext::send_status(AgentMessage message) {
    call_on(calls_, [&] { return context_.send_status(std::move(message)); });
}
void BlockingTaskContext::emit_artifact(EmitArtifact artifact) {
    call_on(calls_, [&] { return context_.emit_artifact(std::move(artifact)); });
}
void BlockingTaskContext::emit_text_artifact(std::string text, std::string artifact_id, bool append,
                                             bool last_chunk) {
    call_on(calls_, [&] {
        return context_.emit_text_artifact(std::move(text), std::move(artifact_id), append,
                                           last_chunk);
    });
}
void BlockingTaskContext::emit_data_artifact(RawJson data, std::string artifact_id) {
    call_on(calls_,
            [&] { return context_.emit_data_artifact(std::move(data), std::move(artifact_id)); });
}
void BlockingTaskContext::complete(std::optional<std::string> text, std::string artifact_id) {
    call_on(calls_, [&] { return context_.complete(std::move(text), std::move(artifact_id)); });
}
void BlockingTaskContext::complete_json(RawJson data, std::string artifact_id) {
    call_on(calls_,
            [&] { return context_.complete_json(std::move(data), std::move(artifact_id)); });
}
void BlockingTaskContext::respond(std::string text) {
    call_on(calls_, [&] { return context_.respond(std::move(text)); });
}
void BlockingTaskContext::respond(AgentMessage message) {
    call_on(calls_, [&] { return context_.respond(std::move(message)); });
}
void BlockingTaskContext::reply_directly(std::string text) {
    call_on(calls_, [&] { return context_.reply_directly(std::move(text)); });
}
void BlockingTaskContext::reply_directly(std::vector<Part> parts) {
    call_on(calls_, [&] { return context_.reply_directly(std::move(parts)); });
}
void BlockingTaskContext::reply_directly(AgentMessage message) {
    call_on(calls_, [&] { return context_.reply_directly(std::move(message)); });
}
void BlockingTaskContext::fail(std::string reason) {
    call_on(calls_, [&] { return context_.fail(std::move(reason)); });
}
void BlockingTaskContext::fail(AgentMessage reason) {
    call_on(calls_, [&] { return context_.fail(std::move(reason)); });
}
void BlockingTaskContext::reject(std::string reason) {
    call_on(calls_, [&] { return context_.reject(std::move(reason)); });
}
void BlockingTaskContext::reject(AgentMessage reason) {
    call_on(calls_, [&] { return context_.reject(std::move(reason)); });
}
void BlockingTaskContext::request_input(std::string question, RawJson checkpoint) {
    call_on(calls_,
            [&] { return context_.request_input(std::move(question), std::move(checkpoint)); });
}
void BlockingTaskContext::request_input(AgentMessage question, RawJson checkpoint) {
    call_on(calls_,
            [&] { return context_.request_input(std::move(question), std::move(checkpoint)); });
}
void BlockingTaskContext::request_auth(AuthRequest request, RawJson checkpoint) {
    call_on(calls_,
            [&] { return context_.request_auth(std::move(request), std::move(checkpoint)); });
}

/// Threads, started when they are first needed, and the jobs that wait for one.
class BlockingWorker::Pool {
public:
    struct Job {
        BlockingWorker& worker;
        BlockingTaskContext& context;
        bool waits = false;  ///< No thread is free for it.
        Signal begun;        ///< Raised when it waited and a thread has it.
        Signal done;
        std::exception_ptr thrown;
    };

    explicit Pool(std::size_t limit) : limit_(limit) {}
    ~Pool() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        for (auto& thread : threads_) thread.join();
    }

    /// Throws std::system_error when the pool has no thread and cannot start one.
    void add(Job& job) {
        {
            const std::lock_guard lock(mutex_);
            jobs_.push_back(&job);
            if (jobs_.size() > free_threads() && threads_.size() < limit_) start_thread();
            job.waits = jobs_.size() > free_threads();
        }
        wake_.notify_one();
    }

    [[nodiscard]] bool busy() const noexcept {
        const std::lock_guard lock(mutex_);
        return handling_ > unanswered_.load() || (!jobs_.empty() && free_threads() > 0);
    }
    /// The calls that the loop has not answered yet: their handlers wait. Counted on the loop, so
    /// that `busy` sees the exact number there.
    [[nodiscard]] std::atomic<std::size_t>& unanswered() noexcept { return unanswered_; }

    /// False: a thread has it already.
    bool take_out(Job& job) noexcept {
        const std::lock_guard lock(mutex_);
        return std::erase(jobs_, &job) != 0;
    }

private:
    // REQUIRES: the lock. Those that have just been started count as well.
    [[nodiscard]] std::size_t free_threads() const noexcept { return threads_.size() - handling_; }

    // REQUIRES: the lock; the job that needs the thread is the last one.
    void start_thread() {
        try {
            threads_.emplace_back([this] { run(); });
        } catch (const std::exception& e) {
            if (threads_.empty()) {
                jobs_.pop_back();
                throw;
            }
            log::warn("no thread for a blocking handler, it waits for one threads={} error={}",
                      threads_.size(), quoted(e.what()));
        }
    }

    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            Job& job = *jobs_.front();
            jobs_.pop_front();
            ++handling_;
            lock.unlock();
            handle(job);
            lock.lock();
            --handling_;
        }
    }

    static void handle(Job& job) noexcept {
        if (job.waits) job.begun.set();
        // A job that was cancelled or handed back before a thread was free is not begun.
        if (!job.context.is_cancelled()) {
            handling = true;
            try {
                job.worker.handle(job.context);
            } catch (...) {
                job.thrown = std::current_exception();
            }
            handling = false;
        }
        job.done.set();
    }

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job*> jobs_;
    std::vector<std::thread> threads_;
    std::size_t limit_;
    std::size_t handling_ = 0;  ///< Threads with a job.
    std::atomic<std::size_t> unanswered_{0};
    bool stopping_ = false;
};

BlockingWorker::BlockingWorker(std::size_t threads)
    : pool_(std::make_unique<Pool>(
          threads != 0 ? threads : std::max<std::size_t>(4, std::thread::hardware_concurrency()))) {
}

BlockingWorker::~BlockingWorker() = default;

bool BlockingWorker::busy() const noexcept { return pool_->busy(); }

Async<void> BlockingWorker::handle(TaskContext& ctx) {
    BlockingTaskContext context(ctx, *Loop::current());
    context.calls_.count = &pool_->unanswered();
    Pool::Job job{.worker = *this, .context = context};
    pool_->add(job);
    if (job.waits) {
        co_await Signal::either(job.begun, ctx.stop_signal());
        if (!job.begun.is_set() && pool_->take_out(job)) co_return;
    }
    co_await job.done.wait();
    if (job.thrown) std::rethrow_exception(job.thrown);
}

}  // namespace a2akit
