#include "backends/memory/task_shard.hpp"

#include <gtest/gtest.h>

namespace a2akit::backends {
namespace {

const OwnerScope kAlice{"alice", "", false};
const OwnerScope kBob{"bob", "", false};

class TaskShardTest : public ::testing::Test {
protected:
    TaskShardTest() { shard_.count_in(stored_); }
    TaskRecord& insert(const std::string& context_id, const OwnerScope& owner = kAlice) {
        auto made = std::make_unique<TaskRecord>();
        made->id = TaskId::generate();
        made->begin(context_id, {});
        const std::uint64_t context = TaskShard::context_hash(context_id);
        TaskRecord& task = shard_.insert(std::move(made), {owner.owner, owner.tenant}, context);
        shard_.store(task, task.head());
        return task;
    }
    const ContextIndex* find(const std::string& context_id, const OwnerScope& owner = kAlice) {
        const OwnerIndex* index = shard_.find_owner(owner);
        if (index == nullptr) return nullptr;
        return shard_.find_context(*index, context_id, TaskShard::context_hash(context_id));
    }

    StoredBytes stored_;
    TaskShard shard_;
};

TEST_F(TaskShardTest, TheTasksOfAContextTakeOneEntryHoweverManyTheyAre) {
    constexpr std::size_t kMany = 100'000;
    for (std::size_t i = 0; i < kMany; ++i) insert("talk");
    for (int i = 0; i < 10; ++i) insert("context " + std::to_string(i));
    insert("talk", kBob);
    EXPECT_EQ(shard_.context_count(), 12U);
    const ContextIndex* context = find("talk");
    ASSERT_NE(context, nullptr);
    ASSERT_EQ(context->groups.size(), 1U);
    EXPECT_EQ(context->groups[0].tasks.size(), kMany);
    EXPECT_EQ(find("talk", kBob)->groups[0].tasks.size(), 1U);
}

kernel::TaskHead working_since(const TaskRecord& task, int milliseconds) {
    kernel::TaskHead head = task.head();
    head.state = TaskState::kWorking;
    head.status_time = Timestamp(Duration(milliseconds));
    return head;
}

TEST_F(TaskShardTest, ATaskIsInItsContextUnderTheStateThatItHas) {
    TaskRecord& one = insert("talk");
    TaskRecord& two = insert("talk");
    shard_.store(one, working_since(one, 1));
    const ContextIndex* context = find("talk");
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(context->groups.size(), 2U);
    shard_.store(two, working_since(two, 2));
    ASSERT_EQ(context->groups.size(), 1U);
    EXPECT_EQ(context->groups[0].state, TaskState::kWorking);
    EXPECT_EQ(&*context->groups[0].tasks.begin(), &two) << "the newest status comes first";
}

TEST_F(TaskShardTest, AContextIsGoneWithItsLastTask) {
    TaskRecord& one = insert("talk");
    TaskRecord& two = insert("talk");
    const RemovedTask first = shard_.remove(one);
    EXPECT_NE(find("talk"), nullptr);
    const RemovedTask last = shard_.remove(two);
    EXPECT_EQ(shard_.context_count(), 0U);
}

}  // namespace
}  // namespace a2akit::backends
