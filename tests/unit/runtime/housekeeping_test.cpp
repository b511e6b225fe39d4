#include "runtime/upkeep/housekeeping.hpp"
#include "storage/forwarding_ports.hpp"
#include "unit/runtime/worker_fixture.hpp"

namespace a2akit {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A Maintenance whose answer is overtaken: something happens before its caller has it.
class OvertakenMaintenance final : public ForwardingMaintenance<> {
public:
    OvertakenMaintenance(std::shared_ptr<Maintenance> inner, std::function<void()> meanwhile)
        : ForwardingMaintenance(std::move(inner)), meanwhile_(std::move(meanwhile)) {}
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override {
        auto found = inner_->stale_paused(before, limit).await_resume();
        if (found && !found->empty()) meanwhile_();
        return found;
    }

private:
    std::function<void()> meanwhile_;
};

/// Does something before each append.
class OvertakenEmitter final : public EventEmitter {
public:
    OvertakenEmitter(std::shared_ptr<EventEmitter> inner, std::function<void()> meanwhile)
        : inner_(std::move(inner)), meanwhile_(std::move(meanwhile)) {}
    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        return inner_->create(std::move(task), std::move(scope), std::move(update));
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        meanwhile_();
        return inner_->append(task, std::move(scope), std::move(update));
    }
    AsyncResult<void> announce(Appended appended, std::string_view context_id) override {
        return inner_->announce(appended, context_id);
    }

private:
    std::shared_ptr<EventEmitter> inner_;
    std::function<void()> meanwhile_;
};

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
        ASSERT_TRUE(
            loop.await(ports.storage->append(task, OwnerScope::everything(), std::move(update))));
    }
    void keep(HousekeepingOptions options) {
        housekeeping_ = std::make_unique<Housekeeping>(ports.storage, ports.maintenance,
                                                       ports.emitter, std::move(options));
        housekeeping_->start();
    }
    void TearDown() override {
        if (housekeeping_) loop.await(housekeeping_->stop());
    }
    /// A memory storage answers at once, so this may stand in the middle of somebody else's call.
    void answer(TaskId task) {
        const auto appended =
            ports.storage
                ->append(task, OwnerScope::everything(), turn_of(user_message("here I am")))
                .await_resume();
        EXPECT_TRUE(appended) << appended.error().message;
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
    for (std::size_t i = 0; i < tasks.size(); ++i)
        EXPECT_EQ(exists(tasks[i]), i >= tasks.size() - 10) << i;
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

TEST_F(HousekeepingTest, ATaskThatItsUserContinuesMeanwhileIsNotCanceled) {
    HousekeepingOptions options;
    options.cancel_paused_after = hours(1);
    const TaskId task = create("hello");
    end(task, TaskState::kInputRequired);
    ports.maintenance =
        std::make_shared<OvertakenMaintenance>(ports.maintenance, [&] { answer(task); });
    keep(options);
    loop.advance(minutes(61));
    EXPECT_EQ(state(task), TaskState::kSubmitted);
    loop.advance(hours(2));
    EXPECT_EQ(state(task), TaskState::kSubmitted);
}

TEST_F(HousekeepingTest, NorIsOneThatHeContinuesAtTheLastMoment) {
    HousekeepingOptions options;
    options.cancel_paused_after = hours(1);
    const TaskId task = create("hello");
    end(task, TaskState::kInputRequired);
    ports.emitter = std::make_shared<OvertakenEmitter>(ports.emitter, [&] { answer(task); });
    keep(options);
    loop.advance(minutes(61));
    EXPECT_EQ(state(task), TaskState::kSubmitted);
}

}  // namespace
}  // namespace a2akit
