#include "backends/common/recent_tasks.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace a2akit::backends {
namespace {

TEST(RecentTasksTest, TheOldestAreForgottenAndTheNewestKept) {
    constexpr std::size_t kLimit = 100;
    RecentTasks recent(kLimit);
    std::vector<TaskId> tasks;
    for (int i = 0; i < 1000; ++i) {
        tasks.push_back(TaskId::generate());
        recent.insert(tasks.back());
        EXPECT_LE(recent.size(), kLimit);
    }
    EXPECT_FALSE(recent.erase(tasks.front()));
    for (std::size_t i = tasks.size() - kLimit / 2; i < tasks.size(); ++i)
        EXPECT_TRUE(recent.erase(tasks[i])) << i;
    EXPECT_FALSE(recent.erase(tasks.back())) << "once";
}

}  // namespace
}  // namespace a2akit::backends
