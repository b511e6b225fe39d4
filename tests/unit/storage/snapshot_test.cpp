#include <a2akit/storage/snapshot.hpp>

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

}  // namespace
}  // namespace a2akit
