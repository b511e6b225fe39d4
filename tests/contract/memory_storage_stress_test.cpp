#include "backends/memory/memory_storage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

// Four threads on one MemoryStorage, for ThreadSanitizer and for what must hold whoever comes
// first.

namespace a2akit::backends {
namespace {

constexpr int kThreads = 4;
constexpr Lease kLease = std::chrono::hours(1);
const OwnerScope kAlice{"alice", "", false};
const OwnerScope kAll = OwnerScope::everything();

TaskUpdate with_status(TaskState state) {
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{state, {}, {}};
    return update;
}

TaskUpdate with_chunk(Epoch epoch) {
    Artifact artifact;
    artifact.artifact_id = "a";
    artifact.parts.push_back(Part::from_text("x"));
    TaskUpdate update;
    update.id = WriteId::next();
    update.guard.epoch = epoch;
    update.artifacts.push_back({std::move(artifact), true, false, {}});
    return update;
}

class MemoryStorageStress : public ::testing::Test {
protected:
    template <class T>
    static Result<T> get(AsyncResult<T> answer) {
        return answer.await_resume();
    }

    // Runs `work` on all threads at once, each with its number.
    static void on_all_threads(const std::function<void(int)>& work) {
        std::atomic<int> ready{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&, i] {
                ready.fetch_add(1);
                while (ready.load() < kThreads) std::this_thread::yield();
                work(i);
            });
        }
        for (auto& thread : threads) thread.join();
    }

    TaskId make_task(const OwnerScope& owner = kAlice) {
        TaskUpdate update = with_status(TaskState::kSubmitted);
        update.turn = TurnInput{};
        const TaskId id = TaskId::generate();
        EXPECT_TRUE(get(storage_.create(NewTask{id, "c", true}, owner, std::move(update))));
        return id;
    }
    std::optional<Epoch> claim(const TaskId& task, const NodeId& node, Lease lease = kLease) {
        const auto claimed = get(storage_.claim(WriteId::next(), task, 1, node, lease));
        if (const auto* run = std::get_if<a2akit::Run>(&*claimed)) return run->epoch;
        return std::nullopt;
    }

    MemoryStorage storage_{system_clock(), 0};
};

TEST_F(MemoryStorageStress, AStoredContextStaysWhereATaskOfItIsMadeWhileTheLastOneIsErased) {
    std::atomic<bool> done{false};
    std::atomic<int> swept{0};
    std::thread eraser([&] {
        EraseQuery everything;
        everything.keep_at_most = 0;
        while (!done.load()) {
            EXPECT_TRUE(get(storage_.erase(everything)));
            swept.fetch_add(1);
        }
    });
    TaskId last = make_task();
    for (int i = 0; i < 2000 && !HasFailure(); ++i) {
        EXPECT_TRUE(get(storage_.update_context(kAlice, "c", RawJson("1"), std::nullopt)));
        EXPECT_TRUE(get(storage_.append(last, kAll, with_status(TaskState::kCompleted))));
        last = make_task();
        const bool had = !get(storage_.load_context(kAlice, "c"))->value.empty();
        const int sweeps = swept.load();
        while (swept.load() < sweeps + 2)
            std::this_thread::yield();  // whatever was under way is over
        EXPECT_EQ(!get(storage_.load_context(kAlice, "c"))->value.empty(), had);
    }
    done = true;
    eraser.join();
}

TEST_F(MemoryStorageStress, OneOfManyClaimsWins) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < 200; ++i) tasks.push_back(make_task());
    std::atomic<int> won{0};
    on_all_threads([&](int) {
        const NodeId node = NodeId::generate();
        for (const TaskId& task : tasks) {
            if (claim(task, node)) won.fetch_add(1);
        }
    });
    EXPECT_EQ(won.load(), 200);
}

TEST_F(MemoryStorageStress, OneOfManyEndsIsTheEnd) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < 200; ++i) tasks.push_back(make_task());
    constexpr std::array kEnds = {TaskState::kCompleted, TaskState::kFailed, TaskState::kCanceled,
                                  TaskState::kRejected};
    std::atomic<int> ended{0};
    on_all_threads([&](int thread) {
        for (const TaskId& task : tasks) {
            const auto appended = get(
                storage_.append(task, kAll, with_status(kEnds[static_cast<std::size_t>(thread)])));
            if (appended)
                ended.fetch_add(1);
            else
                EXPECT_EQ(appended.error().code, ErrorCode::kTaskTerminal);
        }
    });
    EXPECT_EQ(ended.load(), 200);
    for (const TaskId& task : tasks)
        EXPECT_EQ(get(storage_.events(task, kAll, 0, 10))->events.size(), 2U);
}

TEST_F(MemoryStorageStress, ARunThatLostItsTaskWritesNoMore) {
    const TaskId task = make_task();
    std::atomic<Epoch> newest{0};
    std::atomic<int> written{0};
    // Leases are over at once, so that each claim takes the run over from the one before.
    on_all_threads([&](int) {
        const NodeId node = NodeId::generate();
        for (int i = 0; i < 200; ++i) {
            const auto epoch = claim(task, node, Lease(0));
            ASSERT_TRUE(epoch);
            Epoch seen = newest.load();
            while (seen < *epoch && !newest.compare_exchange_weak(seen, *epoch)) continue;
            const Epoch before = newest.load();
            const auto appended = get(storage_.append(task, kAll, with_chunk(*epoch)));
            if (appended) written.fetch_add(1);
            if (before > *epoch) {
                EXPECT_FALSE(appended) << "epoch " << before << " had been given out";
            }
        }
    });
    EXPECT_EQ(get(storage_.load(task, kAll, {}, true))->epoch, 200U * kThreads);
    int chunks = 0;
    const auto page = get(storage_.events(task, kAll, 0, 10'000));
    ASSERT_TRUE(page);
    for (const TaskEvent& event : page->events) {
        if (std::holds_alternative<ArtifactChunk>(event.change)) ++chunks;
    }
    EXPECT_EQ(chunks, written.load());
}

TEST_F(MemoryStorageStress, AKeyMakesOneTaskOnAllThreads) {
    std::array<std::vector<TaskId>, kThreads> made;
    on_all_threads([&](int thread) {
        for (int i = 0; i < 100; ++i) {
            TaskUpdate update = with_status(TaskState::kSubmitted);
            update.turn = TurnInput{};
            update.once = IdempotencyKey{"key " + std::to_string(i), {}, std::chrono::hours(1)};
            const NewTask task{TaskId::generate(), "c", true};
            made[static_cast<std::size_t>(thread)].push_back(
                get(storage_.create(task, kAlice, std::move(update)))->appended.task);
        }
    });
    for (const auto& tasks : made) EXPECT_EQ(tasks, made[0]);
    EXPECT_EQ(get(storage_.list(kAlice, {}))->total, 100);
}

TEST_F(MemoryStorageStress, EveryCallAtOnceKeepsTheCountsRight) {
    std::atomic<int> erased{0};
    on_all_threads([&](int thread) {
        const OwnerScope owner{std::to_string(thread % 2), "", false};
        const NodeId node = NodeId::generate();
        for (int i = 0; i < 300; ++i) {
            const TaskId task = make_task(owner);
            const auto epoch = claim(task, node);
            ASSERT_TRUE(epoch);
            for (int chunk = 0; chunk < 3; ++chunk) {
                EXPECT_TRUE(get(storage_.append(task, owner, with_chunk(*epoch))));
            }
            if (i % 3 == 0) {
                EXPECT_TRUE(get(storage_.renew(node, kLease)));
                EXPECT_TRUE(get(storage_.due(100)));
                EXPECT_TRUE(get(storage_.compact(*get(storage_.now()), 10)));
            }
            if (i % 2 == 0) {
                TaskUpdate end = with_status(TaskState::kCompleted);
                end.guard.epoch = epoch;
                EXPECT_TRUE(get(storage_.append(task, owner, std::move(end))));
            }
            if (i % 10 == 0) {
                EraseQuery query;
                query.keep_at_most = 20;
                query.limit = 5;
                erased.fetch_add(static_cast<int>(get(storage_.erase(query))->size()));
                const auto page = get(storage_.list(owner, {}));
                ASSERT_TRUE(page);
                ListQuery next;
                next.page_token = page->next_page_token;
                EXPECT_TRUE(get(storage_.list(owner, next)));
            }
            const auto version = get(storage_.update_context(owner, "c", RawJson("1"), {}));
            EXPECT_TRUE(version);
        }
    });
    const auto all = get(storage_.list(kAll, {}));
    EXPECT_EQ(all->total, 300 * kThreads - erased.load());
}

}  // namespace
}  // namespace a2akit::backends
