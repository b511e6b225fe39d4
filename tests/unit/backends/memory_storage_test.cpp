#include "backends/memory/memory_storage.hpp"
#include "backends/memory/push_index.hpp"

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

TEST(PushIndexTest, NamesTheTasksWhoseTimeHasComeTheLongestDueFirst) {
    PushIndex index;
    const auto at = [](int seconds) { return Timestamp(std::chrono::seconds(seconds)); };
    const TaskId a = TaskId::generate();
    const TaskId b = TaskId::generate();
    index.look_at(a, at(20));
    index.look_at(b, at(10));
    EXPECT_TRUE(index.due(at(9)).empty());
    EXPECT_EQ(index.due(at(10)), std::vector{b});
    EXPECT_EQ(index.due(at(30)), (std::vector{b, a}));
    index.look_at(b, at(40));
    EXPECT_EQ(index.due(at(30)), std::vector{a});
    index.rest(a);
    EXPECT_TRUE(index.due(at(30)).empty());
    index.wake(a);
    EXPECT_EQ(index.due(at(0)), std::vector{a});
}

TEST_F(MemoryStorageTest, APushConfigurationIsDueWithTheEventItsRetryAndTheEndOfItsLease) {
    MemoryStorage storage(clock_, 0);
    const TaskId task = make_task(storage);
    NewPushConfig config;
    config.task = task;
    config.config.id = "c";
    ASSERT_TRUE(get(storage.put_config(kAlice, config)));
    const auto due = [&] { return get(storage.due_deliveries({})).value(); };
    EXPECT_TRUE(due().empty());
    complete(storage, task);
    auto found = due();
    ASSERT_EQ(found.size(), 1U);
    PushOutcome outcome;
    outcome.next = PushOutcome::Next::kRetry;
    outcome.delay = std::chrono::seconds(5);
    ASSERT_TRUE(get(storage.settle(found[0].config.key, found[0].lease, outcome)));
    clock_->advance(std::chrono::seconds(4));
    EXPECT_TRUE(due().empty());
    clock_->advance(std::chrono::seconds(1));
    ASSERT_EQ(due().size(), 1U);
    EXPECT_TRUE(due().empty());
    clock_->advance(std::chrono::seconds(30));
    EXPECT_EQ(due().size(), 1U) << "the lease is over";
}

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

// -- Bytes

TaskUpdate with_text(TaskState state, std::size_t bytes) {
    TaskUpdate update;
    update.id = WriteId::next();
    Message message;
    message.parts = {Part::from_text(std::string(bytes, 'x'))};
    update.status = TaskStatus{state, {}, {}};
    update.history.emplace_back(std::move(message));
    return update;
}

TaskUpdate with_artifact(std::size_t bytes) {
    TaskUpdate update;
    update.id = WriteId::next();
    ArtifactChunk chunk;
    Artifact artifact;
    artifact.parts = {Part::from_text(std::string(bytes, 'x'))};
    chunk.artifact = std::move(artifact);
    update.artifacts.push_back(std::move(chunk));
    return update;
}

class MemoryStorageBytesTest : public MemoryStorageTest {
protected:
    static constexpr std::size_t kMost = 100'000;

    Result<TaskId> store(const std::string& owner, std::size_t bytes) {
        const TaskId id = TaskId::generate();
        auto created = get(storage_.create(NewTask{id, "c", true}, OwnerScope{owner, "", false},
                                           with_text(TaskState::kSubmitted, bytes)));
        if (!created) return created.error();
        return id;
    }
    Result<Appended> add(TaskId task, TaskUpdate update) {
        return get(storage_.append(task, OwnerScope::everything(), std::move(update)));
    }
    void finish(TaskId task) {
        ASSERT_TRUE(add(task, with_text(TaskState::kCompleted, 1)));
        clock_->advance(Duration(1));
    }
    bool is_there(TaskId task) {
        return get(storage_.load(task, OwnerScope::everything(), 0, false)).has_value();
    }

    MemoryStorage storage_{clock_, 1000, kMost};
};

TEST_F(MemoryStorageBytesTest, AtTheCapTheOldestEndedTasksMakeRoom) {
    const TaskId first = *store("alice", 30'000);
    finish(first);
    const TaskId second = *store("alice", 30'000);
    finish(second);
    const TaskId third = *store("alice", 30'000);
    const auto fourth = store("bob", 30'000);
    ASSERT_TRUE(fourth);
    EXPECT_FALSE(is_there(first));
    EXPECT_TRUE(is_there(second));
    ASSERT_TRUE(add(third, with_artifact(15'000)));
    EXPECT_FALSE(is_there(second)) << "for what a task adds as well";
    EXPECT_TRUE(is_there(third));
    EXPECT_LE(storage_.stored_bytes(), static_cast<std::int64_t>(kMost));
}

TEST_F(MemoryStorageBytesTest, FullOfUnfinishedTasksItRefusesAndNamesATimeToRetry) {
    const TaskId alice = *store("alice", 40'000);
    ASSERT_TRUE(store("bob", 40'000));
    const auto refused = store("carol", 40'000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(refused.error().details->retry_after);
    ASSERT_TRUE(store("carol", 12'000));
    const auto more = add(alice, with_artifact(7'000));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(get(storage_.load(alice, OwnerScope::everything(), {}, true))->artifacts.size(), 0U);

    EXPECT_TRUE(add(alice, with_text(TaskState::kCompleted, 7'000))) << "a task can always end";
    EXPECT_TRUE(store("carol", 30'000));
    EXPECT_FALSE(is_there(alice));
}

TEST_F(MemoryStorageBytesTest, AFullStoreLeavesToItsCallerWhatMayBeRepeated) {
    const TaskId alice = *store("alice", 40'000);
    const TaskId bob = *store("bob", 40'000);
    ASSERT_TRUE(store("carol", 12'000));
    TaskUpdate more = with_artifact(7'000);
    NewTask fresh{TaskId::generate(), "c", true};
    TaskUpdate first = with_text(TaskState::kSubmitted, 7'000);
    const OwnerScope dave{"dave", "", false};
    ASSERT_FALSE(get(storage_.append_or_leave(alice, OwnerScope::everything(), more)));
    ASSERT_FALSE(get(storage_.create_or_leave(fresh, dave, first)));
    finish(bob);
    EXPECT_TRUE(get(storage_.append_or_leave(alice, OwnerScope::everything(), more)));
    EXPECT_TRUE(get(storage_.create_or_leave(fresh, dave, first)));
    const auto everything = OwnerScope::everything();
    EXPECT_EQ(get(storage_.load(alice, everything, {}, true))->artifacts.size(), 1U);
    EXPECT_EQ(get(storage_.load(fresh.id, everything, {}, true))->history.size(), 1U);
}

TEST_F(MemoryStorageBytesTest, OneOwnersUnfinishedTasksLeaveHalfOfItToTheOthers) {
    const TaskId paused = *store("alice", 30'000);
    ASSERT_TRUE(add(paused, with_text(TaskState::kInputRequired, 1)));
    const auto refused = store("alice", 30'000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_TRUE(refused.error().details->retry_after);
    const auto more = add(paused, with_artifact(30'000));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, ErrorCode::kResourceExhausted);
    EXPECT_TRUE(store("bob", 30'000));
    finish(paused);
    EXPECT_TRUE(store("alice", 30'000)) << "what has ended makes room when it is needed";
}

TEST_F(MemoryStorageBytesTest, AWriteThatWasAppliedIsRepeatedAlsoWhenThereIsNoRoom) {
    const TaskId task = *store("alice", 20'000);
    const TaskUpdate update = with_artifact(25'000);
    ASSERT_TRUE(add(task, update));
    const auto again = add(task, update);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->repeated);
}

TEST_F(MemoryStorageBytesTest, WhatIsCountedIsGivenBack) {
    for (int round = 0; round < 100; ++round) {
        const TaskId task = *store("alice", 1'000);
        TaskUpdate turn = with_text(TaskState::kSubmitted, 1'000);
        turn.turn = TurnInput{};
        turn.turn->message = turn.history.front();
        turn.checkpoint = RawJson(R"({"step":1})");
        ASSERT_TRUE(add(task, std::move(turn)));
        TaskUpdate later = with_artifact(3'000);
        later.checkpoint = RawJson(R"({"step":20})");
        later.metadata = RawJson("{}");
        ASSERT_TRUE(add(task, std::move(later)));
        ASSERT_TRUE(get(storage_.claim(WriteId::next(), task, 1, NodeId::generate(), Lease(1000))));
        if (round % 2 == 0)
            finish(task);
        else
            ASSERT_TRUE(add(task, with_text(TaskState::kInputRequired, 10)));
        if (round % 2 != 0) finish(task);
    }
    (void)get(storage_.compact(clock_->now(), 1000));
    EXPECT_GT(storage_.stored_bytes(), 0);
    EraseQuery everything;
    everything.keep_at_most = 0;
    everything.limit = 1000;
    EXPECT_TRUE(get(storage_.erase(everything)));
    EXPECT_EQ(storage_.stored_bytes(), 0);
    EXPECT_TRUE(store("alice", 40'000)) << "her share is hers again";
}

TEST_F(MemoryStorageTest, OneOwnerMayHaveHalfOfManyTasks) {
    MemoryStorage storage(clock_, 100);
    std::vector<TaskId> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(make_task(storage));
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    const auto create_for = [&](const OwnerScope& owner) {
        return get(storage.create(NewTask{TaskId::generate(), "c", true}, owner, update));
    };
    const auto refused = create_for(kAlice);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_TRUE(create_for(OwnerScope{"bob", "", false}));
    complete(storage, tasks.front());
    EXPECT_TRUE(create_for(kAlice));
}

TEST_F(MemoryStorageTest, AClockThatGoesBackIsNotFollowed) {
    MemoryStorage storage(clock_, 0);
    const Timestamp before = *get(storage.now());
    clock_->advance(Duration(-5000));
    EXPECT_EQ(*get(storage.now()), before);
}

}  // namespace
}  // namespace a2akit::backends
