#include "core/brief_mutex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <latch>
#include <mutex>
#include <thread>

namespace a2akit {
namespace {

static_assert(sizeof(BriefMutex) == 4);

TEST(BriefMutexTest, OneThreadAtATimeIsInside) {
    constexpr int kRounds = 20'000;
    BriefMutex mutex;
    int rounds = 0;
    int inside = 0;
    bool alone = true;
    std::latch begin(4);
    std::array<std::jthread, 4> threads;
    for (auto& thread : threads) {
        thread = std::jthread([&] {
            begin.arrive_and_wait();
            for (int i = 0; i < kRounds; ++i) {
                const std::lock_guard lock(mutex);
                alone = alone && ++inside == 1;
                ++rounds;
                --inside;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(alone);
    EXPECT_EQ(rounds, 4 * kRounds);
}

TEST(BriefMutexTest, EveryoneWhoWaitsHasATurn) {
    constexpr int kThreads = 3;
    BriefMutex mutex;
    int turns = 0;
    std::latch begun(kThreads);
    std::array<std::jthread, kThreads> threads;
    {
        const std::lock_guard lock(mutex);
        for (auto& thread : threads) {
            thread = std::jthread([&] {
                begun.count_down();
                const std::lock_guard own(mutex);
                ++turns;
            });
        }
        begun.wait();
        EXPECT_EQ(turns, 0);
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(turns, kThreads);
}

}  // namespace
}  // namespace a2akit
