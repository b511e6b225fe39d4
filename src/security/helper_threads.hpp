#pragma once

#include <a2akit/core/async.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace a2akit::security {

/// Some threads for work that takes too long for a loop: hashing a password, asking another server.
/// Safe from any loop. REQUIRES: no call of `run` is under way when it is destroyed.
class HelperThreads {
public:
    /// `name` has at most 15 characters. At most `most_waiting` jobs wait for a thread.
    HelperThreads(std::size_t threads, std::size_t most_waiting, const char* name);
    ~HelperThreads();
    HelperThreads(const HelperThreads&) = delete;
    HelperThreads& operator=(const HelperThreads&) = delete;

    /// Runs `job` on one of the threads and returns when it has returned. False, without having run
    /// it, when too many jobs wait. An exception of the job is logged and ends only that job.
    Async<bool> run(std::function<void()> job);

private:
    struct Job;
    [[nodiscard]] bool enqueue(Job& job);
    void work();

    const std::size_t most_waiting_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job*> jobs_;
    bool stopping_ = false;
    std::vector<std::jthread> threads_;  ///< The last member: joined before the others end.
};

}  // namespace a2akit::security
