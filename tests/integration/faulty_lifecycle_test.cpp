#include "integration/faulty_fixture.hpp"

namespace a2akit::faulty {
namespace {

TEST_P(FaultyLifecycleTest, EveryAcceptedTaskIsDoneOnceAndItsSenderAnswered) {
    worker_->when("work",
                  {Step::emit("one "), Step::yield(), Step::status("half"), Step::emit("two "),
                   Step::sleep(Duration(30)), Step::emit("three"), Step::complete()});
    const auto answers = send_all("work", true);
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status.state, TaskState::kCompleted);
        EXPECT_EQ(answer->text(), "one two three");
        expect_whole_log(answer->id);
    }
    EXPECT_EQ(stored_tasks(), kTasks) << "a repeated send makes no second task";
    EXPECT_EQ(worker_->overlaps(), 0U);
    EXPECT_EQ(worker_->running(), 0U);
    expect_faults({Fault::kStorageBefore, Fault::kStorageAfter, Fault::kStorageDelayed,
                   Fault::kBrokerDropped, Fault::kBrokerDuplicated, Fault::kBrokerDelayed,
                   Fault::kBusDropped, Fault::kBusDuplicated, Fault::kBusDelayed});
}

TEST_P(FaultyLifecycleTest, EveryAnswerToAQuestionStartsOneTurn) {
    worker_->when("book", {Step::request_input("where to?")})
        .when("Rome", {Step::complete("booked")});
    const auto asked = send_all("book", true);
    const auto ids = ids_of(asked);
    std::vector<std::optional<Task>> answers(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(asked[i]->status.state, TaskState::kInputRequired);
        SendCommand answer = command("Rome", "Rome" + std::to_string(i), ids[i]);
        clients_.spawn(send(manager(static_cast<int>(i) + 1), std::move(answer), answers[i]));
    }
    loop_.advance(kLongEnough);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        ASSERT_TRUE(answers[i]);
        EXPECT_EQ(answers[i]->status.state, TaskState::kCompleted);
        EXPECT_EQ(answers[i]->text(), "booked");
        EXPECT_EQ(stored(ids[i]).turn, 2U);
        expect_whole_log(ids[i]);
    }
    EXPECT_EQ(stored_tasks(), kTasks);
    EXPECT_EQ(worker_->overlaps(), 0U);
}

TEST_P(FaultyLifecycleTest, EveryCanceledTaskEndsAndItsHandlerHearsOfIt) {
    worker_->when("wait", {Step::emit("begun"), Step::until_cancelled()});
    const auto ids = ids_of(send_all("wait", false));
    for (int i = 0; i < 60 && worker_->running() < kTasks; ++i) loop_.advance(seconds(1));
    EXPECT_EQ(worker_->running(), static_cast<std::size_t>(kTasks));
    std::vector<std::optional<Task>> answers(ids.size());
    std::vector<Followed> followed(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        clients_.spawn(follow(manager(static_cast<int>(i)), ids[i], followed[i]));
        clients_.spawn(cancel(manager(static_cast<int>(i) + 1), ids[i], answers[i]));
    }
    loop_.advance(seconds(50));  // before the cancels would be forced
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(stored(ids[i]).status.state, TaskState::kCanceled);
        expect_whole_log(ids[i]);
        expect_every_event_once(followed[i], ids[i]);
    }
    EXPECT_EQ(worker_->running(), 0U);
    EXPECT_LE(worker_->overlaps(), take_overs());
    for (const auto& seen : worker_->seen()) EXPECT_TRUE(seen.cancelled || !seen.thrown.empty());
    expect_faults({Fault::kCancelDropped, Fault::kCancelDelayed});
}

TEST_P(FaultyLifecycleTest, EveryStreamCarriesEveryEventOnceInOrder) {
    testing::Script chunks;
    std::string text;
    for (int i = 0; i < 25; ++i) {
        chunks.push_back(Step::emit(std::to_string(i) + " "));
        if (i % 4 == 0) chunks.push_back(Step::sleep(Duration(20)));
        text += std::to_string(i) + " ";
    }
    chunks.insert(chunks.begin(), Step::wait_at("all follow"));
    chunks.push_back(Step::complete());
    worker_->when("stream", std::move(chunks));
    const auto ids = ids_of(send_all("stream", false));
    std::vector<Followed> followed(2 * ids.size());
    for (std::size_t i = 0; i < followed.size(); ++i) {
        clients_.spawn(follow(manager(static_cast<int>(i)), ids[i / 2], followed[i]));
    }
    loop_.advance(seconds(2));
    worker_->open("all follow");
    loop_.advance(kLongEnough);
    bool some_broke_off = false;
    for (std::size_t i = 0; i < followed.size(); ++i) {
        const TaskSnapshot task = stored(ids[i / 2]);
        EXPECT_EQ(task.status.state, TaskState::kCompleted);
        expect_whole_log(ids[i / 2]);
        expect_every_event_once(followed[i], ids[i / 2]);
        if (task.epoch == 1) {
            EXPECT_EQ(followed[i].text, text) << "one run, so its chunks are the text";
        }
        some_broke_off = some_broke_off || followed[i].broke_off;
    }
    EXPECT_TRUE(some_broke_off) << "resuming was not tested";
    EXPECT_LE(worker_->overlaps(), take_overs());
}

INSTANTIATE_TEST_SUITE_P(FaultyPorts, FaultyLifecycleTest, ::testing::ValuesIn(seeds()), seed_name);

}  // namespace
}  // namespace a2akit::faulty
