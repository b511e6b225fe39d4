#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <random>
#include <utility>

namespace a2akit::backends {

/// A call to a remote engine, on its way from the coroutine that waits for it to the loop of the
/// connections, and back. Belongs to that loop from its submission until it is finished.
template <class Call, class Answer>
struct RemoteCall : Work {
    RemoteCall() noexcept : Work(nullptr) {}

    /// Hands the outcome to the waiting coroutine's loop.
    void finish(Result<Answer> result) noexcept {
        outcome = std::move(result);
        run = [](Work& work) noexcept { static_cast<RemoteCall&>(work).waiter.resume(); };
        home->post(*this);
    }

    Result<Answer> outcome;
    Loop* home = nullptr;
    std::coroutine_handle<> waiter;
    SteadyTime since{};  ///< When it reached the loop of the connections.
    Call* behind = nullptr;
};

/// First in, first out; linked through the calls.
template <class Call>
class CallQueue {
public:
    void push(Call& call) noexcept {
        call.behind = nullptr;
        (last_ == nullptr ? first_ : last_->behind) = &call;
        last_ = &call;
        ++size_;
    }
    void push_front(Call& call) noexcept {
        call.behind = first_;
        first_ = &call;
        if (last_ == nullptr) last_ = &call;
        ++size_;
    }
    Call* pop() noexcept {
        Call* call = first_;
        if (call == nullptr) return nullptr;
        first_ = call->behind;
        if (first_ == nullptr) last_ = nullptr;
        --size_;
        return call;
    }
    [[nodiscard]] Call* front() const noexcept { return first_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    Call* first_ = nullptr;
    Call* last_ = nullptr;
    std::size_t size_ = 0;
};

/// Awaiting it takes a call to `loop`, where `target.submit(call)` gets it; the coroutine goes on
/// at home when it is finished. `under_way` counts the calls whose callers have not gone on yet.
template <class Target, class Call>
class Submission {
public:
    Submission(Target& target, Call& call, Loop& loop, std::atomic<std::size_t>& under_way) noexcept
        : loop_(loop), under_way_(under_way), job_(target, call) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        job_.call.waiter = waiter;
        job_.call.home = Loop::current();
        under_way_.fetch_add(1);
        loop_.post(job_);
    }
    auto await_resume() noexcept {
        under_way_.fetch_sub(1);
        return std::move(job_.call.outcome);
    }

private:
    struct Job : Work {
        Job(Target& t, Call& c) noexcept
            : Work([](Work& work) noexcept {
                  const Job& job = static_cast<Job&>(work);
                  job.target.submit(job.call);
              }),
              target(t),
              call(c) {}
        Target& target;
        Call& call;
    };
    Loop& loop_;
    std::atomic<std::size_t>& under_way_;
    Job job_;
};

/// How long to wait before the next attempt to connect: doubling from `first` to `longest`, and
/// different on every node.
[[nodiscard]] inline Duration backoff(int attempt, Duration first, Duration longest) {
    thread_local std::minstd_rand random(std::random_device{}());
    const auto most = std::min(first * (1 << std::min(attempt, 6)), longest).count();
    return Duration(std::uniform_int_distribution<Duration::rep>(most / 2, most)(random));
}

}  // namespace a2akit::backends
