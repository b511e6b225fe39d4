#include "backends/memory/memory_event_bus.hpp"

#include "backends/common/pooled.hpp"

#include <algorithm>

namespace a2akit {

// Publishers write under the shard's lock, the subscriber reads without it: hence the atomics.
class MemoryEventBus::Subscriber final : public Subscription,
                                         public local::Pooled,
                                         public local::TableLink<Subscriber> {
public:
    Subscriber(Shard& shard, TaskId task, Interest interest)
        : shard_(shard), task_(task), interest_(interest) {
        const std::lock_guard lock(shard_.mutex);
        shard_.subscribers.insert(*this, task_.hash());
        shard_.count.fetch_add(1);
    }
    ~Subscriber() override {
        const std::lock_guard lock(shard_.mutex);
        shard_.subscribers.remove(*this);
        shard_.count.fetch_sub(1);
    }

    [[nodiscard]] Sequence last() const noexcept override { return last_.load(); }
    [[nodiscard]] Turn ended_turn() const noexcept override { return ended_turn_.load(); }
    [[nodiscard]] bool erased() const noexcept override { return erased_.load(); }
    [[nodiscard]] Signal& signal() noexcept override { return signal_; }

    [[nodiscard]] TaskId task() const noexcept { return task_; }

    // REQUIRES: the shard's lock; it also keeps the subscriber alive until the signal is set.
    void wake(const Wake& wake, bool erased) noexcept {
        const bool longer = wake.last > last_.load();
        const bool ended = wake.turn_ended && wake.turn > ended_turn_.load();
        if (longer) last_.store(wake.last);
        if (ended) ended_turn_.store(wake.turn);
        if (erased) erased_.store(true);
        // The tail check repeats every second what an idle stream knows already.
        const bool wanted = interest_ == Interest::kEveryEvent ? longer || ended : wake.turn_ended;
        if (wanted || erased) signal_.set();
    }

private:
    Shard& shard_;
    const TaskId task_;
    const Interest interest_;
    std::atomic<Turn> ended_turn_{0};
    std::atomic<Sequence> last_{0};
    std::atomic<bool> erased_{false};
    Signal signal_;
};

AsyncResult<void> MemoryEventBus::publish(Wake wake) {
    wake_local(wake, false);
    return Result<void>();
}

void MemoryEventBus::wake_local(Wake wake, bool erased) {
    Shard& home = shard(wake.task);
    // A subscriber counts before it reads Storage, a publisher has written Storage before it looks
    // here: whichever comes first in Storage, the subscriber sees the wake-up or the event itself.
    if (home.count.load() == 0) return;
    const std::lock_guard lock(home.mutex);
    home.subscribers.for_each_like(wake.task.hash(), [&](Subscriber& subscriber) {
        if (subscriber.task() == wake.task) subscriber.wake(wake, erased);
    });
}

AsyncResult<std::unique_ptr<Subscription>> MemoryEventBus::subscribe(TaskId task,
                                                                     Interest interest) {
    std::unique_ptr<Subscription> made = std::make_unique<Subscriber>(shard(task), task, interest);
    return Result<std::unique_ptr<Subscription>>(std::move(made));
}

std::vector<TaskId> MemoryEventBus::watched() const {
    std::vector<TaskId> tasks;
    for (Shard& one : shards_) {
        if (one.count.load() == 0) continue;
        const std::lock_guard lock(one.mutex);
        one.subscribers.for_each(
            [&](Subscriber& subscriber) { tasks.push_back(subscriber.task()); });
    }
    std::sort(tasks.begin(), tasks.end());
    tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
    return tasks;
}

}  // namespace a2akit
