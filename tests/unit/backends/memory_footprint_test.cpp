#include "backends/memory/memory_storage.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>

// Under a sanitizer the allocator is another one, and this test is not built.

namespace a2akit::backends {
namespace {

constexpr int kTasks = 20'000;
constexpr double kMostBytesPerTask = 2.55 * 1024;
const OwnerScope kAlice{"alice", "", false};

TaskUpdate blank() {
    TaskUpdate update;
    update.id = WriteId::next();
    return update;
}

std::string text_of_300_bytes(int task) {
    std::string text = std::to_string(task) + ' ';
    text.resize(300, 'x');
    return text;
}

// What a blocking send of 300 bytes to the echo worker leaves behind.
void store_echo_task(MemoryStorage& storage, int number) {
    const NewTask task{TaskId::generate(), Uuid::generate().to_string(), true};
    Message message;
    message.message_id = Uuid::generate().to_string();
    message.context_id = task.context_id;
    message.task_id = task.id.to_string();
    message.role = Role::kUser;
    message.parts.push_back(Part::from_text(text_of_300_bytes(number)));
    TaskUpdate update = blank();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    update.turn = TurnInput{};
    update.turn->message = std::move(message);
    update.history.push_back(update.turn->message);
    ASSERT_TRUE(storage.create(task, kAlice, std::move(update)).await_resume());

    const auto claimed =
        storage.claim(WriteId::next(), task.id, 1, NodeId{}, Lease(15'000)).await_resume();
    ASSERT_TRUE(claimed && std::holds_alternative<Run>(*claimed));

    Artifact artifact;
    artifact.artifact_id = "final-answer";
    artifact.parts.push_back(Part::from_text("Echo: " + text_of_300_bytes(number)));
    TaskUpdate end = blank();
    end.guard.epoch = std::get<Run>(*claimed).epoch;
    end.artifacts.push_back({std::move(artifact), false, true, {}});
    end.status = TaskStatus{TaskState::kCompleted, {}, {}};
    ASSERT_TRUE(storage.append(task.id, kAlice, std::move(end)).await_resume());
}

TEST(MemoryFootprintTest, AFinishedEchoTaskLeavesRoomInItsThreeKibibytes) {
    MemoryStorage storage(system_clock(), 0);
    const auto before = ::mallinfo2();
    for (int i = 0; i < kTasks; ++i) store_echo_task(storage, i);
    const auto after = ::mallinfo2();
    const double bytes = static_cast<double>(after.uordblks - before.uordblks) / kTasks;
    std::printf("a finished echo task takes %.0f bytes\n", bytes);
    EXPECT_LT(bytes, kMostBytesPerTask);
}

}  // namespace
}  // namespace a2akit::backends
