#include "backends/memory/memory_storage.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

namespace a2akit::backends {
namespace {

const OwnerScope kAlice{"alice", "", false};

class MemoryStorageTest : public ::testing::Test {
protected:
    template <class T>
    Result<T> get(AsyncResult<T> answer) {
        EXPECT_TRUE(answer.await_ready()) << "a memory port answers at once";
        return answer.await_resume();
    }

    TaskId make_task(MemoryStorage& storage) {
        const TaskId id = TaskId::generate();
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
        update.turn = TurnInput{};
        EXPECT_TRUE(get(storage.create(NewTask{id, "c", true}, kAlice, std::move(update))));
        return id;
    }

    void complete(MemoryStorage& storage, TaskId task) {
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{TaskState::kCompleted, {}, {}};
        ASSERT_TRUE(get(storage.append(task, kAlice, std::move(update))));
    }

    std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
};

TEST_F(MemoryStorageTest, AtTheCapTheOldestEndedTaskMakesRoom) {
    MemoryStorage storage(clock_, 3);
    const TaskId first = make_task(storage);
    const TaskId second = make_task(storage);
    const TaskId third = make_task(storage);
    complete(storage, second);
    clock_->advance(Duration(5));
    complete(storage, first);
    make_task(storage);
    EXPECT_FALSE(get(storage.load(second, kAlice, {}, true)));
    EXPECT_TRUE(get(storage.load(first, kAlice, {}, true)));
    EXPECT_TRUE(get(storage.load(third, kAlice, {}, true)));
}

TEST_F(MemoryStorageTest, FullOfUnfinishedTasksItRefusesAndNamesATimeToRetry) {
    MemoryStorage storage(clock_, 2);
    const TaskId first = make_task(storage);
    make_task(storage);
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    const auto refused =
        get(storage.create(NewTask{TaskId::generate(), "c", true}, kAlice, update));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(refused.error().details->retry_after);
    complete(storage, first);
    EXPECT_TRUE(get(storage.create(NewTask{TaskId::generate(), "c", true}, kAlice, update)));
}

TEST_F(MemoryStorageTest, AClockThatGoesBackIsNotFollowed) {
    MemoryStorage storage(clock_, 0);
    const Timestamp before = *get(storage.now());
    clock_->advance(Duration(-5000));
    EXPECT_EQ(*get(storage.now()), before);
}

}  // namespace
}  // namespace a2akit::backends
