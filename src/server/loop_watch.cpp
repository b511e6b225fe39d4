#include "server/loop_watch.hpp"

#include "core/log.hpp"

#include <chrono>
#include <string>

namespace a2akit {

struct LoopWatch::Watched : Work {
    explicit Watched(net::AsioLoop& l) noexcept
        : Work([](Work& work) noexcept {
              auto& self = static_cast<Watched&>(work);
              self.answered_at = self.loop.now();
              self.answered.store(true, std::memory_order_release);
          }),
          loop(l) {}

    net::AsioLoop& loop;
    SteadyTime asked_at;
    SteadyTime answered_at;             ///< Valid once `answered` is true.
    std::atomic<bool> answered{true};   ///< False: it is posted to the loop.
    std::optional<std::string> holder;  ///< As logged; nullopt: the loop is not held.
};

LoopWatch::LoopWatch(net::LoopGroup& loops) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
        watched_.push_back(std::make_unique<Watched>(loops[i]));
    }
}

LoopWatch::~LoopWatch() = default;

void LoopWatch::start() { group_.spawn(look_regularly()); }

Async<void> LoopWatch::stop() {
    stop_.set();
    co_await group_.join();
    Loop& home = *Loop::current();
    // They run in the order in which they were posted here.
    for (const auto& one : watched_) co_await resume_on(one->loop);
    co_await resume_on(home);
}

Async<void> LoopWatch::look_regularly() {
    Loop& loop = *Loop::current();
    while (!co_await stop_.wait_until(loop.now() + kLookEvery)) {
        for (std::size_t i = 0; i < watched_.size(); ++i) look(i);
    }
}

void LoopWatch::look(std::size_t index) {
    Watched& one = *watched_[index];
    const SteadyTime now = one.loop.now();
    const auto ms_until = [&one](SteadyTime end) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(end - one.asked_at).count();
    };
    if (one.answered.load(std::memory_order_acquire)) {
        if (one.holder) {
            log::warn("the event loop is free again loop={}{} held_ms={}", index, *one.holder,
                      ms_until(one.answered_at));
            one.holder.reset();
        }
        one.asked_at = now;
        one.answered.store(false, std::memory_order_relaxed);
        one.loop.post(one);
    } else if (!one.holder && now - one.asked_at >= kHeld) {
        const std::optional<TaskId> task = one.loop.handler_mark().read();
        one.holder = task ? " task=" + task->to_string() : std::string();
        log::warn(
            "code that blocks holds an event loop, and all that runs there waits loop={}{} "
            "held_ms={}",
            index, *one.holder, ms_until(now));
    }
}

}  // namespace a2akit
