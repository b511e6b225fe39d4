#include "runtime/housekeeping.hpp"
#include "unit/runtime/worker_fixture.hpp"

namespace a2akit {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class HousekeepingTest : public WorkerFixture {
protected:
    TaskId make_ended() {
        const TaskId task = create("hello");
        end(task, TaskState::kCompleted);
        return task;
    }
    void end(TaskId task, TaskState state) {
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{state, std::nullopt, std::nullopt};
        ASSERT_TRUE(loop.await(ports.storage->append(task, OwnerScope::everything(), std::move(update))));
    }
    void keep(HousekeepingOptions options) {
        housekeeping_ = std::make_unique<Housekeeping>(ports.storage, ports.maintenance, ports.emitter,
                                                       std::move(options));
        housekeeping_->start();
    }
    void TearDown() override {
        if (housekeeping_) loop.await(housekeeping_->stop());
    }
    bool exists(TaskId task) {
        return loop.await(ports.storage->load(task, OwnerScope::everything())).has_value();
    }
    bool has_log(TaskId task) {
        return loop.await(ports.storage->events(task, OwnerScope::everything(), 0, 10)).has_value();
    }

    std::unique_ptr<Housekeeping> housekeeping_;
};

TEST_F(HousekeepingTest, WithoutLimitsNothingIsTouched) {
    const TaskId task = make_ended();
    keep({});
    loop.advance(hours(48));
    EXPECT_TRUE(has_log(task));
}

TEST_F(HousekeepingTest, OldLogsAreDroppedAndTheirTasksStay) {
    HousekeepingOptions options;
    options.compact_after = hours(1);
    const TaskId task = make_ended();
    keep(options);
    loop.advance(minutes(59));
    EXPECT_TRUE(has_log(task));
    loop.advance(minutes(2));
    EXPECT_FALSE(has_log(task));
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

TEST_F(HousekeepingTest, OldTasksAreErasedByAgeOfTheirState) {
    HousekeepingOptions options;
    options.retention.push_back({TaskState::kCompleted, hours(1), {}});
    const TaskId done = make_ended();
    const TaskId failed = create("hello");
    end(failed, TaskState::kFailed);
    const TaskId open = create("hello");
    keep(options);
    loop.advance(minutes(61));
    EXPECT_FALSE(exists(done));
    EXPECT_TRUE(exists(failed));
    EXPECT_TRUE(exists(open));
}

TEST_F(HousekeepingTest, TheNewestSoManyAreKeptHoweverManyThereWere) {
    HousekeepingOptions options;
    options.retention.push_back({{}, {}, 10});
    std::vector<TaskId> tasks;
    for (int i = 0; i < 1000; ++i) {
        tasks.push_back(make_ended());
        clock->advance(Duration(1));
    }
    keep(options);
    loop.advance(seconds(31));
    for (std::size_t i = 0; i < tasks.size(); ++i) EXPECT_EQ(exists(tasks[i]), i >= tasks.size() - 10) << i;
}

TEST_F(HousekeepingTest, ATaskThatWaitsTooLongForItsUserIsCanceled) {
    HousekeepingOptions options;
    options.cancel_paused_after = hours(1);
    const TaskId task = create("hello");
    end(task, TaskState::kInputRequired);
    keep(options);
    loop.advance(minutes(59));
    EXPECT_EQ(state(task), TaskState::kInputRequired);
    loop.advance(minutes(2));
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

}  // namespace
}  // namespace a2akit
