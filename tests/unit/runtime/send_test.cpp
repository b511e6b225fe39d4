#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

using std::chrono::seconds;
using enum TaskState;

using SendTest = TaskManagerTest;

TEST_F(SendTest, ABlockingSendAnswersWhenItsTurnHasEnded) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    EXPECT_EQ(run.input.message->text(), "hello");
    EXPECT_FALSE(sent.done());
    EXPECT_TRUE(write(run, chunk("hi", false)));
    EXPECT_FALSE(sent.done());
    end(run, kCompleted);
    ASSERT_TRUE(sent.done());
    const Task& task = task_of(sent.value());
    EXPECT_EQ(task.status.state, kCompleted);
    EXPECT_EQ(task.text(), "hi");
    EXPECT_EQ(task.id, run.snapshot.id.to_string());
}

TEST_F(SendTest, ATailCheckThatCameBeforeTheTaskWasMadeEndsNoWait) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    ports_.event_bus->wake_local(Wake{run.snapshot.id, 0, 0, false}, true);
    loop_.run_ready();
    EXPECT_FALSE(sent.done());
    end(run, kCompleted);
    ASSERT_TRUE(sent.done());
    EXPECT_EQ(task_of(sent.value()).status.state, kCompleted);
}

TEST_F(SendTest, TheMessageCarriesTheIdsItWasGiven) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    EXPECT_EQ(run.input.message->task_id, run.snapshot.id.to_string());
    EXPECT_EQ(run.input.message->context_id, run.snapshot.context_id);
    EXPECT_FALSE(run.snapshot.context_id.empty());
    EXPECT_EQ(run.snapshot.history.size(), 1U);
    end(run, kCompleted);
    EXPECT_EQ(task_of(sent.value()).context_id, run.snapshot.context_id);
}

TEST_F(SendTest, TheTasksThatAMessageRefersToArePassedOn) {
    const std::string earlier = accept("earlier");
    end(claim(), kCompleted);
    SendMessageRequest request = message_of("and now?");
    request.message.reference_task_ids = {earlier};
    auto sent = send(command(std::move(request)));
    const ClaimedRun run = claim();
    EXPECT_EQ(run.input.message->reference_task_ids, std::vector<std::string>{earlier});
    end(run, kCompleted);
    EXPECT_TRUE(sent.value());
}

TEST_F(SendTest, AReferenceToSomebodyElsesTaskIsRefusedLikeOneToAnUnknownTask) {
    const std::string mine = accept();
    const std::string unknown = TaskId::generate().to_string();
    const auto refused = [&](const std::string& id, const std::string& task) {
        SendMessageRequest request = message_of("and now?");
        request.message.task_id = task;
        request.message.reference_task_ids = {mine, id};
        SendCommand made = command(std::move(request));
        auto sent = send(std::move(made));
        return sent.done() && !sent.value() ? sent.value().error() : Error{};
    };
    SendMessageRequest of_bob = message_of("secret");
    of_bob.configuration.emplace().return_immediately = true;
    SendCommand made = command(std::move(of_bob));
    made.scope = kBob;
    const std::string theirs = std::get<Task>(send_now(std::move(made)).value().payload).id;
    for (const std::string& task : {std::string(), mine}) {
        const Error foreign = refused(theirs, task);
        EXPECT_EQ(foreign.code, ErrorCode::kTaskNotFound);
        EXPECT_EQ(foreign.message, refused(unknown, task).message);
        EXPECT_EQ(refused(unknown, task).code, ErrorCode::kTaskNotFound);
        EXPECT_EQ(refused("no uuid", task).code, ErrorCode::kTaskNotFound);
    }
    EXPECT_EQ(get(mine).value().history.size(), 1U) << "a refused message has no effect";
    SendMessageRequest request = message_of("and now?");
    request.message.reference_task_ids = {theirs};
    const auto stream = loop_.await(manager_.send_streaming(command(std::move(request))));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code, ErrorCode::kTaskNotFound);
}

TEST_F(SendTest, TheContextOfTheClientIsKept) {
    SendMessageRequest request = message_of("hello");
    request.message.context_id = "my conversation";
    auto sent = send(command(std::move(request)));
    end(claim(), kCompleted);
    EXPECT_EQ(task_of(sent.value()).context_id, "my conversation");
}

TEST_F(SendTest, TheTurnCarriesWhatTheHandlerNeeds) {
    SendMessageRequest request = message_of("hello");
    request.metadata = RawJson("{\"k\":1}");
    request.configuration.emplace().accepted_output_modes = {"text/html"};
    SendCommand made = command(std::move(request));
    made.extensions = {"https://example.com/x"};
    RequestContext context;
    context.request_id = "r1";
    made.context = std::make_shared<const RequestContext>(std::move(context));
    auto sent = send(std::move(made));
    const ClaimedRun run = claim();
    EXPECT_EQ(run.input.metadata.text(), "{\"k\":1}");
    EXPECT_EQ(run.input.accepted_output_modes, Words{"text/html"});
    EXPECT_EQ(run.input.extensions, Words{"https://example.com/x"});
    ASSERT_TRUE(run.input.context);
    EXPECT_EQ(run.input.context->request_id, "r1");
    end(run, kCompleted);
}

TEST_F(SendTest, EveryInterruptedStateAnswersToo) {
    for (const TaskState state : {kInputRequired, kAuthRequired, kFailed, kRejected, kCanceled}) {
        auto sent = send("hello");
        end(claim(), state);
        ASSERT_TRUE(sent.done()) << to_string(state);
        EXPECT_EQ(task_of(sent.value()).status.state, state);
    }
}

TEST_F(SendTest, ReturnImmediatelyDoesNotWait) {
    SendMessageRequest request = message_of("hello");
    request.configuration.emplace().return_immediately = true;
    const auto sent = send_now(command(std::move(request)));
    EXPECT_EQ(task_of(sent).status.state, kSubmitted);
    EXPECT_EQ(task_of(sent).history.size(), 1U);
    end(claim(), kCompleted);
}

TEST_F(SendTest, HistoryLengthLimitsTheAnswer) {
    SendMessageRequest request = message_of("hello");
    request.configuration.emplace().history_length = 0;
    auto sent = send(command(std::move(request)));
    end(claim(), kCompleted);
    EXPECT_TRUE(task_of(sent.value()).history.empty());
}

TEST_F(SendTest, AFollowUpWaitsForItsOwnTurn) {
    auto first = send("book a flight");
    const ClaimedRun asking = claim();
    end(asking, kInputRequired, "where to?");
    auto second = send(command(follow_up(task_of(first.value()).id, "Rome")));
    EXPECT_FALSE(second.done()) << "the pause before must not answer it";
    const ClaimedRun answering = claim();
    EXPECT_EQ(answering.snapshot.turn, 2U);
    EXPECT_FALSE(second.done());
    end(answering, kCompleted);
    ASSERT_TRUE(second.done());
    EXPECT_EQ(task_of(second.value()).status.state, kCompleted);
}

TEST_F(SendTest, TheQuestionStandsInTheHistoryBeforeItsAnswer) {
    auto first = send("book a flight");
    end(claim(), kInputRequired, "where to?");
    auto second = send(command(follow_up(task_of(first.value()).id, "Rome")));
    const ClaimedRun run = claim();
    Words texts;
    for (const auto& message : run.snapshot.history) texts.push_back(message->text());
    EXPECT_EQ(texts, (Words{"book a flight", "where to?", "Rome"}));
    EXPECT_EQ(run.input.message->context_id, run.snapshot.context_id);
    end(run, kCompleted);
}

TEST_F(SendTest, AFollowUpBeforeTheHandlerHasReturnedIsRunAfterIt) {
    auto first = send("book a flight");
    const ClaimedRun asking = claim();
    EXPECT_TRUE(write(asking, status(kInputRequired)));
    ASSERT_TRUE(first.done());
    auto second = send(command(follow_up(task_of(first.value()).id, "Rome")));
    const auto due = loop_.await(
        ports_.storage->release(asking.snapshot.id, asking.epoch, Release::kPaused, clock_->now()));
    ASSERT_TRUE(due && *due);
    const RunOperation operation{asking.snapshot.id, **due};
    EXPECT_TRUE(loop_.await(ports_.broker->enqueue(operation, std::nullopt)));
    EXPECT_FALSE(second.done());
    end(claim(), kCompleted);
    EXPECT_TRUE(second.done());
}

TEST_F(SendTest, ARunningTaskTakesNoFollowUp) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    const auto refused = send_now(command(follow_up(run.snapshot.id.to_string(), "and?")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupportedOperation);
    EXPECT_NE(refused.error().message.find("TASK_STATE_WORKING"), std::string::npos);
    end(run, kCompleted);
    const auto late = send_now(command(follow_up(run.snapshot.id.to_string(), "and?")));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::kUnsupportedOperation);
    EXPECT_NE(late.error().message.find("TASK_STATE_COMPLETED"), std::string::npos);
}

TEST_F(SendTest, AFollowUpUnderAnotherContextIsRefused) {
    auto sent = send("hello");
    end(claim(), kInputRequired);
    SendMessageRequest request = follow_up(task_of(sent.value()).id, "and?");
    request.message.context_id = "another";
    const auto refused = send_now(command(std::move(request)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
}

TEST_F(SendTest, AnUnknownTaskIsNotFound) {
    for (const std::string& id : {std::string("no uuid"), TaskId::generate().to_string()}) {
        const auto refused = send_now(command(follow_up(id, "and?")));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kTaskNotFound) << id;
    }
}

TEST_F(SendTest, SomebodyElsesTaskIsNotFoundByAFollowUp) {
    auto sent = send("hello");
    end(claim(), kInputRequired);
    SendCommand made = command(follow_up(task_of(sent.value()).id, "and?"));
    made.scope = kBob;
    const auto refused = send_now(std::move(made));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kTaskNotFound);
}

TEST_F(SendTest, OfTwoFollowUpsOneIsTaken) {
    auto sent = send("hello");
    end(claim(), kInputRequired);
    auto one = send(command(follow_up(task_of(sent.value()).id, "one")));
    auto two = send(command(follow_up(task_of(sent.value()).id, "two")));
    ASSERT_TRUE(two.done());
    EXPECT_EQ(two.value().error().code, ErrorCode::kUnsupportedOperation);
    end(claim(), kCompleted);
    EXPECT_TRUE(one.done() && one.value());
}

// -- Timeout and drain

class BlockingTimeoutTest : public TaskManagerTest {
protected:
    BlockingTimeoutTest() : TaskManagerTest({.blocking_timeout = seconds(30)}) {}
};

TEST_F(BlockingTimeoutTest, AnswersWithTheTaskAsItStands) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    loop_.advance(seconds(29));
    EXPECT_FALSE(sent.done());
    loop_.advance(seconds(2));
    ASSERT_TRUE(sent.done());
    EXPECT_EQ(task_of(sent.value()).status.state, kWorking);
}

TEST_F(SendTest, WithoutATimeoutASendWaitsForHours) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    for (int i = 0; i < 24; ++i) {
        loop_.advance(std::chrono::hours(1));
        EXPECT_TRUE(loop_.await(ports_.storage->renew(node_, kLease)));
    }
    EXPECT_FALSE(sent.done());
    end(run, kCompleted);
    EXPECT_TRUE(sent.done());
}

TEST_F(SendTest, ADrainAnswersWithTheTaskAsItStandsAndTakesNoMore) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    manager_.drain();
    loop_.run_ready();
    ASSERT_TRUE(sent.done());
    EXPECT_EQ(task_of(sent.value()).status.state, kWorking);
    const auto refused = send_now(command(message_of("more")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(refused.error().message, "the server is stopping; try again");
    EXPECT_TRUE(refused.error().details->retry_after);
}

TEST_F(SendTest, AClientThatLeavesIsWaitedForNoLonger) {
    ClientPresence client;
    auto sent = send_for(client);
    const ClaimedRun run = claim();
    EXPECT_FALSE(sent.done());
    client.leave();
    loop_.run_ready();
    EXPECT_TRUE(sent.done());
    end(run, kCompleted);
    EXPECT_EQ(get(run.snapshot.id.to_string())->status.state, kCompleted)
        << "the connection is not the task";
}

TEST_F(SendTest, AClientThatLeftBeforeItsTaskBeganLeavesTheTask) {
    ClientPresence client;
    client.leave();
    auto sent = send_for(client);
    ASSERT_TRUE(sent.done());
    end(claim(), kCompleted);
}

TEST_F(SendTest, ASendIsAcceptedWhenItsMessageIsStored) {
    ClientPresence client;
    SendCommand made = command(message_of("book a flight"), "key");
    made.client = &client;
    made.extensions = {"https://example.com/x"};
    const SendCommand repeat = made;
    EXPECT_FALSE(client.accepted());
    auto first = send(std::move(made));
    EXPECT_FALSE(first.done());
    EXPECT_TRUE(client.accepted());
    EXPECT_EQ(client.extensions(), Words{"https://example.com/x"});

    client.next_request();
    EXPECT_FALSE(client.accepted());
    auto joined = send(repeat);
    EXPECT_TRUE(client.accepted()) << "a repeat joins what is stored";
    end(claim(), kInputRequired, "where to?");
    const std::string task = task_of(first.value()).id;

    client.next_request();
    SendCommand second = command(follow_up(task, "Rome"));
    second.client = &client;
    auto sent = send(std::move(second));
    EXPECT_TRUE(client.accepted());
    end(claim(), kCompleted);

    client.next_request();
    SendCommand late = command(follow_up(task, "Paris"));
    late.client = &client;
    EXPECT_FALSE(send_now(std::move(late)));
    EXPECT_FALSE(client.accepted()) << "what is refused was never accepted";
}

class UnansweredTest : public TaskManagerTest {
protected:
    UnansweredTest() : UnansweredTest(std::make_shared<UnansweredSends>()) {}
    explicit UnansweredTest(std::shared_ptr<UnansweredSends> sends)
        : TaskManagerTest({.unanswered = sends}), sends_(std::move(sends)) {}
    SendCommand without_waiting(SendMessageRequest request) {
        request.configuration.emplace().return_immediately = true;
        SendCommand made = command(std::move(request));
        made.client = &client_;
        return made;
    }
    std::shared_ptr<UnansweredSends> sends_;
    ClientPresence client_;
};

TEST_F(UnansweredTest, ASendThatDoesNotWaitIsUnansweredUntilItsConnectionSaysSo) {
    const auto sent = send_now(without_waiting(message_of("book a flight")));
    EXPECT_TRUE(sends_->any());
    client_.answered();
    EXPECT_FALSE(sends_->any());
    end(claim(), kInputRequired, "where to?");
    EXPECT_TRUE(send_now(without_waiting(follow_up(task_of(sent).id, "Rome"))));
    EXPECT_TRUE(sends_->any());
    client_.next_request();
    EXPECT_FALSE(sends_->any());
    end(claim(), kCompleted);
}

TEST_F(UnansweredTest, OtherSendsHoldNothingUp) {
    accept("in process");
    EXPECT_FALSE(sends_->any()) << "its caller has the answer";
    end(claim(), kCompleted);
    auto waiting = send_for(client_);
    EXPECT_FALSE(sends_->any());
    end(claim(), kCompleted);
    EXPECT_TRUE(waiting.done());
}

}  // namespace
}  // namespace a2akit
