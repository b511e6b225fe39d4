#include "net/loop_group.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>

namespace a2akit::net {
namespace {

struct Job : Work {
    explicit Job(Async<void> c) noexcept
        : Work([](Work& work) noexcept {
              auto& self = static_cast<Job&>(work);
              self.group.spawn(self.carry_out());
          }),
          coroutine(std::move(c)) {}

    Async<void> carry_out() {
        try {
            co_await std::move(coroutine);
        } catch (const std::exception&) {
            thrown = std::current_exception();
        }
        // The job may end as soon as its group is empty, which the loop says after this frame is
        // gone.
        Loop::current()->post(report);
    }

    void wait() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return reported; });
    }

    struct Report : Work {
        explicit Report(Job& j) noexcept
            : Work([](Work& work) noexcept {
                  auto& job = static_cast<Report&>(work).job;
                  const std::lock_guard lock(job.mutex);
                  job.reported = true;
                  job.changed.notify_one();
              }),
              job(j) {}
        Job& job;
    };

    Async<void> coroutine;
    TaskGroup group;
    Report report{*this};
    std::exception_ptr thrown;
    std::mutex mutex;
    std::condition_variable changed;
    bool reported = false;
};

}  // namespace

LoopGroup::LoopGroup(std::size_t threads, const std::string& name) {
    loops_.reserve(threads);
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) loops_.push_back(std::make_unique<AsioLoop>());
    try {
        for (std::size_t i = 0; i < threads; ++i) {
            threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
            pthread_setname_np(threads_.back().native_handle(),
                               (name + '-' + std::to_string(i)).c_str());
        }
    } catch (...) {
        stop();  // else the threads that there are would be waited for without end
        throw;
    }
}

LoopGroup::~LoopGroup() { stop(); }

void LoopGroup::stop() noexcept {
    for (const auto& loop : loops_) loop->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

std::vector<Loop*> LoopGroup::loops() const {
    std::vector<Loop*> all;
    for (const auto& loop : loops_) all.push_back(loop.get());
    return all;
}

// Neither is ever destroyed: static destructors run while the loops still do.
void leave_running(std::unique_ptr<LoopGroup> loops) {
    static auto& left = *new std::vector<std::unique_ptr<LoopGroup>>;
    static auto& mutex = *new std::mutex;
    const std::lock_guard lock(mutex);
    left.push_back(std::move(loops));
}

void run_on(Loop& loop, Async<void> coroutine) {
    assert(Loop::current() == nullptr && "a loop's thread never blocks");
    Job job(std::move(coroutine));
    loop.post(job);
    job.wait();
    if (job.thrown) std::rethrow_exception(job.thrown);
}

void run_on_each(std::vector<std::pair<Loop*, Async<void>>> coroutines) {
    assert(Loop::current() == nullptr && "a loop's thread never blocks");
    std::vector<std::unique_ptr<Job>> jobs;
    jobs.reserve(coroutines.size());
    for (auto& [loop, coroutine] : coroutines)
        jobs.push_back(std::make_unique<Job>(std::move(coroutine)));
    for (std::size_t i = 0; i < jobs.size(); ++i) coroutines[i].first->post(*jobs[i]);
    for (const auto& job : jobs) job->wait();
    for (const auto& job : jobs) {
        if (job->thrown) std::rethrow_exception(job->thrown);
    }
}

std::size_t available_cores() noexcept {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) {
        return std::max(1U, std::thread::hardware_concurrency());
    }
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&cores)));
}

}  // namespace a2akit::net
