#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

using enum TaskState;

class DirectReplyTest : public TaskManagerTest {
protected:
    DirectReplyTest() : TaskManagerTest({.may_reply_directly = true}) {}
};

TEST_F(DirectReplyTest, ABlockingSendGetsTheMessage) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    EXPECT_FALSE(run.snapshot.revealed);
    EXPECT_FALSE(get(run.snapshot.id.to_string())) << "not visible yet";
    EXPECT_TRUE(write(run, direct_reply("hi")));
    ASSERT_TRUE(sent.done());
    EXPECT_EQ(std::get<Message>(sent.value()->payload).text(), "hi");
    EXPECT_FALSE(get(run.snapshot.id.to_string())) << "not visible afterwards";
}

TEST_F(DirectReplyTest, ATaskThatWasRevealedIsTheAnswer) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    TaskUpdate update = status(kCompleted, "done");
    update.reveal = true;
    EXPECT_TRUE(write(run, std::move(update)));
    ASSERT_TRUE(sent.done());
    EXPECT_EQ(task_of(sent.value()).status.state, kCompleted);
    EXPECT_TRUE(get(run.snapshot.id.to_string()));
}

TEST_F(DirectReplyTest, ReturnImmediatelyReveals) {
    const std::string id = accept();
    EXPECT_TRUE(get(id));
    const ClaimedRun run = claim();
    const auto refused = write(run, direct_reply("hi"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kRevealed);
}

TEST_F(DirectReplyTest, AClientThatLeavesRevealsNothing) {
    ClientPresence client;
    auto sent = send_for(client);
    const ClaimedRun run = claim();
    client.leave();
    loop_.run_ready();
    EXPECT_TRUE(sent.done());
    EXPECT_FALSE(get(run.snapshot.id.to_string()));
    EXPECT_TRUE(write(run, direct_reply("hi")));
}

TEST_F(DirectReplyTest, ADrainReveals) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    manager_.drain();
    loop_.run_ready();
    ASSERT_TRUE(sent.done());
    EXPECT_EQ(task_of(sent.value()).status.state, kWorking);
    EXPECT_TRUE(get(run.snapshot.id.to_string()));
}

TEST_F(DirectReplyTest, AStreamIsExactlyOneMessage) {
    Pending<Result<std::unique_ptr<EventStream>>> opening(
        group_, manager_.send_streaming(command(message_of("hello"))));
    loop_.run_ready();
    const ClaimedRun run = claim();
    loop_.run_ready();
    EXPECT_FALSE(opening.done()) << "nobody knows yet whether it is a Task";
    EXPECT_TRUE(write(run, direct_reply("hi")));
    ASSERT_TRUE(opening.done());
    const auto batch = next(**opening.value());
    EXPECT_EQ(seen(batch), Words{"message:hi"});
    EXPECT_EQ(batch.end, EventStream::End::kFinished);
}

TEST_F(DirectReplyTest, AStreamRevealsTheTaskAfterASecond) {
    Pending<Result<std::unique_ptr<EventStream>>> opening(
        group_, manager_.send_streaming(command(message_of("hello"))));
    loop_.run_ready();
    const ClaimedRun run = claim();
    loop_.advance(std::chrono::milliseconds(900));
    EXPECT_FALSE(opening.done());
    loop_.advance(std::chrono::milliseconds(200));
    ASSERT_TRUE(opening.done());
    EventStream& stream = **opening.value();
    EXPECT_EQ(seen(next(stream)), Words{"task:WORKING"});
    EXPECT_EQ(write(run, direct_reply("hi")).error().code, ErrorCode::kRevealed);
    end(run, kCompleted);
    EXPECT_EQ(seen(next(stream)), Words{"COMPLETED"});
}

TEST_F(DirectReplyTest, ARepeatGetsTheMessageToo) {
    const SendMessageRequest request = message_of("hello");
    auto first = send(command(request, "key"));
    auto second = send(command(request, "key"));
    EXPECT_TRUE(write(claim(), direct_reply("hi")));
    ASSERT_TRUE(first.done() && second.done());
    EXPECT_EQ(std::get<Message>(second.value()->payload).text(), "hi");
    const auto batch = next(*stream(command(request, "key")));
    EXPECT_EQ(seen(batch), Words{"message:hi"});
}

}  // namespace
}  // namespace a2akit
