#include "security/helper_threads.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/core/loop.hpp>

#include <pthread.h>

#include <exception>
#include <utility>

namespace a2akit::security {

/// Lives in the frame of the coroutine that waits for it.
struct HelperThreads::Job {
    std::function<void()> call;
    Signal done;
};

HelperThreads::HelperThreads(std::size_t threads, std::size_t most_waiting, const char* name)
    : most_waiting_(most_waiting) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
        pthread_setname_np(threads_.back().native_handle(), name);
    }
}

HelperThreads::~HelperThreads() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

bool HelperThreads::enqueue(Job& job) {
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() >= most_waiting_) return false;
        jobs_.push_back(&job);
    }
    changed_.notify_one();
    return true;
}

Async<bool> HelperThreads::run(std::function<void()> job) {
    Job waiting{std::move(job), {}};
    if (!enqueue(waiting)) co_return false;
    co_await waiting.done.wait();
    co_return true;
}

void HelperThreads::work() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        Job& job = *jobs_.front();
        jobs_.pop_front();
        lock.unlock();
        try {
            job.call();
        } catch (const std::exception& e) {
            log::error("credentials could not be checked error={}", quoted(e.what()));
        }
        job.done.set();
    }
}

}  // namespace a2akit::security
