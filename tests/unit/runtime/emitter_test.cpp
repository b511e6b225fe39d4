#include "runtime/emitters/storage_event_emitter.hpp"
#include "unit/runtime/scripted_storage.hpp"

#include <a2akit/emitter/hookable_emitter.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace a2akit {
namespace {

using testing::ManualLoop;

class ListeningBus final : public EventBus {
public:
    std::vector<Wake> wakes;
    std::vector<Wake> local_wakes;
    bool broken = false;

    AsyncResult<void> start() override { return Result<void>(); }
    AsyncResult<void> stop(SteadyTime) override { return Result<void>(); }
    AsyncResult<void> check() override { return Result<void>(); }
    AsyncResult<void> publish(Wake wake) override {
        wakes.push_back(wake);
        if (broken) return Result<void>(fail(ErrorCode::kUnavailable, "no bus"));
        return Result<void>();
    }
    AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId, Interest) override {
        return Error{ErrorCode::kInternal, "not in this test", nullptr};
    }
    [[nodiscard]] std::vector<TaskId> watched() const override { return {}; }
    void wake_local(Wake wake, bool) override { local_wakes.push_back(wake); }
};

Error lost() { return Error{ErrorCode::kUnavailable, "the answer was lost", nullptr}; }

Appended appended(TaskState before, TaskState after) {
    Appended value;
    value.task = TaskId::generate();
    value.turn = 1;
    value.first = 2;
    value.last = 3;
    value.before = before;
    value.after = after;
    value.turn_ended = is_terminal(after);
    return value;
}

class StorageEventEmitterTest : public ::testing::Test {
protected:
    Result<Appended> append() {
        TaskUpdate update;
        update.id = WriteId::next();
        return loop.await(
            emitter.append(TaskId::generate(), OwnerScope::everything(), std::move(update)));
    }
    Result<Created> create() {
        TaskUpdate update;
        update.id = WriteId::next();
        return loop.await(emitter.create(NewTask{TaskId::generate(), "c", true}, OwnerScope{},
                                         std::move(update)));
    }

    ManualLoop loop;
    std::shared_ptr<ScriptedStorage> storage = std::make_shared<ScriptedStorage>();
    std::shared_ptr<ListeningBus> bus = std::make_shared<ListeningBus>();
    StorageEventEmitter emitter{storage, bus};
};

TEST_F(StorageEventEmitterTest, WakesWithWhatStorageSays) {
    const Appended answer = appended(TaskState::kWorking, TaskState::kCompleted);
    storage->append_answers.push_back(answer);
    ASSERT_TRUE(append());
    ASSERT_EQ(bus->wakes.size(), 1U);
    EXPECT_EQ(bus->wakes[0].task, answer.task);
    EXPECT_EQ(bus->wakes[0].last, 3U);
    EXPECT_TRUE(bus->wakes[0].turn_ended);
}

TEST_F(StorageEventEmitterTest, ARefusedWriteWakesNobody) {
    storage->append_answers.push_back(Error{ErrorCode::kTaskTerminal, "over", nullptr});
    const auto answer = append();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kTaskTerminal);
    EXPECT_TRUE(bus->wakes.empty());
    EXPECT_EQ(storage->writes.size(), 1U);
}

TEST_F(StorageEventEmitterTest, RepeatsALostAnswerUnderTheSameWriteId) {
    storage->append_answers.push_back(lost());
    storage->append_answers.push_back(lost());
    Appended answer = appended(TaskState::kWorking, TaskState::kCompleted);
    answer.repeated = true;
    storage->append_answers.push_back(answer);
    const SteadyTime before = loop.now();
    ASSERT_TRUE(append());
    ASSERT_EQ(storage->writes.size(), 3U);
    EXPECT_EQ(storage->writes[0], storage->writes[1]);
    EXPECT_EQ(storage->writes[0], storage->writes[2]);
    EXPECT_EQ(bus->wakes.size(), 1U);
    EXPECT_GE(loop.now() - before, retry_delay(1) + retry_delay(2));
}

TEST_F(StorageEventEmitterTest, GivesUpAfterItsTries) {
    for (int i = 0; i < 10; ++i) storage->append_answers.push_back(lost());
    const auto answer = append();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(storage->writes.size(), static_cast<std::size_t>(StorageEventEmitter::kTries));
}

TEST_F(StorageEventEmitterTest, ABrokenBusFailsNoWrite) {
    bus->broken = true;
    storage->append_answers.push_back(appended(TaskState::kWorking, TaskState::kCompleted));
    EXPECT_TRUE(append());
}

TEST_F(StorageEventEmitterTest, AFullStoreIsNotAskedAgain) {
    storage->create_answers.push_back(Error::unavailable("the store is full", Duration(1000)));
    const auto answer = create();
    ASSERT_FALSE(answer);
    EXPECT_EQ(storage->writes.size(), 1U);
}

TEST_F(StorageEventEmitterTest, ACreateWhoseAnswerWasLostIsRepeated) {
    storage->create_answers.push_back(lost());
    Created created;
    created.appended = appended(TaskState::kUnspecified, TaskState::kSubmitted);
    storage->create_answers.push_back(created);
    ASSERT_TRUE(create());
    ASSERT_EQ(storage->writes.size(), 2U);
    EXPECT_EQ(storage->writes[0], storage->writes[1]);
    EXPECT_EQ(bus->local_wakes.size(), 1U);
}

TEST_F(StorageEventEmitterTest, ANewTaskIsToldToNoOtherNode) {
    Created created;
    created.appended = appended(TaskState::kUnspecified, TaskState::kSubmitted);
    storage->create_answers.push_back(created);
    ASSERT_TRUE(create());
    EXPECT_TRUE(bus->wakes.empty());
    ASSERT_EQ(bus->local_wakes.size(), 1U);
    EXPECT_EQ(bus->local_wakes[0].task, created.appended.task);
}

class NotingHooks final : public LifecycleHooks {
public:
    std::vector<std::string> notes;
    std::string context_id;
    bool throws = false;

    Async<void> on_state_change(StateChange change) override {
        context_id = change.context_id;
        return note("change");
    }
    Async<void> on_working(StateChange) override { return note("working"); }
    Async<void> on_turn_end(StateChange) override { return note("turn end"); }
    Async<void> on_terminal(StateChange) override { return note("terminal"); }

private:
    Async<void> note(const char* what) {
        notes.emplace_back(what);
        if (throws) throw std::runtime_error("a hook that throws");
        co_return;
    }
};

class HookableEmitterTest : public StorageEventEmitterTest {
protected:
    Result<Appended> append_with_hooks(Appended answer) {
        storage->append_answers.push_back(std::move(answer));
        HookableEmitter hookable(std::make_shared<StorageEventEmitter>(storage, bus), hooks);
        TaskUpdate update;
        update.id = WriteId::next();
        update.context_id = "the context";
        return loop.await(
            hookable.append(TaskId::generate(), OwnerScope::everything(), std::move(update)));
    }
    using Notes = std::vector<std::string>;
    std::shared_ptr<NotingHooks> hooks = std::make_shared<NotingHooks>();
};

TEST_F(HookableEmitterTest, CallsTheGeneralHookFirst) {
    ASSERT_TRUE(append_with_hooks(appended(TaskState::kSubmitted, TaskState::kWorking)));
    EXPECT_EQ(hooks->notes, (Notes{"change", "working"}));
    EXPECT_EQ(hooks->context_id, "the context");
}

TEST_F(HookableEmitterTest, ATerminalStateEndsTheTurnAndTheTask) {
    ASSERT_TRUE(append_with_hooks(appended(TaskState::kWorking, TaskState::kFailed)));
    EXPECT_EQ(hooks->notes, (Notes{"change", "turn end", "terminal"}));
}

TEST_F(HookableEmitterTest, APauseEndsOnlyTheTurn) {
    ASSERT_TRUE(append_with_hooks(appended(TaskState::kWorking, TaskState::kInputRequired)));
    EXPECT_EQ(hooks->notes, (Notes{"change", "turn end"}));
}

TEST_F(HookableEmitterTest, NoChangeOfStateCallsNone) {
    ASSERT_TRUE(append_with_hooks(appended(TaskState::kWorking, TaskState::kWorking)));
    EXPECT_TRUE(hooks->notes.empty());
}

TEST_F(HookableEmitterTest, ARepeatedWriteCallsNone) {
    Appended answer = appended(TaskState::kWorking, TaskState::kCompleted);
    answer.repeated = true;
    ASSERT_TRUE(append_with_hooks(answer));
    EXPECT_TRUE(hooks->notes.empty());
}

TEST_F(HookableEmitterTest, AHookThatThrowsChangesNothing) {
    hooks->throws = true;
    EXPECT_TRUE(append_with_hooks(appended(TaskState::kWorking, TaskState::kCompleted)));
    EXPECT_EQ(hooks->notes, (Notes{"change", "turn end", "terminal"}));
}

TEST_F(HookableEmitterTest, AClaimIsAnnouncedToTheHooks) {
    HookableEmitter hookable(std::make_shared<StorageEventEmitter>(storage, bus), hooks);
    ASSERT_TRUE(
        loop.await(hookable.announce(appended(TaskState::kSubmitted, TaskState::kWorking), "c")));
    EXPECT_EQ(hooks->notes, (Notes{"change", "working"}));
    EXPECT_EQ(hooks->context_id, "c");
    EXPECT_EQ(bus->wakes.size(), 1U);
}

}  // namespace
}  // namespace a2akit
