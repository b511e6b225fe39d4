#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "support/thread_loop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

namespace a2akit {
namespace {

using test_support::ThreadLoop;

constexpr std::size_t kThreads = 4;
constexpr int kRounds = 2000;

/// Four threads at once, each with a loop: what ThreadSanitizer looks at.
class MemoryPortsStress : public ::testing::Test {
protected:
    template <class Make>
    void on_every_thread(Make make) {
        std::vector<std::unique_ptr<ThreadLoop::Running>> running;
        for (std::size_t i = 0; i < kThreads; ++i) {
            running.emplace_back(new ThreadLoop::Running(loops_[i].start([=] { return make(i); })));
        }
        for (auto& one : running) one->join();
    }
    std::array<ThreadLoop, kThreads> loops_;
};

struct BrokerRun {
    MemoryBroker broker;
    std::array<std::unique_ptr<Broker::Receiver>, kThreads> receivers;
    std::vector<std::atomic<int>> acked = std::vector<std::atomic<int>>(kThreads * kRounds);
    std::atomic<std::size_t> left{kThreads * kRounds};
    std::atomic<int> deliveries{0};
};

TaskId numbered(std::size_t number) {
    TaskId task = TaskId::generate();
    for (std::size_t i = 0; i < 4; ++i)
        task.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return task;
}
std::size_t number_of(const TaskId& task) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number |= std::size_t{task.bytes[i]} << (8 * i);
    return number;
}

Async<void> produce(BrokerRun& run, std::size_t thread) {
    const Timestamp soon = system_clock()->now() + Duration(20);
    for (int i = 0; i < kRounds; ++i) {
        const RunOperation operation{numbered(thread * kRounds + static_cast<std::size_t>(i)), 1};
        std::optional<Timestamp> not_before;
        if (i % 7 == 0) not_before = soon;
        (void)co_await run.broker.enqueue(operation, not_before);
        if (i % 16 == 0) co_await yield();
    }
}

Async<void> consume(BrokerRun& run, std::size_t thread) {
    Broker::Receiver& receiver = *run.receivers[thread];
    while (auto delivery = co_await receiver.receive()) {
        const int count = ++run.deliveries;
        if (count % 11 == 0) {
            (void)co_await delivery->nack(Duration(count % 2));
        } else if (count % 13 == 0) {
            delivery.reset();
        } else {
            const std::size_t number = number_of(delivery->operation().task);
            (void)co_await delivery->ack();
            run.acked[number].fetch_add(1);
            if (--run.left == 0) (void)co_await run.broker.stop({});
        }
        if (count % 32 == 0) co_await yield();
    }
}

Async<void> produce_and_consume(BrokerRun& run, std::size_t thread) {
    TaskGroup group;
    group.spawn(consume(run, thread));
    co_await produce(run, thread);
    co_await group.join();
}

TEST_F(MemoryPortsStress, EveryEntryIsAckedThoughThreadsTakeNackAndDropAtOnce) {
    BrokerRun run;
    for (std::size_t i = 0; i < kThreads; ++i) {
        loops_[i].call([&, i] {
            run.receivers[i] = run.broker.receiver(NodeId::generate(), Lease(15'000), 0);
        });
    }
    on_every_thread([&run](std::size_t i) { return produce_and_consume(run, i); });
    for (std::size_t i = 0; i < kThreads; ++i) {
        loops_[i].call([&, i] { run.receivers[i].reset(); });
        loops_[i].call([] {});
    }
    for (const auto& acked : run.acked) EXPECT_EQ(acked.load(), 1);
}

struct BusRun {
    MemoryEventBus bus;
    std::array<TaskId, 8> tasks;
    std::array<std::atomic<Sequence>, 8> published{};
    std::atomic<std::size_t> producing{kThreads};
};

Async<void> publish_all(BusRun& run, std::size_t thread) {
    for (int i = 1; i <= kRounds; ++i) {
        const std::size_t which = (thread + static_cast<std::size_t>(i)) % run.tasks.size();
        const Sequence sequence = ++run.published[which];
        (void)co_await run.bus.publish({run.tasks[which], sequence, 1, false});
        if (i % 16 == 0) co_await yield();
    }
    if (--run.producing == 0) {
        for (std::size_t i = 0; i < run.tasks.size(); ++i) {
            (void)co_await run.bus.publish({run.tasks[i], run.published[i].load(), 1, true});
        }
    }
}

Async<void> follow(BusRun& run, std::size_t which, std::atomic<int>& complete) {
    auto subscription = co_await run.bus.subscribe(run.tasks[which], Interest::kEveryEvent);
    while ((*subscription)->ended_turn() == 0) {
        (void)co_await (*subscription)->signal().wait();
        (*subscription)->signal().reset();
        auto passing = co_await run.bus.subscribe(run.tasks[which], Interest::kTurnEnds);
    }
    if ((*subscription)->last() == run.published[which].load()) ++complete;
}

Async<void> publish_and_follow(BusRun& run, std::size_t thread, std::atomic<int>& complete) {
    TaskGroup group;
    for (std::size_t i = 0; i < run.tasks.size(); ++i) group.spawn(follow(run, i, complete));
    co_await publish_all(run, thread);
    co_await group.join();
}

TEST_F(MemoryPortsStress, EverySubscriberOnEveryThreadHearsHowFarTheLogGoes) {
    BusRun run;
    for (TaskId& task : run.tasks) task = TaskId::generate();
    std::atomic<int> complete{0};
    on_every_thread([&](std::size_t i) { return publish_and_follow(run, i, complete); });
    EXPECT_EQ(complete.load(), static_cast<int>(kThreads * run.tasks.size()));
    EXPECT_TRUE(run.bus.watched().empty());
}

struct CancelRun {
    MemoryCancelRegistry registry;
    std::vector<TaskId> tasks;
    std::atomic<std::size_t> next{0};
};

Async<void> wait_for_cancel(CancelRun& run, TaskId task, std::atomic<int>& seen) {
    auto scope = co_await run.registry.watch(task);
    co_await (*scope)->signal().wait();
    if ((*scope)->is_cancelled()) ++seen;
}

Async<void> watch_and_cancel(CancelRun& run, std::size_t thread, std::atomic<int>& seen) {
    TaskGroup group;
    for (std::size_t i = 0; i < run.tasks.size(); ++i) {
        group.spawn(wait_for_cancel(run, run.tasks[(i + thread * 7) % run.tasks.size()], seen));
        if (i % kThreads == thread) (void)co_await run.registry.request_cancel(run.tasks[i]);
        if (i % 16 == 0) co_await yield();
    }
    co_await group.join();
}

TEST_F(MemoryPortsStress, EveryWatcherOnEveryThreadSeesItsCancel) {
    CancelRun run;
    for (int i = 0; i < kRounds; ++i) run.tasks.push_back(TaskId::generate());
    std::atomic<int> seen{0};
    on_every_thread([&](std::size_t i) { return watch_and_cancel(run, i, seen); });
    EXPECT_EQ(seen.load(), static_cast<int>(kThreads) * kRounds);
}

}  // namespace
}  // namespace a2akit
