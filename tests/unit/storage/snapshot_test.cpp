#include "storage/take_task.hpp"

#include <gtest/gtest.h>

namespace a2akit {
namespace {

TaskSnapshot three_messages_and_an_artifact() {
    TaskSnapshot snapshot;
    snapshot.id = TaskId::generate();
    snapshot.context_id = "c";
    for (const char* id : {"m1", "m2", "m3"}) {
        Message message;
        message.message_id = id;
        snapshot.history.emplace_back(std::move(message));
    }
    snapshot.artifacts.emplace_back(Artifact{});
    return snapshot;
}

TEST(ToTaskTest, WithoutALengthTheWholeHistoryIsShown) {
    const TaskSnapshot snapshot = three_messages_and_an_artifact();
    const Task task = to_task(snapshot);
    EXPECT_EQ(task.id, snapshot.id.to_string());
    EXPECT_EQ(task.history.size(), 3U);
    EXPECT_EQ(task.artifacts.size(), 1U);
}

TEST(ToTaskTest, TheNewestMessagesAreKept) {
    const Task task = to_task(three_messages_and_an_artifact(), 2);
    ASSERT_EQ(task.history.size(), 2U);
    EXPECT_EQ(task.history[0]->message_id, "m2");
    EXPECT_EQ(to_task(three_messages_and_an_artifact(), 9).history.size(), 3U);
}

TEST(ToTaskTest, ZeroMeansNoHistory) {
    EXPECT_TRUE(to_task(three_messages_and_an_artifact(), 0).history.empty());
}

TEST(ToTaskTest, ArtifactsStayBehindWhenNotAskedFor) {
    EXPECT_TRUE(to_task(three_messages_and_an_artifact(), {}, false).artifacts.empty());
}

TEST(TakeTaskTest, MovesWhatToTaskCopies) {
    for (const std::optional<std::int32_t> length :
         {std::optional<std::int32_t>(), {0}, {2}, {9}, {-1}}) {
        TaskSnapshot snapshot = three_messages_and_an_artifact();
        snapshot.metadata = RawJson(R"({"k":1})");
        snapshot.status.state = TaskState::kCompleted;
        snapshot.status.message = snapshot.history.front();
        const Task copied = to_task(snapshot, length);
        Task taken;
        take_task(std::move(snapshot), length, taken);
        EXPECT_EQ(taken.id, copied.id);
        EXPECT_EQ(taken.context_id, copied.context_id);
        EXPECT_EQ(taken.status.state, copied.status.state);
        EXPECT_TRUE(taken.status.message->same_as(*copied.status.message));
        EXPECT_EQ(taken.metadata, copied.metadata);
        ASSERT_EQ(taken.artifacts.size(), 1U);
        EXPECT_TRUE(taken.artifacts[0].same_as(copied.artifacts[0]));
        ASSERT_EQ(taken.history.size(), copied.history.size());
        for (std::size_t i = 0; i < taken.history.size(); ++i)
            EXPECT_TRUE(taken.history[i].same_as(copied.history[i]));
    }
}

}  // namespace
}  // namespace a2akit
